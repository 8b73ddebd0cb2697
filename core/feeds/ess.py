"""What comes in from ESS: all scaling groups every few seconds, and for those of this cluster what changes when
machines come and go. Members are never read group by group on every round: the groups' own figures say when it is
worth it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from typing import Any

from core.clients.alibaba import CloudError, Items
from core.cluster.cloud import ScalingGroup, ScalingInstance
from core.cluster.cloud_kinds import (
    ACTIVITY,
    ALARM,
    CONFIGURATION,
    HOOK,
    MEMBER,
    RULE,
    SCALING_GROUP,
    SCHEDULED_TASK,
)
from core.feeds.cloud_around import CloudAround
from core.feeds.cloud_table import CloudTable
from core.where import CloudNeed

CONFIGURATIONS = 10
"""Scaling configurations in one call."""
AT_ONCE = 8
"""Details read before it is looked again what is most urgent: two seconds' worth of calls."""
NEWEST = 10
"""Activities read of each group; older ones only where a machine came by them."""
ACTIVITIES = 20
"""Activities in one call by id."""
MEMBERS = 50
"""Members in one call."""
ALL = (MEMBER.name, ACTIVITY.name, HOOK.name)

Read = Callable[[ScalingGroup], Awaitable[None]]


class EssFeed:
    """Runs until it is cancelled."""

    def __init__(self, around: CloudAround) -> None:
        self._around, self._ess = around, around.reader.ess
        self._groups, self._configurations = around.table(SCALING_GROUP), around.table(CONFIGURATION)
        self._rules, self._tasks, self._alarms = (around.table(kind) for kind in (RULE, SCHEDULED_TASK, ALARM))
        self.details = GroupDetails(around)
        self._configured: dict[str, float] = {}

    async def read_once(self, templates: bool) -> None:
        """Groups, and what they make new machines from."""
        await self._around.once(self._groups, self.read_groups)
        if templates:
            await self._around.once(self._configurations, self.read_configurations)

    async def read_movers(self) -> None:
        """Rules, scheduled tasks and alarms, once."""
        tables = ((self._rules, self.read_rules), (self._tasks, self.read_tasks), (self._alarms, self.read_alarms))
        for table, read in tables:
            await self._around.once(table, read)

    async def run(self) -> None:
        """Follow everything for ever."""
        around, timing = self._around, self._around.timing
        self._groups.connecting()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(around.every(timing.groups, self._groups, self.read_groups), name="ess groups")
            tasks.create_task(around.every(timing.look, self._configurations, self.read_configurations))
            tasks.create_task(around.every(timing.movers, self._rules, self.read_rules))
            tasks.create_task(around.every(timing.movers, self._tasks, self.read_tasks))
            tasks.create_task(around.every(timing.movers, self._alarms, self.read_alarms))
            tasks.create_task(self.details.run(), name="ess details")

    async def read_groups(self) -> None:
        """All groups of the region."""
        found = await self._ess.groups()
        self._groups.replace(found.items, found.problems)

    async def read_configurations(self) -> None:
        """The active configuration of every group, where it is new or old."""
        groups: Iterable[ScalingGroup] = self._around.known.table(SCALING_GROUP.name).values()
        now = time.monotonic()
        wanted = [
            group.configuration_id
            for group in groups
            if group.configuration_id and now >= self._configured.get(group.configuration_id, 0.0)
        ]
        for start in range(0, len(wanted), CONFIGURATIONS):
            part = wanted[start : start + CONFIGURATIONS]
            found = await self._ess.configurations(part)
            self._configurations.merge(found.items, problems=found.problems)
            self._configured.update(dict.fromkeys(part, time.monotonic() + self._around.timing.details))

    async def read_rules(self) -> None:
        found = await self._ess.rules()
        self._rules.replace(found.items, found.problems)

    async def read_tasks(self) -> None:
        found = await self._ess.scheduled_tasks()
        self._tasks.replace(found.items, found.problems)

    async def read_alarms(self) -> None:
        found = await self._ess.alarms()
        self._alarms.replace(found.items, found.problems)


class GroupDetails:
    """Members, activities and hooks of the groups that belong to this cluster, the most urgent first."""

    def __init__(self, around: CloudAround) -> None:
        self._around, self._ess = around, around.reader.ess
        self._members, self._activities, self._hooks = (around.table(kind) for kind in (MEMBER, ACTIVITY, HOOK))
        self._read_at: dict[tuple[str, str], float] = {}
        self._moves: dict[tuple[str, str], object] = {}
        self._blocked: dict[str, float] = {}
        self._asked: set[str] = set()
        self._first: dict[str, Items[ScalingInstance]] | None = {}
        self._together: set[str] = set()
        self._readers: dict[str, tuple[CloudTable, Read]] = {
            MEMBER.name: (self._members, self._read_members),
            ACTIVITY.name: (self._activities, self._read_activities),
            HOOK.name: (self._hooks, self._read_hooks),
        }

    async def run(self) -> None:
        """Follow for ever."""
        await self._around.sorted_out.wait()
        while True:
            if not await self.catch_up(AT_ONCE) and not await self.read_creations(1):
                await self._around.outage.sleep(self._around.timing.look)

    async def read_once(self, need: CloudNeed) -> None:
        """What a command needs to know of each group."""
        detailed = need in ("groups", "all")
        await self.catch_up(kinds=(MEMBER.name, ACTIVITY.name) if detailed else (MEMBER.name,))
        if detailed:
            await self.catch_up(kinds=(HOOK.name,), waiting=need != "all")

    async def catch_up(self, most: int | None = None, kinds: Container[str] = ALL, waiting: bool = False) -> int:
        """Read what is due, at most so many, only of some kinds, only of groups where a machine waits for an answer to
        a hook; how many it were."""
        self._forget_groups()
        if MEMBER.name in kinds and not waiting:
            await self._read_together(MEMBER.name)
        if HOOK.name in kinds and not waiting:
            await self._read_together(HOOK.name)
        wanted = (one for one in self._due() if one[1] in kinds and (not waiting or _waits(one[2])))
        due = sorted(wanted, key=lambda one: one[0])[:most]
        for _, what, group in due:
            await self._read(what, group)
        self._end_first_round()
        return len(due)

    async def read_creations(self, calls: int) -> int:
        """The activities that members came by, where they are not among the newest: they tell on whose behalf a machine
        was made. How many calls it took."""
        if time.monotonic() < self._blocked.get(ACTIVITY.name, 0.0):
            return 0
        known, wanted = self._around.known.table(ACTIVITY.name), self._creations()
        made = [name for name in wanted if name not in known and name not in self._asked]
        parts = [made[start : start + ACTIVITIES] for start in range(0, len(made), ACTIVITIES)][:calls]
        for part in parts:
            try:
                found = await self._ess.activities_by_id(part)
            except CloudError as error:
                self._activities.failed(error)
                self._blocked[ACTIVITY.name] = time.monotonic() + self._around.pause(error)
                return 0
            self._asked.update(part)
            self._activities.merge(found.items, problems=found.problems, part="by id")
        return len(parts)

    def _creations(self) -> list[str]:
        members: Iterable[ScalingInstance] = self._around.known.table(MEMBER.name).values()
        return list(
            dict.fromkeys(one.activity_id for one in members if one.creation == "AutoCreated" and one.activity_id)
        )

    def _due(self) -> Iterator[tuple[int, str, ScalingGroup]]:
        """(urgency, what, group): what has changed, what was never read, what is old."""
        timing, now, running = self._around.timing, time.monotonic(), self._running()
        groups = self._around.known.table(SCALING_GROUP.name)
        for group in [groups[name] for name in self._around.related if name in groups]:
            stirred = group.busy or group.id in running
            ages = {MEMBER.name: timing.details, HOOK.name: timing.details}
            ages[ACTIVITY.name] = timing.groups if stirred else timing.activities
            for rank, (what, oldest) in enumerate(ages.items()):
                if now < self._blocked.get(what, 0.0):
                    continue
                read_at = self._read_at.get((what, group.id))
                if read_at is None:
                    yield 10 + rank, what, group
                elif what != HOOK.name and self._moves.get((what, group.id)) != group.moves:
                    yield 0, what, group
                elif now - read_at > oldest:
                    yield (1 if stirred else 20), what, group

    def _running(self) -> set[str]:
        """Groups in which an activity is in progress."""
        activities = self._around.known.table(ACTIVITY.name).values()
        return {activity.group_id for activity in activities if activity.status == "InProgress"}

    async def _read(self, what: str, group: ScalingGroup) -> None:
        table, read = self._readers[what]
        if time.monotonic() < self._blocked.get(what, 0.0):
            return
        try:
            await read(group)
        except CloudError as error:
            table.failed(error)
            self._blocked[what] = time.monotonic() + self._around.pause(error)
            return
        self._read_at[what, group.id] = time.monotonic()
        self._moves[what, group.id] = group.moves

    async def _read_together(self, what: str) -> None:
        """The first time: all members, or hooks, of the region in one list, where that takes fewer calls than one a
        group. Where it is refused they are read group by group, which also tells what is wrong."""
        known = self._around.known.table(SCALING_GROUP.name)
        ours = [known[name] for name in self._around.related if name in known]
        if what in self._together or not ours or not _worthwhile(what, known.values(), ours):
            return
        self._together.add(what)
        with contextlib.suppress(CloudError):
            found: Items[Any] = await (self._ess.members() if what == MEMBER.name else self._ess.hooks())
            by_group: dict[str, list[Any]] = {}
            for item in found.items:
                by_group.setdefault(item.group_id, []).append(item)
            for group in ours:
                problems = found.problems if group is ours[0] else ()
                self._take(what, group.id, Items(tuple(by_group.get(group.id, ())), problems))
                self._read_at[what, group.id], self._moves[what, group.id] = time.monotonic(), group.moves

    def _take(self, what: str, group: str, found: Items[Any]) -> None:
        """What was read of one group."""
        if what == MEMBER.name and self._first is not None:
            self._first[group] = found
        else:
            self._put(self._members if what == MEMBER.name else self._hooks, group, found.items, found.problems)

    async def _read_members(self, group: ScalingGroup) -> None:
        found: Items[ScalingInstance] = Items()
        if group.total != 0 or group.busy:
            found = await self._ess.members(group.id)
        self._take(MEMBER.name, group.id, found)

    def _end_first_round(self) -> None:
        """Members are held back until all groups have been read: "in no group" must not be said too early."""
        if self._first is None or not self._around.related or not self._around.related <= self._first.keys():
            return
        whole, self._first = self._first.values(), None
        self._members.replace(
            [item for one in whole for item in one.items], [line for one in whole for line in one.problems]
        )

    async def _read_activities(self, group: ScalingGroup) -> None:
        found = await self._ess.activities(group.id, NEWEST)
        self._put(self._activities, group.id, found.items, found.problems, set(self._creations()))

    async def _read_hooks(self, group: ScalingGroup) -> None:
        self._take(HOOK.name, group.id, await self._ess.hooks(group.id))

    def _put(
        self,
        table: CloudTable,
        group: str,
        items: Iterable[object],
        problems: tuple[str, ...],
        keep: Container[str] = (),
    ) -> None:
        """One group's part of a table: what is no longer in it is gone, but for what is to be kept."""
        new = {getattr(item, "key"): item for item in items}  # noqa: B009  # records of several classes
        held = self._around.known.table(table.kind.name).values()
        gone = [item for item in held if item.group_id == group and item.key not in new and item.key not in keep]
        table.merge(new.values(), gone, problems, group)

    def _forget_groups(self) -> None:
        """What belongs to a group that is no more, goes."""
        if not self._around.known.is_available(SCALING_GROUP.name):
            return
        groups = self._around.known.table(SCALING_GROUP.name)
        for table, _ in self._readers.values():
            gone = [item for item in self._around.known.table(table.kind.name).values() if item.group_id not in groups]
            if gone:
                table.merge((), gone)


def _calls(members: int) -> int:
    """How many calls a list of so many takes."""
    return max(1, -(-members // MEMBERS))


def _worthwhile(what: str, known: Iterable[ScalingGroup], ours: list[ScalingGroup]) -> bool:
    """Whether one list of all takes fewer calls than one list a group; of hooks a group has one or two."""
    if what == HOOK.name:
        return len(ours) > 2
    totals = [group.total for group in known]
    return None not in totals and _calls(sum(filter(None, totals))) < sum(_calls(group.total or 0) for group in ours)


def _waits(group: ScalingGroup) -> bool:
    """Whether a machine of the group waits for the answer to a hook."""
    return bool(group.pending_wait or group.removing_wait)
