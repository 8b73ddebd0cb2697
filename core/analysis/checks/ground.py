"""What the checks look at: who points at which workload, and documents read without trusting their form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from core.analysis.planning import Plan
from core.analysis.serverless import Audit
from core.cluster.snapshot import Snapshot
from core.kube.generic import Generic
from core.kube.pod import Pod
from core.kube.workloads import Workload

HPA, VPA, SPREAD, ELASTIC = "HorizontalPodAutoscaler", "VerticalPodAutoscaler", "WorkloadSpread", "ElasticWorkload"
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,4})", re.ASCII)


class Target(NamedTuple):
    """A workload that something points at."""

    kind: str
    key: str
    """`namespace/name`."""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `object` is `namespace/name`; `reason`: what was seen; `remedy`: what puts it right."""

    check: str
    kind: str
    object: str
    reason: str
    remedy: str


Findings = Iterator[Finding]


@dataclass(frozen=True)
class Ground:
    """One plan, its ECI audit, and the indexes that several checks need."""

    plan: Plan
    eci: Audit

    @property
    def snapshot(self) -> Snapshot:
        return self.plan.snapshot

    @cached_property
    def hpas(self) -> Mapping[Target, Sequence[Generic]]:
        return self._by_target(HPA, "scaleTargetRef")

    @cached_property
    def vpas(self) -> Mapping[Target, Sequence[Generic]]:
        return self._by_target(VPA, "targetRef")

    @cached_property
    def spreads(self) -> Mapping[Target, Sequence[Generic]]:
        return self._by_target(SPREAD, "targetRef")

    @cached_property
    def elastics(self) -> Mapping[Target, Sequence[Generic]]:
        return self._by_target(ELASTIC, "sourceTarget")

    def _by_target(self, kind: str, field: str) -> Mapping[Target, Sequence[Generic]]:
        found: dict[Target, list[Generic]] = {}
        for one in self.snapshot.table(kind).values():
            target = target_of(one, field)
            if target is not None:
                found.setdefault(target, []).append(one)
        return found

    def workload(self, target: Target) -> Workload | None:
        found = self.snapshot.table(target.kind).get(target.key)
        return found if isinstance(found, Workload) else None

    def template(self, target: Target) -> Pod | None:
        """A pod as the workload makes it."""
        workload = self.workload(target)
        return workload.template if workload is not None else None

    @cached_property
    def version(self) -> tuple[int, int] | None:
        """Kubernetes, by the oldest kubelet of an ECS node: behaviour that came later can't be relied on."""
        nodes = (node for node in self.snapshot.nodes.values() if not node.virtual)
        found = [match for node in nodes if (match := _VERSION.match(node.kubelet_version))]
        return min(((int(match[1]), int(match[2])) for match in found), default=None)

    def older_than(self, minor: int) -> bool:
        """Whether Kubernetes here is surely older than 1.`minor`."""
        return self.version is not None and self.version < (1, minor)


def target_of(one: Generic, field: str) -> Target | None:
    """The workload that `field` of its spec names."""
    kind, name = text(one.spec, field, "kind"), text(one.spec, field, "name")
    return Target(kind, f"{one.namespace}/{name}") if kind and name else None


def at(document: Any, *path: str) -> Any:
    """What stands there; None where the document has another form."""
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def text(document: Any, *path: str) -> str:
    """A text; empty where there is none."""
    found = at(document, *path)
    return found if isinstance(found, str) else ""


def integer(document: Any, *path: str) -> int | None:
    """A whole number; None where there is none."""
    found = at(document, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def rows(document: Any, *path: str) -> list[dict[str, Any]]:
    """A list of objects, without anything in it that is none."""
    found = at(document, *path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def found(check: str, one: Generic, reason: str, remedy: str) -> Finding:
    """A finding on an object."""
    return Finding(check, one.kind, one.key, reason, remedy)


def names(objects: Sequence[Generic]) -> str:
    """The objects' names, some of them."""
    return ", ".join(one.name for one in objects[:4]) + (" …" if len(objects) > 4 else "")
