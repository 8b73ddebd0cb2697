"""Why a node is no candidate before anybody looks at its pods: whose it is, how small its group may be, how busy it
is. In the autoscaler's order, the first reason wins.

Source: processors/nodes/pre_filtering_processor.go (which drops nodes silently) and core/scaledown/eligibility of the
Cluster Autoscaler."""

from dataclasses import dataclass

from core.analysis import readiness
from core.analysis.groups import Membership
from core.analysis.scale_in.result import Utilization
from core.analysis.vendors.overlay import Overlay
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.policy.rule_set import RuleSet
from core.policy.settings import Policy

DISABLED_ANNOTATION = "cluster-autoscaler.kubernetes.io/scale-down-disabled"

NOT_AUTOSCALED = "NotAutoscaled"
MIN_SIZE_REACHED = "NodeGroupMinSizeReached"
NO_NODE_INFO = "NoNodeInfo"
BEING_DELETED = "CurrentlyBeingDeleted"
DISABLED_BY_ANNOTATION = "ScaleDownDisabledAnnotation"
UNREADY_DISABLED = "ScaleDownUnreadyDisabled"
UNEXPECTED_ERROR = "UnexpectedError"
NOT_UNDERUTILIZED = "NotUnderutilized"


@dataclass(frozen=True)
class Eligibility:
    """What holds for all nodes of one judgement."""

    snapshot: Snapshot
    membership: Membership
    overlay: Overlay
    now: float

    def reason(
        self, node: Node, group: NodeGroup | None, policy: Policy, utilization: Utilization, threshold: float
    ) -> str | None:
        """The first reason against the node; None makes it a candidate. `policy` is the group's."""
        if group is None or not group.autoscaling or node.virtual:
            return NOT_AUTOSCALED
        if (kept := self.overlay.keeps(node, group, self.snapshot)) is not None:
            return kept
        if self.membership.target(group) <= group.min_size:
            return MIN_SIZE_REACHED
        return self._about_node(node, policy) or _about_utilization(utilization, threshold, policy.rule_set)

    def _about_node(self, node: Node, policy: Policy) -> str | None:
        if readiness.not_started(node, policy, self.now):
            return NO_NODE_INFO
        if readiness.being_deleted(node, self.now):
            return BEING_DELETED
        if node.annotations.get(DISABLED_ANNOTATION) == "true":
            return DISABLED_BY_ANNOTATION
        if not policy.scale_down_unready_enabled and not readiness.ready(node, policy):
            return UNREADY_DISABLED
        return None


def _about_utilization(utilization: Utilization, threshold: float, rule_set: RuleSet) -> str | None:
    """Exactly at the threshold passes since 1.32 (pull request 8975). An unknown utilization is an error since 1.33,
    and was taken for none before."""
    if utilization.max is None and rule_set.at_least(1, 33):
        return UNEXPECTED_ERROR
    used = utilization.max or 0.0
    return NOT_UNDERUTILIZED if used > threshold or (used == threshold and not rule_set.at_least(1, 32)) else None
