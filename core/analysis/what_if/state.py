"""The cluster that a change is made on, and what a change is. The changes themselves are in changes and replicas."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.analysis.autoscaler import Autoscaler
from core.analysis.planning import Plan
from core.cluster.snapshot import Snapshot
from core.errors import InputError
from core.kube.own_kinds import NodeGroup
from core.policy.settings import Policy


@dataclass(frozen=True)
class State:
    """The cluster that a change is made on, with what was decided before any change."""

    before: Plan
    snapshot: Snapshot
    policy: Policy
    running: Autoscaler
    notes: tuple[str, ...] = ()
    """What a person should know about the changes beside what follows from them."""

    def noted(self, *notes: str) -> "State":
        return replace(self, notes=(*self.notes, *notes))


Change = Callable[[State], State]
"""Something that somebody could do, or that could happen. Raises InputError when the cluster has no such thing."""


def group_of(state: State, name: str) -> NodeGroup:
    """The group of that id. Raises InputError."""
    group = state.snapshot.groups.get(name)
    if group is None:
        known = ", ".join(list(state.snapshot.groups)[:5]) or "none is known"
        raise InputError(f"group {name}: there is none of that id ({known})")
    return group
