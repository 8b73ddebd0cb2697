"""Which other group could do what an expansion is meant to do, if its group can't: by the pods that wait for it, else
by the likeness of its machines. Pure."""

from collections.abc import Sequence

from core.analysis.groups import membership
from core.analysis.pending.skips import NOT_AUTOSCALED
from core.analysis.planning import Plan
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup


def after(plan: Plan, group: str, pods: Sequence[str]) -> str:
    """The group in words, "" when there is none. `pods`: those that would land on the new nodes. Takes a look at every
    node: off the event loop."""
    members = membership(plan.snapshot)
    rooms = {one.id: one.max_size - members.target(one) for one in plan.snapshot.groups.values()}
    found = [
        one for one in plan.snapshot.groups.values() if one.id != group and rooms[one.id] > 0 and _could(plan, one)
    ]
    waiting = set(pods) & {one.pod.key for one in plan.pending.pods}
    if waiting:
        return _for_pods(plan, found, rooms, waiting)
    template = plan.pending.templates.get(group)
    if template is None:
        return ""
    alike = [one for one in found if _taints(plan.pending.templates[one.id].node) == _taints(template.node)]
    best = min(alike, key=lambda one: _distance(template.node, plan.pending.templates[one.id].node), default=None)
    return f"{best.name} (room for {rooms[best.id]} more)" if best is not None else ""


def _for_pods(plan: Plan, found: Sequence[NodeGroup], rooms: dict[str, int], pods: set[str]) -> str:
    """The group whose new node would take most of them."""
    verdicts = [one for one in plan.pending.pods if one.pod.key in pods]
    takes = {
        one.id: sum(1 for verdict in verdicts if one.id in verdict.groups and verdict.groups[one.id] is None)
        for one in found
    }
    best = max(found, key=lambda one: takes[one.id], default=None)
    if best is None or not takes[best.id]:
        return ""
    return f"{best.name} (room for {rooms[best.id]} more, would take {takes[best.id]} of {len(pods)} pods)"


def _could(plan: Plan, group: NodeGroup) -> bool:
    """It has a template, and the autoscaler knows no reason against it but that it doesn't drive it."""
    reason = next((one.skipped for one in plan.pending.groups if one.group == group.id), None)
    return group.id in plan.pending.templates and reason in (None, NOT_AUTOSCALED)


def _taints(node: Node) -> frozenset[tuple[str, str]]:
    return frozenset((one.key, one.effect) for one in node.taints)


def _distance(one: Node, other: Node) -> float:
    sizes = ((one.allocatable.get(name, 0), other.allocatable.get(name, 0)) for name in ("cpu", "memory"))
    return sum(abs(a - b) / max(a, b, 1) for a, b in sizes)
