"""All of scale-in for one snapshot: each node's verdict, what can go together, what goes now. The rules themselves
are in the modules beside this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from core.analysis import readiness
from core.analysis.autoscaler import Autoscaler
from core.analysis.groups import Membership, membership
from core.analysis.placement import Placement
from core.analysis.scale_in import timing
from core.analysis.scale_in.deletion import Leaving, Limits
from core.analysis.scale_in.drainability import Drainability
from core.analysis.scale_in.eligibility import NO_NODE_INFO, NOT_AUTOSCALED, NOT_UNDERUTILIZED, Eligibility
from core.analysis.scale_in.removal import Removals, ordered
from core.analysis.scale_in.result import (
    BLOCKED,
    BUSY,
    NOT_MANAGED,
    REMOVABLE,
    UNKNOWN,
    CoolDown,
    Drain,
    Estimate,
    NodeVerdict,
    ScaleIn,
    Utilization,
)
from core.analysis.scale_in.roster import Sorts
from core.analysis.scale_in.timing import Observed
from core.analysis.scale_in.utilization import Meter, threshold
from core.analysis.vendors import overlay_of
from core.analysis.vendors.eci import Eci
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.policy.settings import Policy

GROUPS = "NodeGroup"


def judge(
    snapshot: Snapshot,
    policy: Policy,
    placement: Placement,
    running: Autoscaler,
    observed: Observed | None = None,
    growing: bool = False,
    awaiting_pods: bool = False,
    sorts: Sorts | None = None,
) -> ScaleIn:
    """Every node of `snapshot` judged. `placement` holds its nodes with the pods as scale-in is to see them, those
    packed on them included; nodes that it has beyond the snapshot's are on their way. It is left as it was.

    `observed`: what was seen in earlier judgements. `growing`: the next loop adds nodes, so that it removes none;
    `awaiting_pods`: it does neither, because more pods may come. `sorts`: of the judgement before, over this same
    placement."""
    kept = sorts if sorts is not None else Sorts()
    judgement = _Judgement(snapshot, policy, placement, running, observed or Observed(), growing, awaiting_pods, kept)
    return judgement.result()


@dataclass(frozen=True)
class _Standing:
    """A node on its way to a verdict. `reason` is from eligibility."""

    node: Node
    index: int | None
    group: NodeGroup | None
    policy: Policy
    utilization: Utilization
    threshold: float
    reason: str | None


@dataclass
class _Judgement:
    snapshot: Snapshot
    policy: Policy
    placement: Placement
    running: Autoscaler
    observed: Observed
    growing: bool
    awaiting_pods: bool
    sorts: Sorts
    _policies: dict[str, Policy] = field(default_factory=dict)

    @cached_property
    def now(self) -> float:
        return self.snapshot.as_of if self.policy.now is None else self.policy.now

    @cached_property
    def membership(self) -> Membership:
        return membership(self.snapshot)

    @cached_property
    def groups_known(self) -> bool:
        return self.policy.assume_complete or self.snapshot.has(GROUPS)

    def result(self) -> ScaleIn:
        mark = self.placement.mark()
        for index in range(len(self.snapshot.nodes), len(self.placement.nodes)):
            self.placement.bar(index)
        try:
            return self._result()
        finally:
            self.placement.rollback(mark)
            self.placement.cursor = 0

    def _result(self) -> ScaleIn:
        rules = Drainability(self.snapshot, self.policy, self.now)
        removals = Removals(self.placement, rules, self.policy.rule_set, Eci(self.snapshot), self.sorts)
        standings = self._standings()
        drains = {one.node.name: self._drain(one, removals) for one in standings}
        verdicts = [self._verdict(one, drains[one.node.name]) for one in standings]
        candidates = [one for one in standings if one.reason is None and self.groups_known]
        together = self._together(candidates, drains, removals)
        now, waits = self._now(standings, verdicts, together, removals)
        cool_down = self._cool_down()
        nodes = tuple(self._timed(verdict, waits, cool_down, now) for verdict in verdicts)
        return ScaleIn(cool_down, nodes, tuple(together), tuple(now))

    def _standings(self) -> list[_Standing]:
        rules = Eligibility(self.snapshot, self.membership, overlay_of(self.policy.rule_set.overlay), self.now)
        meter = Meter(self.placement, self.now)
        found = []
        for node in self.snapshot.nodes.values():
            group, index = self.membership.of.get(node.name), self.placement.index(node.name)
            policy = self._policy_of(group)
            used = meter.utilization(node, index, policy)
            limit = threshold(node, policy)
            reason = rules.reason(node, group, policy, used, limit)
            found.append(_Standing(node, index, group, policy, used, limit, reason))
        return found

    def _policy_of(self, group: NodeGroup | None) -> Policy:
        if group is None:
            return self.policy
        if group.id not in self._policies:
            self._policies[group.id] = self.policy.per_group(group)
        return self._policies[group.id]

    def _drain(self, one: _Standing, removals: Removals) -> Drain:
        if one.index is None or readiness.not_started(one.node, one.policy, self.now):
            return Drain(False, NO_NODE_INFO)
        return removals.alone(one.index)

    def _verdict(self, one: _Standing, drain: Drain) -> NodeVerdict:
        unknown: tuple[str, ...] = ()
        reason = one.reason
        if not self.groups_known and not one.node.virtual:
            verdict, reason, unknown = UNKNOWN, None, (GROUPS,)
        elif reason is not None:
            verdict = {NOT_AUTOSCALED: NOT_MANAGED, NOT_UNDERUTILIZED: BUSY}.get(reason, BLOCKED)
        elif drain.removable is None:
            verdict, unknown = UNKNOWN, (drain.unknown or "",)
        elif drain.removable and self._failed_lately(one.node.name):
            verdict, reason = BLOCKED, timing.RECENTLY_UNREMOVABLE
        else:
            verdict, reason = (REMOVABLE, None) if drain.removable else (BLOCKED, drain.reason)
        since = timing.unneeded_since(one.node, self.observed, self.now) if verdict == REMOVABLE else None
        name, group = one.node.name, one.group
        return NodeVerdict(
            name, group.id if group else None, verdict, reason, one.utilization, one.threshold, drain, since,
            unknown=unknown,
        )  # fmt: skip

    def _failed_lately(self, name: str) -> bool:
        failed = self.observed.failed_at.get(name)
        return failed is not None and failed + self.policy.unremovable_node_recheck_timeout > self.now

    def _together(self, candidates: list[_Standing], drains: Mapping[str, Drain], removals: Removals) -> list[str]:
        by_index = {one.index: one for one in candidates if one.index is not None}
        empty = {index for index in by_index if removals.is_empty(index)}
        marked = {
            index for index, one in by_index.items()
            if timing.unneeded_since(one.node, self.observed, self.now) is not None
        }  # fmt: skip
        gone = removals.together(ordered(list(by_index), empty, marked))
        return [by_index[index].node.name for index in gone]

    def _cool_down(self) -> CoolDown:
        return timing.cool_down(self.policy, self.running, self.now, self.growing)

    def _now(
        self, standings: list[_Standing], verdicts: list[NodeVerdict], together: list[str], removals: Removals
    ) -> tuple[list[str], dict[str, str]]:
        """What the next loop deletes, and why each other removable node waits."""
        going = set(together)
        since = {verdict.node: verdict.since for verdict in verdicts if verdict.verdict == REMOVABLE}
        waits = {name: timing.NOT_TOGETHER for name in since if name not in going}
        by_name = {one.node.name: one for one in standings}
        candidates = [self._leaving(by_name[name], removals, since[name]) for name in together if name in since]
        now, more = self._limits(standings, removals).choose(one for one in candidates if one is not None)
        waits.update(more)
        stopped = self._stopped()
        if stopped is None:
            return now, waits
        return [], {**waits, **dict.fromkeys(now, stopped)}

    def _limits(self, standings: list[_Standing], removals: Removals) -> Limits:
        deleted = {one.node.name for one in standings if readiness.being_deleted(one.node, self.now)}
        counts = overlay_of(self.policy.rule_set.overlay).counts
        staying = [
            one.node
            for one in standings
            if not one.node.virtual and one.node.name not in deleted and counts(one.node, one.group)
        ]
        leaving = (self._leaving(one, removals, None) for one in standings if one.node.name in deleted)
        return Limits(self.policy, self.membership, staying, [one for one in leaving if one is not None])

    def _stopped(self) -> str | None:
        """Why nothing at all is removed now."""
        if not self.policy.scale_down_enabled:
            return timing.DISABLED
        real = (node for node in self.snapshot.nodes.values() if not node.virtual)
        if not readiness.healthy(real, self.policy, self.now):
            return timing.UNHEALTHY
        if self.awaiting_pods:
            return timing.AWAITS_PODS
        if self.growing:
            return timing.GROWS_FIRST
        return timing.IN_COOLDOWN if self._cool_down().until is not None else None

    def _leaving(self, one: _Standing, removals: Removals, since: Estimate | None) -> Leaving | None:
        if one.group is None or one.index is None:
            return None
        wanted, reason = timing.wanted_time(one.node, one.policy)
        long_enough = self.policy.assume_unneeded_long_enough or (since is not None and since.at + wanted <= self.now)
        waits = None if long_enough else reason
        if waits is None and removals.waits_for_completion(one.index):
            waits = timing.ON_COMPLETION
        empty, risky = removals.is_empty(one.index), removals.risky(one.index)
        return Leaving(one.node, one.group, empty, waits, risky, one.policy.zero_or_max_node_scaling)

    def _timed(
        self, verdict: NodeVerdict, waits: Mapping[str, str], cool_down: CoolDown, now: list[str]
    ) -> NodeVerdict:
        """With when it goes, and what it waits for."""
        if verdict.verdict != REMOVABLE:
            return verdict
        waits_for = waits.get(verdict.node)
        own = (timing.NOT_UNNEEDED_LONG_ENOUGH, timing.NOT_UNREADY_LONG_ENOUGH, timing.ON_COMPLETION)
        reason = waits_for if waits_for in own else None
        return replace(verdict, waits_for=waits_for, reason=reason, goes_at=self._goes_at(verdict, cool_down))

    def _goes_at(self, verdict: NodeVerdict, cool_down: CoolDown) -> Estimate:
        """The earliest moment at which the autoscaler would act, as far as can be seen."""
        group = self.membership.of.get(verdict.node)
        wanted, _ = timing.wanted_time(self.snapshot.nodes[verdict.node], self._policy_of(group))
        if self.policy.assume_unneeded_long_enough:
            due, source = self.now, "assumed unneeded for long enough"
        elif verdict.since is not None:
            due, source = verdict.since.at + wanted, verdict.since.source
        else:
            due, source = self.now + wanted, "not seen marked as unneeded: counted from now"
        if cool_down.until is not None and cool_down.until > due:
            return Estimate(cool_down.until, cool_down.because or "cool-down")
        return Estimate(max(due, self.now), source)
