"""Scale-out: which pods a new node of each group would help, which group wastes least, and asking ESS for it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.kube.pod import Pod
from sim.controllers.filters import Filters, Unusable
from sim.controllers.roster import Place, Roster, read_pod
from sim.world.autoscaler.groups import Group, Groups, is_daemon
from sim.world.virtual import is_unschedulable

Obj = dict[str, Any]

EXPENDABLE = -10
"""Pods below this priority are ignored (--expendable-pods-priority-cutoff)."""


@dataclass(slots=True)
class Option:
    """What growing one group would bring."""

    group: Group
    nodes: list[Place] = field(default_factory=list)
    pods: list[str] = field(default_factory=list)

    @property
    def waste(self) -> float:
        """Least-waste's score: the unused shares of CPU and memory, added."""
        score = 0.0
        for resource in ("cpu", "memory"):
            room = sum(place.node.allocatable.get(resource, 0) for place in self.nodes)
            taken = sum(place.taken.get(resource, 0) for place in self.nodes)
            score += (room - taken) / room if room else 1.0
        return score


@dataclass(slots=True)
class Outlook:
    """One look at the pending pods."""

    pods: dict[str, Obj]
    """The pods that count, by key."""
    coming: set[str]
    """Pods that nodes on their way will take."""
    options: list[Option]
    reasons: dict[str, Counter[str]]
    """Why groups don't help a pod: reason -> how many groups."""


def pending(groups: Groups) -> dict[str, Obj]:
    """The unschedulable pods that the autoscaler looks at."""
    found = {}
    for pod in groups.registry.pods_on(""):
        priority = int(pod["spec"].get("priority") or 0)
        wanted = is_unschedulable(pod) and "deletionTimestamp" not in pod["metadata"] and not is_daemon(pod)
        if wanted and priority >= EXPENDABLE:
            found[f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"] = pod
    return found


def look(groups: Groups, roster: Roster, current: Iterable[Group], backed_off: set[str]) -> Outlook:
    """Judge every pending pod against every group."""
    outlook = Outlook(pending(groups), set(), [], {})
    decoded = {key: read_pod(pod) for key, pod in outlook.pods.items()}
    filters = {key: made for key, pod in decoded.items() if (made := _filters(roster, pod)) is not None}
    rows = list(current)
    for group in rows:
        if group.coming:
            template = groups.template(group, roster)
            helped = _pack(group, template, decoded, filters, outlook.coming, group.coming)
            outlook.coming |= set(helped.pods)
    for group in rows:
        _consider(groups, roster, group, decoded, filters, outlook, backed_off)
    return outlook


def _filters(roster: Roster, pod: Pod) -> Filters | None:
    try:
        return Filters(roster, pod)
    except Unusable:
        return None


def _consider(
    groups: Groups,
    roster: Roster,
    group: Group,
    pods: dict[str, Pod],
    filters: dict[str, Filters],
    outlook: Outlook,
    backed_off: set[str],
) -> None:
    skipped = ""
    if group.id in backed_off:
        skipped = "in backoff after failed scale-up"
    elif group.target >= group.high:
        skipped = "max node group size reached"
    template = groups.template(group, roster)
    for key in pods:
        refusal = filters[key].refusal(template) if key in filters else None
        texts = refusal.reasons if refusal else () if key in filters else ("unbound immediate PersistentVolumeClaims",)
        for text in (skipped,) if skipped else texts:
            outlook.reasons.setdefault(key, Counter())[text] += 1
    if not skipped:
        option = _pack(group, template, pods, filters, outlook.coming, group.high - group.target)
        if option.pods:
            outlook.options.append(option)


def _pack(
    group: Group, template: Place, pods: dict[str, Pod], filters: dict[str, Filters], done: set[str], limit: int
) -> Option:
    """First fit of the pods on at most `limit` copies of the template, the largest pods first."""
    option = Option(group)
    by_size = sorted((key for key in filters if key not in done), key=lambda key: -_size(template, pods[key]))
    for key in by_size:
        place = next((one for one in option.nodes if filters[key].refusal(one) is None), None)
        if place is None and len(option.nodes) < limit and filters[key].refusal(template) is None:
            place = _copy(template)
            option.nodes.append(place)
        if place is not None:
            place.put(pods[key])
            option.pods.append(key)
    return option


def _size(template: Place, pod: Pod) -> float:
    room = template.node.allocatable
    return sum(pod.shape.requests.get(name, 0) / room[name] for name in ("cpu", "memory") if room.get(name))


def _copy(template: Place) -> Place:
    return Place(template.node, dict(template.pods), dict(template.taken))
