"""Which other group could do what an expansion is meant to do, if its group can't: by the pods that wait for it, else
by the likeness of its machines. Pure."""

from collections.abc import Sequence

from core.analysis.groups import membership
from core.analysis.pending.skips import NOT_AUTOSCALED
from core.analysis.planning import Plan
from core.kube.own_kinds import NodeGroup


def after(plan: Plan, group: str, pods: Sequence[str]) -> str:
    """The group in words, "" when there is none. `pods`: those that would land on the new nodes."""
    found = [one for one in plan.snapshot.groups.values() if one.id != group and _could(plan, one)]
    waiting = set(pods) & {one.pod.key for one in plan.pending.pods}
    if waiting:
        best = max(found, key=lambda one: _takes(plan, one, waiting), default=None)
        if best is None or not (number := _takes(plan, best, waiting)):
            return ""
        return f"{best.name} (room for {_room(plan, best)} more, would take {number} of {len(waiting)} pods)"
    alike = [one for one in found if _taints(plan, one) == _taints(plan, plan.snapshot.groups.get(group))]
    best = min(alike, key=lambda one: _distance(plan, one, group), default=None)
    return f"{best.name} (room for {_room(plan, best)} more)" if best is not None else ""


def _could(plan: Plan, group: NodeGroup) -> bool:
    """It has room and a template, and the autoscaler knows no reason against it but that it doesn't drive it."""
    reason = next((one.skipped for one in plan.pending.groups if one.group == group.id), None)
    return _room(plan, group) > 0 and group.id in plan.pending.templates and reason in (None, NOT_AUTOSCALED)


def _room(plan: Plan, group: NodeGroup) -> int:
    return group.max_size - membership(plan.snapshot).target(group)


def _takes(plan: Plan, group: NodeGroup, pods: set[str]) -> int:
    verdicts = (one for one in plan.pending.pods if one.pod.key in pods)
    return sum(1 for one in verdicts if group.id in one.groups and one.groups[group.id] is None)


def _taints(plan: Plan, group: NodeGroup | None) -> frozenset[tuple[str, str]]:
    template = plan.pending.templates.get(group.id) if group is not None else None
    return frozenset((one.key, one.effect) for one in template.node.taints) if template is not None else frozenset()


def _distance(plan: Plan, one: NodeGroup, group: str) -> float:
    mine, other = plan.pending.templates.get(group), plan.pending.templates[one.id]
    if mine is None:
        return 0.0
    sizes = ((mine.node.allocatable.get(name, 0), other.node.allocatable.get(name, 0)) for name in ("cpu", "memory"))
    return sum(abs(a - b) / max(a, b, 1) for a, b in sizes)
