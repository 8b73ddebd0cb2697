"""What each reason means, in one plain sentence: why a node stays, why a pod holds it, why a group is passed over,
why a pod is not considered. The identifiers are the autoscaler's own; who decides them is in core/analysis."""

import re
from collections.abc import Iterator, Mapping, Sequence

from core.analysis import not_evaluated
from core.analysis.autoscaler import GOATSCALER, NONE, UNKNOWN, Autoscaler
from core.errors import one_line
from core.policy import Policy, RuleSet

WHY_A_NODE_STAYS: Mapping[str, str] = {
    "NotAutoscaled": "No autoscaled group owns this node, so only a person removes it.",
    "NodeGroupMinSizeReached": "Its group is at its minimum size.",
    "NodeGroupMaxDeletionCountReached": "Its group may lose no more nodes at a time.",
    "ScaleDownDisabledAnnotation": "An annotation on the node (scale-down-disabled) tells the autoscaler to keep it.",
    "ScaleDownUnreadyDisabled": "It is not ready, and the autoscaler is told to leave nodes that are not ready alone.",
    "NotUnneededLongEnough": "It could go, but has not been unneeded for long enough yet.",
    "NotUnreadyLongEnough": "It could go, but has not been not ready for long enough yet.",
    "AtomicScaleDownFailed": "Its group only goes as a whole, and some other node of it has to stay.",
    "MinimalResourceLimitExceeded": "Without it the cluster would fall below its minimum of cores, memory or GPUs.",
    "CurrentlyBeingDeleted": "The autoscaler is deleting it right now.",
    "NotUnderutilized": "More of it is booked than the scale-in threshold allows.",
    "NotUnneededOtherReason": "It is needed for a reason that the autoscaler does not name.",
    "RecentlyUnremovable": "It could not go a few minutes ago; the autoscaler looks at it again later.",
    "NoPlaceToMovePods": "Some of its pods fit on no other node.",
    "BlockedByPod": "One of its pods must not be moved.",
    "BlockedByOnCompletionPod": "One of its pods asks to be left alone until it has finished.",
    "UnexpectedError": "It does not say how much cpu or memory it has, so nobody can say how full it is.",
    "NoNodeInfo": "It is still starting and not ready, so the autoscaler does not count it as a node yet.",
    "StaticNode": "The autoscaler did not add it, and this vendor's autoscaler removes only what it added.",
    "SubscriptionNode": "It is paid in advance, and this vendor's autoscaler removes only pay-as-you-go nodes.",
    "DefaultPool": "It is in the cluster's default pool, which this vendor's autoscaler never shrinks.",
}
"""UnremovableReason of the Cluster Autoscaler, and what vendors add."""

WHY_IT_WAITS: Mapping[str, str] = {
    "ScaleDownInCooldown": "The cluster changed a short while ago; nothing is removed until the cool-down is over.",
    "ScaleUpInCooldown": "The waiting pods are very new: the autoscaler looks for more before it does anything.",
    "ScaleUpFirst": "The next loop adds nodes; after that nothing is removed for a while.",
    "ScaleDownDisabled": "Scale-in is switched off.",
    "ClusterUnhealthy": "Too many nodes are not ready: the autoscaler neither grows nor shrinks anything.",
    "NoDeletionBudget": "Others go first: only so many nodes are deleted at a time.",
    "NotTogether": "It could go alone, but not after the others that go before it.",
}
"""Why a node that could go does not go with the next loop, beside the reasons above."""

WHY_A_POD_BLOCKS: Mapping[str, str] = {
    "ControllerNotFound": "Its controller is gone: nothing would start it anew.",
    "MinReplicasReached": "Its controller has fewer replicas than the autoscaler is told to protect.",
    "NotReplicated": "No controller that the autoscaler knows would start it anew.",
    "LocalStorageRequested": "It keeps data on the node (hostPath or emptyDir), which would be lost.",
    "NotSafeToEvictAnnotation": "Its annotation safe-to-evict=false forbids moving it.",
    "UnmovableKubeSystemPod": "It is a kube-system pod without a disruption budget.",
    "NotEnoughPdb": "A disruption budget allows no more of its pods to go now.",
    "UnexpectedError": "The autoscaler could not find out about its controller.",
}
"""BlockingPodReason of the Cluster Autoscaler."""

WHY_A_GROUP_IS_SKIPPED: Mapping[str, str] = {
    "max node group size reached": "The group is at its maximum size.",
    "not ready for scale-up": "The group is unhealthy, or its size or its next node is unknown.",
    "in backoff after failed scale-up": "A node of this group failed to come a short while ago; the autoscaler waits.",
    "atomic scale-up exceeds cluster node count limit": "The group only grows as a whole, beyond the cluster's limit.",
    "exceeded quota": "One more node would exceed a limit of the whole cluster.",
    "max cluster": "One more node would exceed a limit of the whole cluster.",
    "not all pods would fit and scale-up is using all-or-nothing strategy": "The group only grows as a whole, and even "
    "that would not take all the pods.",
    "expansion options filtered out and no longer considered": "The expander prefers other groups.",
    "scale-up execution failed": "The cloud refused the last resize of this group.",
    "max total nodes in cluster reached": "The cluster has as many nodes as it may have.",
    "not autoscaled": "No autoscaler grows this group; a person may.",
}
"""Skip and rejection reasons of scale-out. Some come with details behind them."""

WHY_A_POD_IS_IGNORED: Mapping[str, str] = {
    "expendable": "Its priority is so low that the autoscaler never adds a node for it.",
    "daemonset": "It belongs to one node, so a new node would not help it.",
    "gated": "A scheduling gate holds it back; the scheduler has not looked at it yet.",
    "young": "It is too new: the autoscaler waits a moment for more pods or for room.",
    "terminating": "It is being deleted.",
    "not-unschedulable": "The scheduler has not said yet that it fits nowhere.",
    "other-scheduler": "A scheduler that the autoscaler does not follow looks after it.",
}

EVERYTHING: Mapping[str, str] = {
    **WHY_A_POD_IS_IGNORED,
    **WHY_A_GROUP_IS_SKIPPED,
    **WHY_A_POD_BLOCKS,
    **WHY_IT_WAITS,
    **WHY_A_NODE_STAYS,
}


def judged_by(rule_set: RuleSet, running: Autoscaler) -> str:
    """By whose rules the verdicts are, and who really decides in this cluster."""
    rules = f"by the rules of {rule_set}"
    if running.kind in (NONE, UNKNOWN):
        found = "no autoscaler was found in this cluster" if running.kind == NONE else "what runs here is not known"
        return f"{rules}; {found}"
    if running.kind == GOATSCALER:
        return (
            f"by Cluster Autoscaler's rules ({rule_set.version[0]}.{rule_set.version[1]}); this cluster runs GOATScaler"
        )
    return f"{rules}; this cluster runs {running.name}"


def caveats(policy: Policy) -> Iterator[str]:
    """What of the autoscaler's settings is not judged here, or was not understood."""
    missing = not_evaluated.chosen(policy)
    if missing:
        yield f"switched on and not evaluated here: {', '.join(missing)}"
    if policy.unread:
        more = f" (and {len(policy.unread) - 1} more)" if policy.unread[1:] else ""
        yield f"not understood: {one_line(policy.unread[0], 120)}{more}"


def meaning(reason: str) -> str:
    """The sentence for a reason, or for what a longer reason starts with; an unknown reason is its own text."""
    found = EVERYTHING.get(reason) or next(
        (sentence for known, sentence in EVERYTHING.items() if " " in known and reason.startswith(known)), None
    )
    return found or f"{_spaced(reason)}."


def blocking(reason: str) -> str:
    """The sentence for a pod's reason (`UnexpectedError` is a node's reason too)."""
    return WHY_A_POD_BLOCKS.get(reason) or meaning(reason)


def cannot_tell(unknown: Sequence[str]) -> str:
    """What keeps a node from being judged: `DaemonSet not available`, `DynamicResources (not evaluated)`."""
    return ", ".join(one if "(" in one else f"{one} not available" for one in unknown)


def _spaced(identifier: str) -> str:
    """`SomeReason` as `Some reason`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", identifier)
    return words[:1] + words[1:].lower() if words != identifier else identifier
