"""What the next loop would delete of the nodes that could go: with minimum sizes of groups and of the cluster, groups
that only go as a whole, and so many deletions at a time. When each of them may go at all is in timing.

Source: core/scaledown/unneeded/nodes.go and core/scaledown/budgets of the Cluster Autoscaler. Where upstream leaves the
order to chance, it is the order given."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.analysis import quota
from core.analysis.groups import Membership
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.policy.settings import Policy

MIN_SIZE_REACHED = "NodeGroupMinSizeReached"
RESOURCE_LIMIT_EXCEEDED = "MinimalResourceLimitExceeded"
ATOMIC_FAILED = "AtomicScaleDownFailed"
DELETION_BUDGET = "NoDeletionBudget"
"""The last is ours, for what upstream decides without naming it."""


@dataclass(frozen=True)
class Leaving:
    """A node that could go, or is going already. `empty`: nothing has to move off it; `waits`: why its own timer holds
    it; `risky`: a budget lets fewer pods go at once than it holds; `atomic`: its group only goes as a whole."""

    node: Node
    group: NodeGroup
    empty: bool
    waits: str | None = None
    risky: bool = False
    atomic: bool = False


class Limits:
    """What may go at once. `staying`: the nodes that count against the cluster's limits; `going`: those that are being
    deleted already."""

    def __init__(
        self, policy: Policy, membership: Membership, staying: Iterable[Node], going: Sequence[Leaving]
    ) -> None:
        self._membership = membership
        self._gone = Counter(one.group.id for one in going)
        self._left = policy.max_scale_down_parallelism - len(going)
        self._drains = policy.max_drain_parallelism - sum(1 for one in going if not one.empty)
        self._minimum = _minimum(policy)
        self._there = Counter[str]()
        for node in staying:
            self._there.update(quota.amounts(node))

    def choose(self, candidates: Iterable[Leaving]) -> tuple[list[str], dict[str, str]]:
        """The nodes that the next loop deletes, and why each of the others waits. Empty nodes go first, risky ones
        last."""
        waits: dict[str, str] = {}
        passed: list[Leaving] = []
        for one in sorted(candidates, key=lambda one: (not one.empty, one.risky)):
            if (reason := one.waits or self._limit(one)) is not None:
                waits[one.node.name] = reason
            else:
                self._gone[one.group.id] += 1
                self._there.subtract(quota.amounts(one.node))
                passed.append(one)
        return self._within_budgets(self._whole_groups(passed, waits), waits), waits

    def _limit(self, one: Leaving) -> str | None:
        if not one.atomic and self._membership.target(one.group) - self._gone[one.group.id] <= one.group.min_size:
            return MIN_SIZE_REACHED
        taken = quota.amounts(one.node)
        short = any(self._there[name] - amount < self._minimum.get(name, 0) for name, amount in taken.items())
        return RESOURCE_LIMIT_EXCEEDED if short else None

    def _whole_groups(self, passed: Iterable[Leaving], waits: dict[str, str]) -> list[Leaving]:
        """A group that only goes as a whole goes when all of it passed."""
        kept = []
        for one in passed:
            if one.atomic and self._gone[one.group.id] < self._membership.target(one.group):
                waits[one.node.name] = ATOMIC_FAILED
            else:
                kept.append(one)
        return kept

    def _within_budgets(self, passed: Iterable[Leaving], waits: dict[str, str]) -> list[str]:
        """As many as may be deleted at a time; groups that go as a whole first, and they may overflow."""
        left, drains, chosen = self._left, self._drains, []
        for one in sorted(passed, key=lambda one: not one.atomic):
            if not one.atomic and (left <= 0 or (not one.empty and drains <= 0)):
                waits[one.node.name] = DELETION_BUDGET
                continue
            left -= 1
            drains -= not one.empty
            chosen.append(one.node.name)
        return chosen


def _minimum(policy: Policy) -> dict[str, int]:
    gpus = {limit.type: limit.min for limit in policy.gpu_total}
    return {"cpu": policy.cores_total.min, "memory": policy.memory_total.min * quota.GIB, **gpus}
