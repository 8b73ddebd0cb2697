"""A moment of the cluster: immutable, numbered, cheap to take, safe to read from any thread. What is decided from it is
in analysis; how it comes to be is in store; changed copies for what-if are in overlay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from core.kube.disruption import DisruptionBudget
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.kube.pod import Pod
from core.kube.workloads import Workload

T = TypeVar("T")
Table = Mapping[str, T]
"""Key (`namespace/name` or name) -> object, in the order in which the objects came."""

_NOTHING: Table[Any] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of all kinds at one moment.

    `as_of` is the time to judge by, in seconds since the epoch. `unavailable` names the kinds that could not be read
    and why: absent is not empty, so a rule that needs one of them must say unknown."""

    generation: int
    as_of: float
    tables: Mapping[str, Table[Any]] = field(repr=False)
    """Left out of the repr: asyncio asks for that of every result when a loop ends, and it would take seconds."""
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def table(self, kind: str) -> Table[Any]:
        """The objects of a kind; empty when there are none or the kind is not available (see `has`)."""
        return self.tables.get(kind, _NOTHING)

    def has(self, kind: str) -> bool:
        """Whether the kind was read: only then does an empty table mean that there are none."""
        return kind not in self.unavailable

    @property
    def nodes(self) -> Table[Node]:
        return self.table("Node")

    @property
    def pods(self) -> Table[Pod]:
        return self.table("Pod")

    @property
    def groups(self) -> Table[NodeGroup]:
        return self.table("NodeGroup")

    @property
    def budgets(self) -> Iterable[DisruptionBudget]:
        return self.table("PodDisruptionBudget").values()

    def workload(self, kind: str, key: str) -> Workload | None:
        return self.table(kind).get(key)

    def with_tables(self, **changed: Table[Any]) -> "Snapshot":
        """A copy in which whole kinds are replaced; everything else is shared."""
        return replace(self, tables={**self.tables, **changed})
