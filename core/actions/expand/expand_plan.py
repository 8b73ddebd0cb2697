"""An expansion as a plan: through which door, what would land, what it would cost, what stands in the way, and which
group would be next. Running it is in expand; what the cloud tells beforehand is in expand_facts and expand_costs."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from core.actions import guards, scaling_group
from core.actions.action_plan import ActionPlan, Effect, Finding, Level, PlannedStep
from core.actions.cloud import Cloud, needed
from core.actions.expand import expand_costs, expand_facts, expand_next
from core.actions.expand.expand_costs import SUBSCRIPTION, Cost
from core.actions.expand.expand_facts import Growth, Told
from core.actions.registered import registered
from core.actions.scaling_group import GroupNow
from core.actions.situation import Asked, Situation
from core.analysis.what_if import expand as expanded
from core.analysis.what_if import what_if
from core.clients.alibaba import CloudError
from core.cluster.group import Group
from core.errors import InputError, Refused, VacancyError, one_line

ESS, DESIRED, COUNT = "ess", "ack-desired", "ack-count"
"""The doors: ScaleWithAdjustment of ESS; the pool's desired size, or so many machines more, through the ACK API."""
MOST = 500
"""Machines that ScaleClusterNodePool adds at once."""
NEWEST = "20"
"""Tasks of the ACK API that are looked at."""


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`by` machines more, or to a size of `to`: one of them."""

    by: int | None = None
    to: int | None = None


class Details(msgspec.Struct, frozen=True):
    """What the run needs. `activities` and `tasks` were there before, so they are none of this action's; `tasks` None:
    nobody tells. `next`: where else it could be done."""

    group: str
    name: str
    door: str
    before: int
    to: int
    pool: str = ""
    activities: tuple[str, ...] = ()
    tasks: tuple[str, ...] | None = None
    next: str = ""

    @property
    def more(self) -> int:
        return self.to - self.before


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """The expansion of one group, looked at from all sides; nothing is changed. Raises VacancyError."""
    if len(asked.targets) != 1:
        raise InputError("expand: name one group; each expansion is a plan of its own")
    cloud, args = needed(situation.cloud), asked.args_as(Args)
    group = scaling_group.named(situation.snapshot, asked.targets[0])
    now = await scaling_group.look(cloud, group.id)
    before, to = _sizes(args, now, group)
    growth = Growth(group, to - before, to, alone=not group.pool_id)
    seen = await _look(situation, cloud, growth, now)
    details, effect = seen.details, seen.effect
    order = list(Level)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        findings=tuple(sorted(seen.findings, key=lambda one: order.index(one.level))),
        effect=effect,
        steps=_steps(details),
        irreversible=tuple(_irreversible(growth)),
        confirm=str(growth.more) if growth.more > 0 else "",
        subject=details.name,
        follows=tuple(f"machine {number}" for number in range(1, growth.more + 1)),
        says=(*_says(growth, details, now, effect), *seen.says),
        region=cloud.region,
        cluster=cloud.cluster,
        details=msgspec.to_builtins(details),
    )


@dataclass(frozen=True)
class _Seen:
    """What was found out about the group."""

    details: Details
    effect: Effect
    findings: list[Finding]
    says: list[str]


async def _look(situation: Situation, cloud: Cloud, growth: Growth, now: GroupNow) -> _Seen:
    """Ask the cloud, the API server and the what-if, all at once."""
    group, door = growth.group, _door(growth.group)
    tasks, told, cost, claims, joins, (effect, unknown, elsewhere) = await asyncio.gather(
        _tasks(cloud, door), _facts(cloud, growth), _cost(situation, cloud, growth),
        scaling_group.claims(situation, [group.id]), registered.judge(situation.reader),
        asyncio.to_thread(_imagined, situation, growth),
    )  # fmt: skip
    known = tuple(one.id for one in now.activities)
    before = growth.to - growth.more
    name = scaling_group.title(group)
    details = Details(group.id, name, door, before, growth.to, group.pool_id, known, tasks, elsewhere)
    found = [*_limits(growth, now), *_state(now, situation.now), *_guards(situation, growth), *claims, *joins]
    found += [*told.findings, *_about_group(growth, effect, unknown), *_door_open(cloud, door, tasks)]
    return _Seen(details, effect, found, [_priced(cost, growth), *told.says, _elsewhere(elsewhere)])


def _sizes(args: Args, now: GroupNow, group: Group) -> tuple[int, int]:
    """The size now, and the one that is wanted. Raises InputError, and Refused where ESS doesn't tell the size."""
    if (args.by is None) is (args.to is None):
        raise InputError("expand: say by how many machines (--by N), or to which size (--to N)")
    if now.size is None:
        raise Refused(f"group {scaling_group.title(group)}: ESS doesn't say how large it is")
    to = args.to if args.to is not None else now.size + (args.by or 0)
    if to < now.size or (args.by is not None and args.by < 1):
        raise InputError(f"expand only adds: {scaling_group.title(group)} has {now.size}; to take out: vacancy remove")
    if to - now.size > MOST:
        raise InputError(f"expand: at most {MOST} machines at once, and these would be {to - now.size}")
    return now.size, to


def _door(group: Group) -> str:
    """A pool belongs to the ACK API: its group must not be changed behind its back. With autoscaling on, ACK keeps no
    desired size that could be set, so it is asked for so many machines more."""
    if not group.pool_id:
        return ESS
    pinned = group.pool is not None and group.pool.desired is not None and not group.autoscaling
    return DESIRED if pinned else COUNT


async def _tasks(cloud: Cloud, door: str) -> tuple[str, ...] | None:
    """Ids of the ACK API's newest tasks; None where they are not needed, or not told."""
    if door == ESS or not cloud.cluster:
        return None
    try:
        return tuple(str(row.get("task_id")) for row in await newest_tasks(cloud))
    except CloudError:
        return None


async def newest_tasks(cloud: Cloud) -> list[dict[str, Any]]:
    """DescribeClusterTasks, newest first. Raises CloudError."""
    query = {"page_number": "1", "page_size": NEWEST}
    body = await cloud.reader.cs.ask("DescribeClusterTasks", f"/clusters/{cloud.cluster}/tasks", query)
    rows = body.get("tasks")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


async def _facts(cloud: Cloud, growth: Growth) -> Told:
    return await expand_facts.ask(cloud, growth) if growth.more else Told()


async def _cost(situation: Situation, cloud: Cloud, growth: Growth) -> Cost:
    return await expand_costs.cost(cloud, situation.prices, growth.group, growth.more)


def _imagined(situation: Situation, growth: Growth) -> tuple[Effect, str, str]:
    """What would land on the new nodes; why that isn't known, if it isn't; and which group would be next."""
    at, group = situation.snapshot.as_of, growth.group.id
    if not growth.more:
        return Effect(at=at), "", ""
    try:
        found = what_if(situation.before, [expanded(group, growth.more)])
    except VacancyError as error:
        return Effect(at=at), str(error), expand_next.after(situation.before, group, ())
    effect = Effect(lands=dict(found.lands), waits=found.waits, at=at)
    return effect, "", expand_next.after(situation.before, group, tuple(effect.lands))


def _limits(growth: Growth, now: GroupNow) -> Iterator[Finding]:
    name, high = scaling_group.title(growth.group), now.scaling.max_size
    if growth.more == 0:
        yield Finding(Level.NOTE, "NothingToDo", name, f"it has {growth.to} already")
    elif growth.to > high:
        room = max(0, high - (growth.to - growth.more))
        who = "ESS would stop there without a word" if growth.alone else "the ACK API would refuse"
        text = f"its maximum is {high}, so there is room for {room} more and {who}; raise the maximum first"
        yield Finding(Level.REFUSAL, "AtMaximum", name, text)


def _state(now: GroupNow, at: float) -> Iterator[Finding]:
    scaling = now.scaling
    about = scaling.name or scaling.id
    if scaling.state not in ("", "Active"):
        yield Finding(Level.REFUSAL, "NotActive", about, f"the scaling group is {scaling.state}: enable it first")
    if scaling.system_suspended:
        text = "ESS has suspended it after days of failures: find the cause, then vacancy suspend --off"
        yield Finding(Level.REFUSAL, "SuspendedByEss", about, text)
    if "ScaleOut" in scaling.suspended:
        text = "its process ScaleOut is suspended; vacancy suspend --off lets it grow again"
        yield Finding(Level.REFUSAL, "Suspended", about, text)
    elif scaling.suspended:
        text = f"suspended, though not in the way: {', '.join(scaling.suspended)}"
        yield Finding(Level.NOTE, "Suspended", about, one_line(text))
    if (running := now.running) is not None:
        text = f"an activity runs ({running.description or running.id}): its end is waited for"
        yield Finding(Level.WARNING, "ActivityInProgress", about, one_line(text))
    if (until := _cools_until(now)) is not None and until > at:
        moment = time.strftime("%H:%M:%S", time.gmtime(until))
        yield Finding(
            Level.NOTE, "Cooldown", about, f"it cools down until {moment}Z, which holds rules up, not a person"
        )


def _cools_until(now: GroupNow) -> float | None:
    ended = next((one.ended for one in now.activities if one.ended is not None), None)
    return None if ended is None or not now.scaling.cooldown else ended + now.scaling.cooldown


def _guards(situation: Situation, growth: Growth) -> Iterator[Finding]:
    limits, place = situation.guards, situation.reader.place
    yield from guards.judge(limits, place.context, ())
    yield from scaling_group.guarded(limits, [growth.group])
    if growth.more > limits.max_nodes:
        text = f"{growth.more} machines at once, and the guard allows {limits.max_nodes} (max_nodes, --max-nodes)"
        yield Finding(Level.REFUSAL, "TooManyNodes", "", text)


def _about_group(growth: Growth, effect: Effect, unknown: str) -> Iterator[Finding]:
    group = growth.group
    name = scaling_group.title(group)
    for problem in group.problems:
        if not problem.startswith(("suspended:", "ESS has suspended", "the scaling group is")):
            yield Finding(Level.WARNING, "GroupProblem", name, one_line(problem))
    if unknown:
        yield Finding(Level.NOTE, "EffectUnknown", name, f"what would land is not known: {one_line(unknown)}")
    elif growth.more and group.autoscaling and not effect.lands:
        text = "no pod waits for these machines: the autoscaler may take them out again; vacancy protect keeps them"
        yield Finding(Level.WARNING, "NobodyWaits", name, text)
    if group.template.charge_type == SUBSCRIPTION:
        text = "its machines are subscriptions: paid for the whole period, and never released by vacancy"
        yield Finding(Level.WARNING, "Subscription", name, text)


def _door_open(cloud: Cloud, door: str, tasks: tuple[str, ...] | None) -> Iterator[Finding]:
    if door != ESS and not cloud.cluster:
        text = "the node pool belongs to the ACK API, and the cluster's id is not known: give --cluster-id"
        yield Finding(Level.REFUSAL, "NoClusterId", "", text)
    elif door == COUNT and tasks is None:
        text = "the ACK API doesn't list its tasks: if an answer gets lost, the call is not sent again, but given up"
        yield Finding(Level.NOTE, "TasksUnread", "", text)


def _says(growth: Growth, details: Details, now: GroupNow, effect: Effect) -> Iterator[str]:
    kinds = ", ".join(growth.group.template.instance_types[:3]) or "machines of a type that is not told"
    limits = f"its limits are {now.scaling.min_size} and {now.scaling.max_size}"
    yield one_line(f"from {details.before} to {details.to}: {growth.more} more ({kinds}); {limits}")
    yield _door_said(details.door)
    yield _landing(effect)


def _landing(effect: Effect) -> str:
    if not effect.lands:
        still = f" (waiting: {len(effect.waits)})" if effect.waits else ""
        return f"no pod that waits would land on them{still}"
    some = ", ".join(list(effect.lands)[:3]) + ("…" if len(effect.lands) > 3 else "")
    still = f"; {len(effect.waits)} would still wait" if effect.waits else ""
    return one_line(f"{'1 pod' if len(effect.lands) == 1 else f'{len(effect.lands)} pods'} would land: {some}{still}")


def _door_said(door: str) -> str:
    return {
        ESS: "by ESS (ScaleWithAdjustment): no node pool of the ACK API owns this group",
        DESIRED: "by the ACK API: the desired size of the node pool (ModifyClusterNodePool)",
        COUNT: "by the ACK API: so many machines more (ScaleClusterNodePool); autoscaling keeps no desired size",
    }[door]


def _priced(cost: Cost, growth: Growth) -> str:
    if not growth.more:
        return "costs nothing more"
    if cost.month is None:
        return one_line(f"cost: unknown ({cost.source})")
    hour = f"{cost.currency} {float(cost.hour):,.2f} an hour, " if cost.hour is not None else ""
    return one_line(f"cost: {hour}{cost.currency} {float(cost.month):,.2f} a month ({cost.source})")


def _elsewhere(found: str) -> str:
    return f"if it can't, next: {found}" if found else "if it can't: no other group would do"


def _irreversible(growth: Growth) -> Iterator[str]:
    if growth.more:
        yield "the machines are paid for until somebody takes them out (vacancy remove); there is no undo"


def _steps(details: Details) -> tuple[PlannedStep, ...]:
    call = {ESS: "ScaleWithAdjustment", DESIRED: "ModifyClusterNodePool", COUNT: "ScaleClusterNodePool"}[details.door]
    return (
        PlannedStep("look again whether the group is as planned", details.name),
        PlannedStep(f"ask for the machines ({call})", details.name),
        PlannedStep("follow the activity to its end", details.name),
        PlannedStep("wait until the nodes are Ready", f"{details.more} nodes"),
    )
