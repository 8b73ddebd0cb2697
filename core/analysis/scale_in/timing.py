"""When a node that could go would go: since when it is unneeded, and the cool-downs of the cluster. Whether it could go
at all is in eligibility and removal; how many go at once is in deletion.

Source: core/scaledown/unneeded/nodes.go and the cool-downs of core/static_autoscaler.go of the Cluster Autoscaler.
All of this is in the autoscaler's memory: from outside it is an estimate, and says from what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.analysis import readiness
from core.analysis.autoscaler import Autoscaler
from core.analysis.autoscaler_events import Act
from core.analysis.scale_in.removal import BLOCKED_BY_POD, NO_PLACE
from core.analysis.scale_in.result import REMOVABLE, CoolDown, Estimate, NodeVerdict
from core.kube.node import Node
from core.kube.taints import DELETION_CANDIDATE
from core.policy.settings import Policy
from core.policy.values import go_text

RECENTLY_UNREMOVABLE = "RecentlyUnremovable"
NOT_UNNEEDED_LONG_ENOUGH = "NotUnneededLongEnough"
NOT_UNREADY_LONG_ENOUGH = "NotUnreadyLongEnough"
ON_COMPLETION = "BlockedByOnCompletionPod"
AWAITS_PODS = "ScaleUpInCooldown"
IN_COOLDOWN = "ScaleDownInCooldown"
GROWS_FIRST = "ScaleUpFirst"
DISABLED = "ScaleDownDisabled"
UNHEALTHY = "ClusterUnhealthy"
NOT_TOGETHER = "NotTogether"
"""Reasons why a removable node waits; the last five are ours, for what upstream decides without naming it."""


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
