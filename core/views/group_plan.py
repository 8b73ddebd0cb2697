"""What the plan means for one group, for the Groups view: its next size, why the autoscaler passes it over, and how
many of its nodes could go."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.analysis.planning import Plan
from core.views import reasons
from core.views.detail import Fact
from core.views.pending import skip_word
from core.views.table import EMPTY, UNKNOWN, Cell, Tone


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """`grows_to` None: the next loop adds nothing. `skipped`: why it could not. `removable`: nodes that could go one
    after the other, of which `now` with the next loop."""

    size: int | None = None
    grows_to: int | None = None
    skipped: str | None = None
    removable: int = 0
    now: int = 0
    rejected: str | None = None
    """Why it isn't the one that grows, though it could."""


def of_plan(plan: Plan) -> Mapping[str, GroupPlan]:
    """Group id -> what is planned for it."""
    sizes = {one.group: one for one in plan.pending.choice.resize}
    skipped = {one.group: one.skipped for one in plan.pending.groups}
    rejected = {one.group: one.rejected for one in plan.pending.groups}
    owner = {one.node: one.group for one in plan.scale_in.nodes}
    together = Counter(owner.get(name) for name in plan.scale_in.together)
    now = Counter(owner.get(name) for name in plan.scale_in.now)
    return {
        group: GroupPlan(
            sizes[group].before if group in sizes else None,
            sizes[group].after if group in sizes else None,
            skipped.get(group),
            together[group],
            now[group],
            rejected.get(group),
        )
        for group in dict.fromkeys([*plan.snapshot.groups, *skipped])
    }


def growth(planned: GroupPlan | None) -> Cell:
    """The next size, or why there is none."""
    if planned is None:
        return UNKNOWN
    if planned.grows_to is not None:
        return Cell(f"{planned.size} -> {planned.grows_to}", planned.grows_to, Tone.ACCENT)
    if planned.skipped is not None:
        by_hand = planned.skipped == "not autoscaled"
        return Cell(skip_word(planned.skipped), -1, Tone.MUTED if by_hand else Tone.WARNING)
    return Cell("could grow", 0, Tone.MUTED)


def could_go(planned: GroupPlan | None) -> Cell:
    """How many of its nodes could go, and how many of them go next."""
    if planned is None:
        return UNKNOWN
    if not planned.removable:
        return EMPTY
    now = f", {planned.now} next" if planned.now else ""
    return Cell(f"{planned.removable}{now}", planned.removable, Tone.GOOD)


def facts(plan: Plan | None, group: str) -> Iterator[Fact]:
    """What is planned for one group, in sentences; nothing before there is a plan."""
    planned = of_plan(plan).get(group) if plan is not None else None
    if planned is not None:
        yield Fact("Scale-out", Cell(_scale_out(planned), tone=growth(planned).tone), wide=True)
        yield Fact("Scale-in", Cell(_scale_in(planned), tone=could_go(planned).tone), wide=True)


def _scale_out(planned: GroupPlan) -> str:
    if planned.grows_to is not None:
        return f"Grows from {planned.size} to {planned.grows_to} with the next loop."
    why = planned.skipped or planned.rejected
    return reasons.meaning(why) if why else "Could grow, but no pod waits that it would help."


def _scale_in(planned: GroupPlan) -> str:
    if not planned.removable:
        return "None of its nodes could go."
    nodes = "1 of its nodes" if planned.removable == 1 else f"{planned.removable} of its nodes"
    return f"{nodes} could go, {planned.now or 'none'} of them with the next loop."
