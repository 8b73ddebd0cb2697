"""Requests held against VPA recommendations, remembered usage and usage now: what other requests would free, on which
groups, and which nodes could go then."""

from core.analysis.groups import membership
from core.analysis.planning import Plan
from core.analysis.rightsizing.applied import applied, resized
from core.analysis.rightsizing.sizing import MARGIN, Rightsizing, Sizing, sizings
from core.analysis.rightsizing.sources import BY_HISTORY, BY_USAGE, BY_VPA, RESOURCES
from core.analysis.what_if import what_if
from core.cluster.snapshot import Snapshot

__all__ = [
    "BY_HISTORY", "BY_USAGE", "BY_VPA", "MARGIN", "RESOURCES", "Rightsizing", "Sizing", "resized", "rightsize",
]  # fmt: skip


def rightsize(plan: Plan, margin: int = MARGIN, by: str = "") -> Rightsizing:
    """Pure; to be called off the event loop. `by`: only what is known from this (BY_VPA, BY_HISTORY, BY_USAGE)."""
    items = sizings(plan, margin, by)
    changed = [one for one in items if one.wanted and one.pods]
    after = what_if(plan, [lambda state: applied(state, changed)])
    return Rightsizing(tuple(items), _by_group(plan.snapshot, after.after.snapshot), after, margin)


def _by_group(before: Snapshot, after: Snapshot) -> dict[str, dict[str, int]]:
    """What pods on the nodes of each group book less."""
    members = membership(before).of
    freed: dict[str, dict[str, int]] = {}
    for pod in before.pods.values():
        now = after.pods.get(pod.key, pod)
        if now.shape is not pod.shape and pod.node is not None:
            group = members.get(pod.node)
            sums = freed.setdefault(group.id if group is not None else "", dict.fromkeys(RESOURCES, 0))
            for name in RESOURCES:
                sums[name] += pod.shape.requests.get(name, 0) - now.shape.requests.get(name, 0)
    return freed
