"""What comes in from ECS: the machines behind nodes and groups when they are new, their types, and for machines that
were attached what their userdata does (never what it holds)."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from core.analysis import origin
from core.clients.alibaba import NotFound
from core.cluster.cloud_kinds import CONFIGURATION, INSTANCE, INSTANCE_TYPE, MEMBER, NODE_POOL, USER_DATA
from core.feeds.cloud_around import CloudAround
from core.where import CloudNeed

MACHINES = 100
"""Machines in one call."""
TYPES = 10
USER_DATA_AGE = 6 * 3600.0
"""Seconds: userdata changes only by somebody's hand."""


class EcsFeed:
    """Runs until it is cancelled."""

    def __init__(self, around: CloudAround) -> None:
        self._around, self._ecs = around, around.reader.ecs
        self._instances, self._types = around.table(INSTANCE), around.table(INSTANCE_TYPE)
        self._user_data = around.table(USER_DATA)
        self._read_at: dict[tuple[str, str], float] = {}
        self._names: dict[str, tuple[int, tuple[str, ...]]] = {}

    async def run(self) -> None:
        """Follow everything for ever."""
        around, look = self._around, self._around.timing.look
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(around.every(look, self._instances, self.read_instances), name="ecs machines")
            tasks.create_task(around.every(look, self._types, self.read_types), name="ecs types")
            tasks.create_task(around.every(look, self._user_data, self.read_user_data), name="ecs userdata")

    async def read_once(self) -> None:
        """The machines of nodes and groups."""
        await self._around.once(self._instances, self.read_instances)

    async def read_more(self, need: CloudNeed, most: int) -> None:
        """Types, which templates rest on, and the userdata of at most so many attached machines, once."""
        if need != "origins":
            await self._around.once(self._types, self.read_types)
        if need in ("origins", "all"):
            await self._around.once(self._user_data, partial(self.read_user_data, most))

    async def read_instances(self) -> None:
        """Machines that are new, or whose record is old; those that ECS doesn't know are gone."""
        machines = self._when_changed("instance", self._machines, "Node", MEMBER.name)
        wanted = self._fresh("instance", machines, self._around.timing.details)
        if not wanted and not self._instances.held:
            self._instances.merge(())
        for start in range(0, len(wanted), MACHINES):
            part = wanted[start : start + MACHINES]
            found = await self._ecs.instances(part)
            there = {machine.id for machine in found.items}
            held = self._around.known.table(INSTANCE.name)
            gone = [held[name] for name in part if name in held and name not in there]
            self._instances.merge(found.items, gone, found.problems)
            self._done("instance", part)

    async def read_types(self) -> None:
        """Machine types that somebody uses; they never change."""
        types = self._when_changed("type", self._used_types, "Node", CONFIGURATION.name, NODE_POOL.name)
        wanted = self._fresh("type", types, float("inf"))
        if not wanted and not self._types.held:
            self._types.merge(())
        for start in range(0, len(wanted), TYPES):
            part = wanted[start : start + TYPES]
            found = await self._ecs.types(part)
            self._types.merge(found.items, problems=found.problems)
            self._done("type", part)

    async def read_user_data(self, most: int | None = None) -> None:
        """Of attached machines, one by one: it decides whether they joined by themselves."""
        wanted = self._fresh("userdata", await self._attached(), USER_DATA_AGE)[:most]
        if not wanted and not self._user_data.held and self._instances.held:
            self._user_data.merge(())
        for name in wanted:
            with contextlib.suppress(NotFound):  # released in between
                self._user_data.merge([await self._ecs.user_data(name)])
            self._done("userdata", [name])

    def _when_changed(self, what: str, names: Callable[[], Iterator[str]], *kinds: str) -> tuple[str, ...]:
        """The names, worked out anew only when these kinds have changed."""
        version, held = self._names.get(what, (-1, ()))
        now = self._around.known.version(*kinds)
        if now != version:
            held = tuple(dict.fromkeys(names()))
            self._names[what] = now, held
        return held

    def _fresh(self, what: str, names: Iterable[str], oldest: float) -> list[str]:
        """Those that were never read, or too long ago."""
        now = time.monotonic()
        return [name for name in names if now - self._read_at.get((what, name), -oldest) >= oldest]

    def _done(self, what: str, names: list[str]) -> None:
        self._read_at.update({(what, name): time.monotonic() for name in names})

    def _machines(self) -> Iterator[str]:
        known = self._around.known
        for node in known.table("Node").values():
            if node.instance_id and not node.virtual:
                yield node.instance_id
        yield from known.table(MEMBER.name)

    def _used_types(self) -> Iterator[str]:
        known = self._around.known
        for node in known.table("Node").values():
            if node.instance_type.startswith("ecs."):
                yield node.instance_type
        for kind in (CONFIGURATION.name, NODE_POOL.name):
            for one in known.table(kind).values():
                yield from one.instance_types

    async def _attached(self) -> tuple[str, ...]:
        """Machines that were attached, worked out anew in a thread when what the cloud says has changed."""
        known = self._around.known
        version, held = self._names.get("userdata", (-1, ()))
        now = known.version(*origin.KINDS)
        if now != version:
            tables = {kind: dict(known.table(kind)) for kind in ("Node", *origin.KINDS)}
            held = await asyncio.to_thread(_attached, tables)
            self._names["userdata"] = now, held
        return held


def _attached(tables: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    machines, nodes = tables[INSTANCE.name], tables["Node"].values()
    return tuple(
        node.instance_id
        for node in nodes
        if node.instance_id in machines and origin.of(node, tables.__getitem__).attached
    )
