"""One pass over a snapshot: pending pods, then scale-in in the cluster that they leave. Each half is in its package."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _few_collections():
        return _plan(snapshot, policy, running or autoscaler.find(snapshot), observed)


def _plan(snapshot: Snapshot, policy: Policy, running: Autoscaler, observed: Observed | None) -> Plan:
    decided = pending.decide(snapshot, policy, running.status)
    placement = decided.placement
    if not policy.scale_down_with_packed_pods:
        placement.rollback(decided.packed_mark)
    growing = decided.choice.result == SUCCESSFUL
    return Plan(snapshot, policy, running, decided, judge(snapshot, policy, placement, running, observed, growing))


@contextmanager
def _few_collections() -> Iterator[None]:
    """A plan makes many objects that all live until it is done; looking for garbage among them again and again takes a
    quarter of its time."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 200_000), 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
