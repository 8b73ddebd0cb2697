"""What a person applies with kubectl: patches of requests, and VPAs that only recommend. What they should say is worked
out in core/analysis; nothing here is sent anywhere."""

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.analysis.applications import Application
from core.analysis.checks import NO_VPA, Finding
from core.analysis.rightsizing import Sizing
from core.cluster.snapshot import Snapshot
from core.kube import kinds
from core.kube.workloads import Workload

STRATEGIC, JSON = "strategic", "json"
_STRATEGIC = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob")
"""Kinds whose containers the API server merges by name."""
_VPA = "VerticalPodAutoscaler"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Patch:
    """The requests of one workload that change. `type`: how the API server merges `body`."""

    application: Application
    type: str
    body: Document | list[Document]

    @property
    def kubectl(self) -> str:
        """The command that applies it, in one line."""
        text = json.dumps(self.body, separators=(",", ":"))
        return f"{self.head} -p {shlex.quote(text)}"

    @property
    def head(self) -> str:
        """The command without what it applies."""
        plural = kinds.BY_NAME[self.application.kind].plural
        words = [f"{plural}.{kinds.BY_NAME[self.application.kind].group}", self.application.name]
        where = ["--namespace", self.application.namespace, "--type", self.type]
        return shlex.join(["kubectl", "patch", *words, *where])


def patches(snapshot: Snapshot, items: Iterable[Sizing]) -> list[Patch]:
    """One patch a workload. What the server would replace as a whole (custom resources) is patched field by field, and
    only while the container is where it was; what can't be patched is left out."""
    by_application: dict[Application, list[Sizing]] = {}
    for one in items:
        if one.wanted:
            by_application.setdefault(one.application, []).append(one)
    made = (_patch(snapshot, application, each) for application, each in by_application.items())
    return [one for one in made if one is not None]


def _patch(snapshot: Snapshot, application: Application, items: list[Sizing]) -> Patch | None:
    if snapshot.has(application.kind) and application.key not in snapshot.table(application.kind):
        return None  # its pods name an owner that is gone
    if application.kind in _STRATEGIC:
        return Patch(application, STRATEGIC, _merged(application, items))
    workload = snapshot.table(application.kind).get(application.key)
    steps = [step for one in items for step in _steps(workload, one)] if isinstance(workload, Workload) else []
    return Patch(application, JSON, steps) if steps else None


def _merged(application: Application, items: list[Sizing]) -> Document:
    rows = [{"name": one.container, "resources": {"requests": _requests(one)}} for one in items]
    spec: Document = {"template": {"spec": {"containers": rows}}}
    if application.kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    meta = {"namespace": application.namespace, "name": application.name}
    return {"apiVersion": _version(application.kind), "kind": application.kind, "metadata": meta, "spec": spec}


def _steps(workload: Workload, one: Sizing) -> Iterator[Document]:
    """JSON patch (RFC 6902); nothing for a container that the template doesn't have."""
    shape = workload.template.shape if workload.template is not None else None
    names = [each.name for each in shape.containers if not each.init] if shape is not None else []
    if shape is None or one.container not in names:
        return
    index = names.index(one.container)
    declared = shape.resources.containers[index].declared
    path = f"/spec/template/spec/containers/{index}"
    yield {"op": "test", "path": f"{path}/name", "value": one.container}
    if declared.requests:
        for name, amount in _requests(one).items():
            yield {"op": "add", "path": f"{path}/resources/requests/{name}", "value": amount}
    elif declared.limits:
        yield {"op": "add", "path": f"{path}/resources/requests", "value": _requests(one)}
    else:
        yield {"op": "add", "path": f"{path}/resources", "value": {"requests": _requests(one)}}


def _requests(one: Sizing) -> dict[str, str]:
    return {name: _quantity(name, amount) for name, amount in one.wanted.items()}


def _quantity(name: str, amount: int) -> str:
    return f"{amount}m" if name == "cpu" else f"{-(-amount // 2**20)}Mi"


def _version(kind: str) -> str:
    return kinds.BY_NAME[kind].api_version


def vpas(snapshot: Snapshot, applications: Iterable[Application]) -> list[Document]:
    """A VPA that recommends and changes nothing, for each of them that has none yet."""
    taken = set(snapshot.table(_VPA))
    aimed = {(ref.get("kind"), one.namespace, ref.get("name")) for one, ref in _targets(snapshot)}
    made = []
    for one in dict.fromkeys(applications):
        if one.kind in kinds.BY_NAME and tuple(one) not in aimed:
            key = one.key if one.key not in taken else f"{one.key}-{one.kind.lower()}"
            taken.add(key)
            made.append(_vpa(one, key.partition("/")[2]))
    return made


def vpas_for(snapshot: Snapshot, findings: Iterable[Finding]) -> list[Document]:
    """The same for the findings that ask for one."""
    wanted = (one for one in findings if one.check == NO_VPA)
    return vpas(snapshot, (Application(one.kind, *one.object.split("/", 1)) for one in wanted))


def _targets(snapshot: Snapshot) -> Iterator[tuple[Any, Document]]:
    for one in snapshot.table(_VPA).values():
        reference = one.spec.get("targetRef")
        yield one, reference if isinstance(reference, dict) else {}


def _vpa(one: Application, name: str) -> Document:
    target = {"apiVersion": _version(one.kind), "kind": one.kind, "name": one.name}
    return {
        "apiVersion": _version(_VPA),
        "kind": _VPA,
        "metadata": {"namespace": one.namespace, "name": name},
        "spec": {"targetRef": target, "updatePolicy": {"updateMode": "Off"}},
    }
