"""Everything decided again after some changes, and held against what was decided before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.analysis.pending.result import ECI, FITS_EXISTING, IGNORED, Resize
from core.analysis.planning import Plan, Replanner
from core.analysis.what_if.state import Change, State


@dataclass(frozen=True)
class Comparison:
    """What is different afterwards. Pods are `namespace/name`.

    `lands`: pod -> node, for pods that have another place than before; `waits`: pods without a place, of which
    `displaced` had one before; `lost`: pods that nobody starts anew. `removable`: nodes that become so; `kept`: nodes
    that were, are still there, and are not any more. `resize`: what the autoscaler would grow next."""

    before: Plan
    after: Plan
    notes: tuple[str, ...]
    lands: Mapping[str, str]
    waits: tuple[str, ...]
    displaced: tuple[str, ...]
    lost: tuple[str, ...]
    removable: tuple[str, ...]
    kept: tuple[str, ...]
    resize: tuple[Resize, ...]


def what_if(before: Plan, changes: Sequence[Change], replanner: Replanner | None = None) -> Comparison:
    """`before` and what it becomes after these changes, made in this order. Pure: nothing but copies is touched.

    `replanner`: of a cluster that is much the same (`before`'s own, or the last answer's): the answer comes sooner."""
    state = State(before, before.snapshot, before.policy, before.running)
    for change in changes:
        state = change(state)
    after = (replanner or Replanner()).plan(state.snapshot, state.policy, state.running)
    return _compared(before, after, state.notes)


def _compared(before: Plan, after: Plan, notes: tuple[str, ...]) -> Comparison:
    had, has = _places(before), _places(after)
    waits = tuple(key for key, place in has.items() if place is None)
    going, went = set(after.scale_in.together), set(before.scale_in.together)
    return Comparison(
        before=before,
        after=after,
        notes=notes,
        lands={key: place for key, place in has.items() if place is not None and had.get(key) != place},
        waits=waits,
        displaced=tuple(key for key in waits if had.get(key) is not None),
        lost=tuple(key for key in had if key not in has),
        removable=tuple(name for name in after.scale_in.together if name not in went),
        kept=tuple(name for name in before.scale_in.together if name in after.snapshot.nodes and name not in going),
        resize=after.pending.choice.resize,
    )


def _places(plan: Plan) -> dict[str, str | None]:
    """Pod -> its node, or the one that takes it; None while it waits. Static and DaemonSet pods belong to their
    nodes."""
    found: dict[str, str | None] = {
        pod.key: pod.node
        for pod in plan.snapshot.pods.values()
        if pod.node is not None and not (pod.terminated or pod.mirror or pod.of_daemonset)
    }
    for one in plan.pending.pods:
        if one.verdict != IGNORED:
            found[one.pod.key] = one.node if one.verdict in (FITS_EXISTING, ECI) else None
    return found
