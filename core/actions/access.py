"""What the identity may do, asked before anything is done: SelfSubjectAccessReviews, which change nothing."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from core.actions.action_plan import Finding, Level
from core.clients.kubernetes import Writer

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb on a resource (`pods/eviction`) of an API group, in a namespace or everywhere; on one object, where
    `name` says which."""

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        which = f" {self.name}" if self.name else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{which}{where}"


CORDON = (Permission("patch", "nodes"),)


def evicting(namespaces: Iterable[str]) -> tuple[Permission, ...]:
    """What a drain of pods in these namespaces needs."""
    return (*CORDON, *(Permission("create", "pods/eviction", one) for one in sorted(set(namespaces))))


async def lacking(writer: Writer, permissions: Iterable[Permission]) -> list[Finding]:
    """A refusal for each thing that the identity may not do."""
    wanted = list(permissions)
    answers = await asyncio.gather(*(_allowed(writer, one) for one in wanted))
    return [
        Finding(Level.REFUSAL, "Forbidden", str(one), f"this identity may not {one}")
        for one, allowed in zip(wanted, answers, strict=True)
        if not allowed
    ]


async def _allowed(writer: Writer, permission: Permission) -> bool:
    resource, _, subresource = permission.resource.partition("/")
    attributes = {"verb": permission.verb, "group": permission.group, "resource": resource}
    place = {"namespace": permission.namespace, "subresource": subresource, "name": permission.name}
    spec = {"resourceAttributes": {**attributes, **place}}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    answer: dict[str, Any] = msgspec.json.decode(await writer.create(PATH, body))
    return bool((answer.get("status") or {}).get("allowed"))
