"""One pass over a snapshot: pending pods, then scale-in in the cluster that they leave. Each half is in its package."""

from dataclasses import dataclass

from core.analysis import autoscaler, pending
from core.analysis.autoscaler import Autoscaler
from core.analysis.pending import Pending
from core.analysis.pending.result import SUCCESSFUL
from core.analysis.scale_in import judge
from core.analysis.scale_in.result import ScaleIn
from core.analysis.scale_in.timing import Observed
from core.cluster.snapshot import Snapshot
from core.policy import Policy


@dataclass(frozen=True)
class Plan:
    """Everything that the planner decided about one snapshot."""

    snapshot: Snapshot
    policy: Policy
    running: Autoscaler
    pending: Pending
    scale_in: ScaleIn


def plan(
    snapshot: Snapshot, policy: Policy, running: Autoscaler | None = None, observed: Observed | None = None
) -> Plan:
    """What the autoscaler would do next, and why. Pure: to be called off the event loop.

    `running` is what `autoscaler.find` says (found here when not given); `observed` what earlier judgements saw."""
    running = running or autoscaler.find(snapshot)
    decided = pending.decide(snapshot, policy, running.status)
    placement = decided.placement
    if not policy.scale_down_with_packed_pods:
        placement.rollback(decided.packed_mark)
    growing = decided.choice.result == SUCCESSFUL
    return Plan(snapshot, policy, running, decided, judge(snapshot, policy, placement, running, observed, growing))
