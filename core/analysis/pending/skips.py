"""Why a group isn't considered for growth, in the autoscaler's own words.

Sources: core/scaleup/orchestrator/{orchestrator,skippedreasons,rejectedreasons}.go of the Cluster Autoscaler."""

from collections.abc import Mapping

from core.analysis.autoscaler_status import IN_PROGRESS, Status
from core.analysis.pending.health import Health
from core.analysis.pending.limits import Limits
from core.analysis.pending.templates import Template
from core.kube.own_kinds import NodeGroup
from core.policy import Policy

NOT_AUTOSCALED = "not autoscaled"
NOT_READY = "not ready for scale-up"
BACKOFF = "in backoff after failed scale-up"
MAX_SIZE = "max node group size reached"
ATOMIC = "atomic scale-up exceeds cluster node count limit"
FILTERED_OUT = "expansion options filtered out and no longer considered"
"""Of a group that could grow and that the expander (or a vendor's rule before it) passes over."""
MAX_NODES = "max total nodes in cluster reached"
"""Of the cluster, not of a group."""


class Skips:
    """Asks in the autoscaler's order; the first reason counts."""

    def __init__(
        self,
        policy: Policy,
        health: Health,
        targets: Mapping[str, int],
        templates: Mapping[str, Template],
        limits: Limits,
        status: Status | None,
    ) -> None:
        self._policy, self._health, self._targets = policy, health, targets
        self._templates, self._limits, self._status = templates, limits, status

    def reason(self, group: NodeGroup) -> str | None:
        if not group.autoscaling:
            return NOT_AUTOSCALED
        target = self._targets[group.id]
        if not self._health.group_healthy(group.id, target, self._arriving(group, target)):
            return NOT_READY
        if self._backed_off(group):
            return BACKOFF
        if target >= group.max_size:
            return MAX_SIZE
        if self._atomic_too_large(group, target):
            return ATOMIC
        template = self._templates.get(group.id)
        at_once = group.max_size - target if self._whole(group) else 1
        return NOT_READY if template is None else self._limits.exceeded(template, at_once)

    def _whole(self, group: NodeGroup) -> bool:
        return self._policy.per_group(group).zero_or_max_node_scaling

    def _arriving(self, group: NodeGroup, target: int) -> int:
        """Nodes that the running autoscaler says it waits for."""
        part = self._status.groups.get(group.id) if self._status is not None else None
        return self._health.upcoming(group.id, target) if part is not None and part.scale_up == IN_PROGRESS else 0

    def _backed_off(self, group: NodeGroup) -> bool:
        part = self._status.groups.get(group.id) if self._status is not None else None
        return part is not None and part.in_backoff

    def _atomic_too_large(self, group: NodeGroup, target: int) -> bool:
        """A group that only grows as a whole, and would grow past the cluster's limit."""
        whole = group.max_size - target
        return (
            self._whole(group)
            and self._policy.max_nodes_total > 0
            and self._limits.nodes + whole > self._policy.max_nodes_total
        )
