"""The pods of one workload, read fresh, in the few fields that tell old ones from new ones and where they run. The pods
of a node are in node_pods."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.actions.eci.owner import OwnerNow, decoded
from core.analysis.applications import Application
from core.clients.kubernetes import Reader
from core.kube.kinds import BY_NAME

PAGE_SIZE = 500
VIRTUAL = "type=virtual-kubelet"
ENDED = ("Succeeded", "Failed")
_WORDS = {"In": "in", "NotIn": "notin"}


class _Reference(msgspec.Struct, rename="camel"):
    uid: str = ""
    controller: bool | None = None


class _Meta(msgspec.Struct, rename="camel"):
    name: str = ""
    uid: str = ""
    annotations: dict[str, str] | None = None
    deletion_timestamp: str | None = None
    owner_references: list[_Reference] | None = None


class _Spec(msgspec.Struct, rename="camel"):
    node_name: str | None = None


class _Status(msgspec.Struct):
    phase: str | None = None


class PodNow(msgspec.Struct):
    """One pod as it is now."""

    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def node(self) -> str | None:
        return self.spec.node_name

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.annotations or {}

    @property
    def controller(self) -> str:
        """The UID of its controller; "" where it has none."""
        return next((one.uid for one in self.metadata.owner_references or () if one.controller), "")

    @property
    def stays(self) -> bool:
        """It has neither ended nor is it going."""
        return self.metadata.deletion_timestamp is None and self.status.phase not in ENDED


class _Name(msgspec.Struct):
    metadata: _Meta


class _PageMeta(msgspec.Struct):
    continue_: str | None = msgspec.field(default=None, name="continue")


class _Page(msgspec.Struct):
    items: list[PodNow] | None = None
    metadata: _PageMeta = msgspec.field(default_factory=_PageMeta)


class _Names(msgspec.Struct):
    items: list[_Name] | None = None


async def pods_of(reader: Reader, owner: Application, now: OwnerNow) -> list[PodNow]:
    """The pods that its selector finds and that belong to it, by way of its ReplicaSets where it has such."""
    selector = selector_text(now.spec.get("selector") or {})
    uids = {now.uid}
    if owner.kind == "Deployment":
        body = await reader.get(BY_NAME["ReplicaSet"].list_path(owner.namespace), labelSelector=selector)
        sets = decoded(body, _Names, str(owner)).items or ()
        uids |= {
            one.metadata.uid for one in sets if any(up.uid == now.uid for up in one.metadata.owner_references or ())
        }
    return [pod for pod in await _listed(reader, owner.namespace, selector) if pod.controller in uids]


async def controlled_by(reader: Reader, namespace: str, uid: str) -> list[PodNow]:
    """The pods of a namespace with this controller."""
    return [pod for pod in await _listed(reader, namespace, "") if pod.controller == uid]


async def _listed(reader: Reader, namespace: str, selector: str) -> list[PodNow]:
    path, token, found = BY_NAME["Pod"].list_path(namespace), "", list[PodNow]()
    while True:
        body = await reader.get(path, labelSelector=selector or None, limit=PAGE_SIZE, continue_=token)
        page = decoded(body, _Page, f"the pods of {namespace}")
        found += page.items or ()
        token = page.metadata.continue_ or ""
        if not token:
            return found


async def virtual_nodes(reader: Reader) -> set[str]:
    """The names of the virtual nodes."""
    body = await reader.get(BY_NAME["Node"].list_path(), labelSelector=VIRTUAL)
    return {one.metadata.name for one in decoded(body, _Names, "nodes").items or ()}


def selector_text(selector: Mapping[str, Any]) -> str:
    """A label selector as a query has it."""
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    return ",".join([*terms, *(_term(rule) for rule in selector.get("matchExpressions") or ())])


def _term(rule: Mapping[str, Any]) -> str:
    key, operator = rule.get("key"), rule.get("operator")
    if operator in ("Exists", "DoesNotExist"):
        return f"{'!' if operator == 'DoesNotExist' else ''}{key}"
    values: Sequence[str] = rule.get("values") or ()
    return f"{key} {_WORDS.get(str(operator), 'in')} ({','.join(values)})"
