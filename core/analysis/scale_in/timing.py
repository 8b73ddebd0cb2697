"""When a node that could go would go: since when it is unneeded, the cool-downs of the cluster, and what the next
loop would delete with sizes and budgets of deletion applied. Whether it could go at all is in eligibility and
removal.

Source: core/scaledown/unneeded/nodes.go, core/scaledown/budgets and the cool-downs of core/static_autoscaler.go of the
Cluster Autoscaler. All of this is in the autoscaler's memory: from outside it is an estimate, and says from what."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.analysis import readiness
from core.analysis.autoscaler import Autoscaler
from core.analysis.autoscaler_events import Act
from core.analysis.groups import Membership
from core.analysis.scale_in.removal import BLOCKED_BY_POD, NO_PLACE
from core.analysis.scale_in.result import REMOVABLE, CoolDown, Estimate, NodeVerdict
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.kube.taints import DELETION_CANDIDATE
from core.policy.settings import Policy
from core.policy.values import go_text

RECENTLY_UNREMOVABLE = "RecentlyUnremovable"
NOT_UNNEEDED_LONG_ENOUGH = "NotUnneededLongEnough"
NOT_UNREADY_LONG_ENOUGH = "NotUnreadyLongEnough"
MIN_SIZE_REACHED = "NodeGroupMinSizeReached"
RESOURCE_LIMIT_EXCEEDED = "MinimalResourceLimitExceeded"
ATOMIC_FAILED = "AtomicScaleDownFailed"
ON_COMPLETION = "BlockedByOnCompletionPod"
IN_COOLDOWN = "ScaleDownInCooldown"
GROWS_FIRST = "ScaleUpFirst"
DISABLED = "ScaleDownDisabled"
UNHEALTHY = "ClusterUnhealthy"
DELETION_BUDGET = "NoDeletionBudget"
NOT_TOGETHER = "NotTogether"
"""Reasons why a removable node waits; the last six are ours, for what upstream decides without naming it."""

_GIB = 2**30


@dataclass(frozen=True)
class Observed:
    """What this program has seen itself, while it ran, in place of the autoscaler's memory: node name -> seconds
    since the epoch at which the node was first seen removable, or last seen not to be."""

    unneeded_since: Mapping[str, float] = field(default_factory=dict)
    failed_at: Mapping[str, float] = field(default_factory=dict)


def observe(before: Observed, seen: Iterable[NodeVerdict], now: float) -> Observed:
    """What is known after one more judgement: a node that could not go once starts to wait anew, as upstream."""
    since, failed = dict[str, float](), dict[str, float]()
    for one in seen:
        if one.verdict == REMOVABLE:
            since[one.node] = before.unneeded_since.get(one.node, now)
        elif one.reason in (BLOCKED_BY_POD, NO_PLACE):
            failed[one.node] = now
        elif one.reason == RECENTLY_UNREMOVABLE:
            failed[one.node] = before.failed_at[one.node]
    return Observed(since, failed)


def unneeded_since(node: Node, observed: Observed, now: float) -> Estimate | None:
    """By the autoscaler's own soft taint (its value is when), else as watched from here."""
    value = next((taint.value for taint in node.taints if taint.key == DELETION_CANDIDATE), "")
    if value.isascii() and value.isdigit() and int(value[:15]) <= now:
        return Estimate(float(value[:15]), f"taint {DELETION_CANDIDATE}")
    if node.name in observed.unneeded_since:
        return Estimate(observed.unneeded_since[node.name], "watched from here")
    return None


def wanted_time(node: Node, policy: Policy) -> tuple[float, str]:
    """How long the node must be unneeded, and the reason while it is not. `policy` is the group's."""
    if readiness.ready(node, policy):
        return policy.scale_down_unneeded_time, NOT_UNNEEDED_LONG_ENOUGH
    return policy.scale_down_unready_time, NOT_UNREADY_LONG_ENOUGH


def cool_down(policy: Policy, running: Autoscaler, now: float, growing: bool = False) -> CoolDown:
    """Until when no node goes. `growing`: the next loop adds nodes, which starts the longest wait anew."""
    waits = [
        (activity.at + delay, f"after {word} ({activity.reason}), {name} {go_text(delay)}")
        for act, delay, word, name in _delays(policy)
        if (activity := running.latest.get(act)) is not None and activity.at + delay > now
    ]
    if growing:
        waits.append((now + policy.scale_down_delay_after_add, "the next loop adds nodes"))
    until, because = max(waits, default=(None, None))
    return CoolDown(until, because)


def _delays(policy: Policy) -> tuple[tuple[Act, float, str, str], ...]:
    return (
        (Act.GREW, policy.scale_down_delay_after_add, "scale-out", "scale-down-delay-after-add"),
        (Act.SHRANK, policy.scale_down_delay_after_delete, "scale-in", "scale-down-delay-after-delete"),
        (Act.SHRINK_FAILED, policy.scale_down_delay_after_failure, "failed scale-in", "scale-down-delay-after-failure"),
    )


@dataclass(frozen=True)
class Leaving:
    """A node of `together`. `empty`: nothing has to move. `waits`: why its own timer holds it, or None."""

    node: Node
    group: NodeGroup
    empty: bool
    waits: str | None
    risky: bool = False
    """A budget lets fewer pods go at once than the node holds."""


class Limits:
    """What may go at once: sizes of groups, of the cluster, and deletions at a time."""

    def __init__(self, policy: Policy, membership: Membership, nodes: Mapping[str, Node], now: float) -> None:
        self._policy, self._membership = policy, membership
        leaving = [node for node in nodes.values() if readiness.being_deleted(node, now)]
        self._going = Counter(group.id for node in leaving if (group := membership.of.get(node.name)) is not None)
        self._in_progress = len(leaving)
        staying = [node for node in nodes.values() if not node.virtual and not readiness.being_deleted(node, now)]
        self._cores = sum(_cores(node) for node in staying)
        self._memory = sum(node.capacity.get("memory", 0) for node in staying)

    def choose(self, leaving: Sequence[Leaving]) -> tuple[list[str], dict[str, str]]:
        """The nodes that the next loop deletes, and why each of the others waits. Empty nodes go first, risky ones
        last; in each part the order given."""
        waits: dict[str, str] = {}
        passed: list[Leaving] = []
        for one in sorted(leaving, key=lambda one: (not one.empty, one.risky)):
            if (reason := one.waits or self._limit(one)) is not None:
                waits[one.node.name] = reason
            else:
                self._take(one)
                passed.append(one)
        return self._within_budgets(self._whole_groups(passed, waits), waits), waits

    def _limit(self, one: Leaving) -> str | None:
        group, policy = one.group, self._policy
        if self._membership.target(group) - self._going[group.id] <= group.min_size and not _atomic(policy, group):
            return MIN_SIZE_REACHED
        cores, memory = self._cores - _cores(one.node), self._memory - one.node.capacity.get("memory", 0)
        if cores < policy.cores_total.min or memory < policy.memory_total.min * _GIB:
            return RESOURCE_LIMIT_EXCEEDED
        return None

    def _take(self, one: Leaving) -> None:
        self._going[one.group.id] += 1
        self._cores -= _cores(one.node)
        self._memory -= one.node.capacity.get("memory", 0)

    def _whole_groups(self, passed: list[Leaving], waits: dict[str, str]) -> list[Leaving]:
        """A group that only goes as a whole goes when all of it passed."""
        kept = []
        for one in passed:
            if _atomic(self._policy, one.group) and self._going[one.group.id] < self._membership.target(one.group):
                waits[one.node.name] = ATOMIC_FAILED
            else:
                kept.append(one)
        return kept

    def _within_budgets(self, passed: list[Leaving], waits: dict[str, str]) -> list[str]:
        """As many as may be deleted at a time; groups that go as a whole first, and one of them may overflow."""
        left = self._policy.max_scale_down_parallelism - self._in_progress
        drains = min(self._policy.max_drain_parallelism, left)
        chosen = []
        for one in sorted(passed, key=lambda one: not _atomic(self._policy, one.group)):
            whole = _atomic(self._policy, one.group)
            if not whole and (left <= 0 or (not one.empty and drains <= 0)):
                waits[one.node.name] = DELETION_BUDGET
                continue
            left -= 1
            drains -= not one.empty
            chosen.append(one.node.name)
        return chosen


def _atomic(policy: Policy, group: NodeGroup) -> bool:
    return policy.per_group(group).zero_or_max_node_scaling


def _cores(node: Node) -> int:
    """Whole cores, rounded up, as `Quantity.Value` does."""
    return -(-node.capacity.get("cpu", 0) // 1000)
