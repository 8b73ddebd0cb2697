"""One pass over a snapshot: pending pods, then scale-in in the cluster that they leave. Each half is in its package."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.analysis import autoscaler, pending
from core.analysis.autoscaler import Autoscaler
from core.analysis.pending import Pending
from core.analysis.placement import Placement
from core.analysis.placement.following import follow
from core.analysis.scale_in import judge
from core.analysis.scale_in.result import ScaleIn
from core.analysis.scale_in.roster import Sorts
from core.analysis.scale_in.timing import Observed
from core.cluster.snapshot import Snapshot
from core.policy import Policy


@dataclass(frozen=True, repr=False)
class Plan:
    """Everything that the planner decided about one snapshot. Far too much to be shown as a text."""

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
    return Replanner().plan(snapshot, policy, running, observed)


class Replanner:
    """Plans one snapshot after the other, and keeps the placement as far as it is still true. Plans hold nothing of it,
    so they stay what they are; of several threads one plans at a time."""

    def __init__(self) -> None:
        self._last: tuple[Snapshot, Policy, Placement] | None = None
        self._sorts = Sorts()
        self._classes = 0
        """Of pods, when the placement was new, those included that nobody had to know."""
        self._one_at_a_time = threading.Lock()
        self.started_anew = 0
        """How often a new placement had to be made."""

    def plan(
        self,
        snapshot: Snapshot,
        policy: Policy,
        running: Autoscaler | None = None,
        observed: Observed | None = None,
    ) -> Plan:
        """As the function of the same name."""
        with self._one_at_a_time, _few_collections():
            return self._plan(snapshot, policy, running or autoscaler.find(snapshot), observed)

    def _plan(self, snapshot: Snapshot, policy: Policy, running: Autoscaler, observed: Observed | None) -> Plan:
        placement = self._placement(snapshot, policy)
        decided, before_packing = pending.decide(snapshot, policy, running.status, placement)
        if not policy.scale_down_with_packed_pods:
            placement.rollback(before_packing)
        choice = decided.choice
        waits = choice.waits_until is not None
        scale_in = judge(snapshot, policy, placement, running, observed, choice.grows, waits, self._sorts)
        if not self._classes:
            self._classes = max(len(placement.classes), len(self._sorts))
        self._last = (snapshot, policy, placement)
        return Plan(snapshot, policy, running, decided, scale_in)

    def _placement(self, snapshot: Snapshot, policy: Policy) -> Placement:
        """The last one brought up to date, or a new one: also when classes of pods that are gone have piled up."""
        last, self._last = self._last, None
        if last is not None and len(last[2].classes) <= _MOST_CLASSES * self._classes + _SPARE:
            before, its_policy, placement = last
            cutoff = policy.expendable_pods_priority_cutoff
            same_rules = _placing(policy) == _placing(its_policy)
            if same_rules and follow(placement, before, snapshot, cutoff):
                return placement
        placement = Placement.from_snapshot(snapshot, *_placing(policy))
        self._sorts, self._classes = Sorts(), 0
        self.started_anew += 1
        return placement


_MOST_CLASSES, _SPARE = 2, 1_000


def _placing(policy: Policy) -> tuple[tuple[int, int], int]:
    """The settings that a placement depends on."""
    return policy.rule_set.version, policy.expendable_pods_priority_cutoff


class _Calm:
    """How many plans are being made, in any thread, and the collector's thresholds before the first of them."""

    lock = threading.Lock()
    plans = 0
    before = (700, 10, 10)


@contextmanager
def _few_collections() -> Iterator[None]:
    """A plan makes many objects that all live until it is done; looking for garbage among them again and again takes a
    quarter of its time. The last plan to end puts the collector back."""
    with _Calm.lock:
        if not _Calm.plans:
            _Calm.before = gc.get_threshold()
            gc.set_threshold(max(_Calm.before[0], 200_000), 50, 1_000)
        _Calm.plans += 1
    try:
        yield
    finally:
        with _Calm.lock:
            _Calm.plans -= 1
            if not _Calm.plans:
                gc.set_threshold(*_Calm.before)
