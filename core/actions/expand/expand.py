"""An expansion that runs: asked for once, through the plan's door, then followed until its nodes are Ready. What it is
made of is decided in expand_plan; what the cloud says of it on the way is read in growth."""

from core.actions import group_claim, scaling_group
from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud, needed
from core.actions.expand import expand_plan
from core.actions.expand.expand_plan import Details
from core.actions.expand.growth import Growth, details_of
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, CLOSED, DONE, FAILED, PARTLY, REFUSED, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, attempt
from core.clients.kubernetes import Reader
from core.errors import Refused, VacancyError

LOOK = 3.0
"""Seconds between two looks at a group that grows."""
SETTLES, ACCEPTS, ENDS, JOINS = 600.0, 600.0, 1800.0, 1200.0
"""Seconds: until another activity is over, until the call is accepted, until the activity is over, until the nodes are
Ready."""


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """One group, larger."""
    return await expand_plan.plan(situation, asked)


async def go(run: Run) -> None:
    """To its end, with the group claimed as long as it takes."""
    await _go(run, Growth(run, details_of(run.plan)))


async def _go(run: Run, growth: Growth) -> None:
    details = details_of(run.plan)
    if not details.more:
        await run.end(DONE, f"{details.name} has {details.to} machines already")
        return
    try:
        async with group_claim.holding(run, [details.group]):
            outcome, why = await attempt(run, steps(growth, details), look=LOOK)
    except VacancyError as error:
        outcome, why = REFUSED if isinstance(error, Refused) else FAILED, str(error)
    if outcome != DONE and growth.unsure:
        known = "whether its machines were asked for is not known yet: resume it"
        await run.end(FAILED, f"{why}; {known}", final=False)
    elif outcome != DONE and not growth.was_asked:
        await run.end(outcome if outcome in (REFUSED, CANCELLED) else FAILED, f"{why}; nothing was asked for")
    elif outcome not in (DONE, CANCELLED) and not growth.ended:
        await run.end(
            FAILED, f"{why}; the machines were asked for, and are followed no further: resume it", final=False
        )
    else:
        await run.end(*_ending(outcome, why, growth, details))


def steps(growth: Growth, details: Details) -> tuple[Step, ...]:
    """What go takes, in order."""
    name = details.name
    before = {"size": details.before, "to": details.to}
    return (
        Step("look again at", name, growth.as_planned, patience=SETTLES),
        Step("ask for machines in", name, growth.asked, growth.ask, patience=ACCEPTS, before=before),
        Step("follow the activity of", name, growth.over, patience=ENDS),
        Step("wait for the nodes of", name, growth.ready, patience=JOINS),
    )


def _ending(outcome: str, why: str, growth: Growth, details: Details) -> tuple[str, str]:
    """How it ends, as honestly as what was seen allows."""
    ready = len(growth.ready_nodes)
    told = f"{ready} of {details.more} nodes are Ready" + (f": {', '.join(growth.ready_nodes[:5])}" if ready else "")
    if outcome == CANCELLED:
        return CANCELLED, f"cancelled; {told}; what was asked for can't be called back, the group goes on by itself"
    if ready >= details.more:
        return DONE, told
    if not growth.was_asked:
        return DONE, f"{details.name} has {details.to} machines; somebody else made it so"
    return _short(growth.why or why, told, growth, details)


def _short(why: str, told: str, growth: Growth, details: Details) -> tuple[str, str]:
    """Not all machines came, or not all that came have joined."""
    came = len(growth.machines)
    tail = f"; not Ready: {', '.join(growth.missing[:5])}" if growth.missing else ""
    tail += "; the group keeps its new size, so ESS goes on trying" if growth.tries_on and came < details.more else ""
    tail += f"; next: {details.next}" if details.next and came < details.more else ""
    if not came:
        return FAILED, f"no machine came: {why}{tail}"
    return PARTLY, f"{came} of {details.more} machines came, {told}: {why}{tail}"


async def resume(run: Run, entry: Entry) -> None:
    """The same steps: what was asked for is found again in the cloud, by the mark that it carries."""
    growth = Growth(run, details_of(run.plan))
    growth.recall(entry.lines)
    await _go(run, growth)


async def undo(run: Run, entry: Entry) -> None:
    """Refused: machines that were bought are not given back by taking a step back."""
    raise Refused(
        f"an expansion can't be undone: its machines run and may be in use; resume or close it, and take machines out "
        f"with vacancy remove ({details_of(run.plan).name})"
    )


async def close(run: Run) -> None:
    """Only the claim is given up; what was asked for goes on by itself."""
    await group_claim.release(run, details_of(run.plan).group)
    await run.end(CLOSED, "the claim on the group is given up; machines that were asked for come all the same")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """The group's size held against the plan, and the activity that this action began."""
    assert entry.plan is not None
    details = details_of(entry.plan)
    now = await scaling_group.look(needed(cloud), details.group)
    lines = [
        f"group {details.name} is brought to {now.size} machines; it had {details.before}, and {details.to} are wanted"
    ]
    ours = [one for one in now.activities if entry.plan.id in one.metadata]
    new = ours or [one for one in now.activities if one.id not in details.activities]
    lines += [f"activity {one.id}: {one.status}, {one.message or one.description}" for one in new]
    return lines if new else [*lines, "ESS shows no activity since the plan was made"]
