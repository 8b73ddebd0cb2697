"""Suspend processes of scaling groups, and resume them: what ESS does by itself stops, or goes on. Only what changed is
taken back by an undo."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from core.actions import group_claim, guards, scaling_group
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.cloud import Cloud, needed, writing
from core.actions.journal_reading import Entry
from core.actions.line_by_line import attempt_lines
from core.actions.run import CLOSED, FAILED, REFUSED, UNDONE, Run
from core.actions.scaling_group import GroupNow
from core.actions.situation import Asked, Situation
from core.actions.step import Step
from core.clients.kubernetes import Reader
from core.cluster.group import Group
from core.errors import InputError, Refused, VacancyError, one_line

SUSPEND, UNSUSPEND = "suspend", "unsuspend"
PROCESSES = ("ScaleIn", "ScaleOut", "HealthCheck", "AlarmNotification", "ScheduledAction")
USUAL = ("ScaleIn", "ScaleOut")
"""What is suspended when nobody says what: with these two the group keeps its size, and its sick machines are still
seen. Rules, alarms and schedules then come to nothing by themselves."""
_STOPS = {
    "ScaleIn": "no machine is taken out",
    "ScaleOut": "no machine comes, not even in place of a lost one",
    "HealthCheck": "unhealthy machines stay",
    "AlarmNotification": "alarms run no rule",
    "ScheduledAction": "scheduled tasks do nothing",
}


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of processes; none: the usual ones, or all that are suspended."""

    processes: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True):
    """One group: what was suspended before, and what is to change."""

    group: str
    name: str
    before: tuple[str, ...]
    change: tuple[str, ...]


class Details(msgspec.Struct, frozen=True):
    """What the run needs."""

    suspend: bool
    targets: tuple[Target, ...]


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """What would be suspended or resumed in these groups. Raises InputError for names that are none."""
    cloud, processes = needed(situation.cloud), _checked(asked.args_as(Args).processes)
    groups = scaling_group.all_named(situation.snapshot, asked.targets)
    looked = await asyncio.gather(*(scaling_group.look(cloud, group.id) for group in groups))
    suspend, place = asked.action == SUSPEND, situation.reader.place
    targets = tuple(_target(group, now, processes, suspend) for group, now in zip(groups, looked, strict=True))
    findings = [*guards.judge(situation.guards, place.context, ()), *scaling_group.guarded(situation.guards, groups)]
    findings += await scaling_group.claims(situation, [group.id for group in groups])
    findings += [one for group, target in zip(groups, targets, strict=True) for one in _judged(group, target, suspend)]
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        findings=tuple(findings),
        steps=tuple(
            PlannedStep(f"{_verb(suspend)} {', '.join(one.change)}", one.name) for one in targets if one.change
        ),
        subject=", ".join(one.name for one in targets),
        follows=tuple(one.name for one in targets),
        says=tuple(_says(targets, suspend)),
        region=cloud.region,
        cluster=cloud.cluster,
        details=msgspec.to_builtins(Details(suspend, targets)),
    )


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in PROCESSES]:
        raise InputError(f"process {one_line(wrong[0], 40)}: there are {', '.join(PROCESSES)}")
    return tuple(dict.fromkeys(names))


def _target(group: Group, now: GroupNow, processes: tuple[str, ...], suspend: bool) -> Target:
    before = now.scaling.suspended
    wanted = processes or (USUAL if suspend else before)
    change = tuple(one for one in wanted if (one in before) is not suspend)
    return Target(group.id, scaling_group.title(group), before, change)


def _judged(group: Group, target: Target, suspend: bool) -> Iterator[Finding]:
    if not target.change:
        state = "suspended" if suspend else "not suspended"
        yield Finding(Level.NOTE, "NothingToDo", target.name, f"they are {state} already")
    elif suspend and group.autoscaling:
        text = "an autoscaler drives it: its calls will fail, and it will back off from the group"
        yield Finding(Level.WARNING, "Autoscaled", target.name, text)
    if suspend and group.pool_id and "ScaleOut" in target.change:
        yield Finding(Level.NOTE, "OfAck", target.name, "the ACK API can't bring the pool to its size meanwhile")


def _says(targets: Sequence[Target], suspend: bool) -> Iterator[str]:
    for one in targets:
        if one.change:
            yield f"{one.name}: {_verb(suspend)} {', '.join(one.change)}" + (
                f"; suspended already: {', '.join(one.before)}" if suspend and one.before else ""
            )
    changed = dict.fromkeys(name for one in targets for name in one.change)
    for name in changed if suspend else ():
        yield f"while {name} is suspended: {_STOPS.get(name, 'nothing is known of it')}"


def _verb(suspend: bool) -> str:
    return "suspend" if suspend else "resume"


async def go(run: Run) -> None:
    """Group by group, each claimed as long as it takes."""
    details = _details(run.plan)
    await _walk(run, [(one, one.change, details.suspend) for one in details.targets], "")


async def _walk(run: Run, changes: Sequence[tuple[Target, Sequence[str], bool]], outcome: str) -> None:
    lines = [(target.name, [_step(run, target, names, suspend)] if names else []) for target, names, suspend in changes]
    try:
        async with group_claim.holding(run, [target.group for target, _, _ in changes]):
            ended, text = await attempt_lines(run, lines)
    except VacancyError as error:
        await run.end(REFUSED if isinstance(error, Refused) else FAILED, f"{error}; nothing was changed")
        return
    told = "as it was before" if outcome else f"as wanted: {', '.join(line for line, _ in lines[:5])}"
    await run.end((outcome or ended) if not text else ended, text or told)


def _step(run: Run, target: Target, names: Sequence[str], suspend: bool) -> Step:
    async def happened() -> bool:
        now = await scaling_group.look(needed(run.cloud), target.group)
        return all((name in now.scaling.suspended) is suspend for name in names)

    async def act() -> object:
        ess = writing(run.cloud).ess
        return await (ess.suspend if suspend else ess.resume)(target.group, names)

    return Step(f"{_verb(suspend)} {', '.join(names)} of", target.name, happened, act, before={"was": target.before})


async def resume(run: Run, entry: Entry) -> None:
    """What is so already is left alone."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """What this action changed, the other way; what was suspended before stays so."""
    details = _details(run.plan)
    await _walk(run, [(one, one.change, not details.suspend) for one in details.targets], UNDONE)


async def close(run: Run) -> None:
    """Only the claims are given up."""
    for one in _details(run.plan).targets:
        await group_claim.release(run, one.group)
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each group."""
    assert entry.plan is not None
    lines = []
    for one in _details(entry.plan).targets:
        now = (await scaling_group.look(needed(cloud), one.group)).scaling.suspended
        lines.append(f"group {one.name}: suspended is {_list(now)}; it was {_list(one.before)}")
    return lines


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _details(plan: ActionPlan) -> Details:
    return msgspec.convert(plan.details, Details)
