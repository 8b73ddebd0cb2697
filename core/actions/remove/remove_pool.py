"""Out of a node pool, through the ACK API, which drains, deletes the Node, undoes the join and gives the machine back
or keeps it, as it is told in so many words. Its task is followed; the pool's desired size is lowered as soon as the
machine no longer counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.actions.action_plan import PlannedStep
from core.actions.remove import machine_steps, remove_groups
from core.actions.remove.remove_attached import stopping
from core.actions.remove.remove_door import Removal
from core.actions.remove.remove_expanded import RECYCLED, RELEASED, released
from core.actions.remove.remove_groups import LOWER, Size
from core.actions.remove.remove_way import PATIENCE, Way
from core.errors import VacancyError, one_line

ASK, LEFT, DONE = "ask ACK to remove it", "see it leave the pool", "wait until ACK has removed it"
DRAINS = 1800.0
"""Seconds that ACK may take for its own drain."""
FAILED, OVER = ("fail", "failed"), ("success", "fail", "failed", "canceled")
"""States of a task of ACK."""
Json = dict[str, Any]


def steps(one: Removal, size: Size | None) -> Iterator[PlannedStep]:
    """After our own drain."""
    yield PlannedStep(
        f"{ASK}: drain true, release {str(one.release).lower()}", f"{one.machine} of {one.pool or 'the cluster'}"
    )
    if size is not None and size.pinned is not None:
        kept = "leave the pool's desired size" if one.keep_desired else f"{LOWER}, and read it back"
        yield PlannedStep(kept, one.pool)
    yield PlannedStep(DONE, one.node)
    if one.release:
        yield PlannedStep(RELEASED, one.machine)
    elif one.clears:
        yield from stopping(one)


async def remove(way: Way, size: Size | None, all_of_it: Sequence[Removal]) -> None:
    """All of it. `size`: its pool's group, `all_of_it` what else leaves it."""
    tasks = _Tasks(way)
    await tasks.forget_failed()
    await way.step(ASK, tasks.asked, lambda: _send(way), DRAINS, release=way.one.release)
    if way.one.member and size is not None:
        await way.step(LEFT, tasks.left, patience=DRAINS + size.waits)
        await remove_groups.lower_pool(way, size, all_of_it)
    await way.step(DONE, tasks.done, patience=DRAINS + PATIENCE)
    if way.one.release:
        await way.step(RELEASED, lambda: released(way))
    elif way.one.clears:
        await machine_steps.clear_stopped(way)


async def _send(way: Way) -> str:
    one, cs, cluster = way.one, way.writer.cs, way.cloud.cluster
    if one.member:
        return await cs.remove_from_pool(cluster, one.pool, [one.machine], drain=True, release=one.release)
    return await cs.delete_nodes(cluster, [one.node], drain=True, release=one.release)


@dataclass
class _Tasks:
    """The tasks of ACK that name this machine. The API takes no client token: they are the evidence that it was asked
    already, also by a process that didn't live to see the answer."""

    way: Way
    _names_it: dict[str, bool] = field(default_factory=dict)
    _failed_before: set[str] = field(default_factory=set)

    async def forget_failed(self) -> None:
        """What failed until now is no matter of what comes."""
        self._failed_before = {str(task["task_id"]) for task in await self._ours() if task.get("state") in FAILED}

    async def asked(self) -> bool:
        """Whether ACK is at it, or it is done."""
        return any(task.get("state") not in OVER for task in await self._check()) or await self._gone()

    async def left(self) -> bool:
        """Whether the machine counts in its group no more."""
        await self._check()
        return not await remove_groups.counts(self.way)

    async def done(self) -> bool:
        """Whether nothing is left to do for ACK."""
        under_way = any(task.get("state") not in OVER for task in await self._check())
        return not under_way and await self._gone()

    async def _check(self) -> list[Json]:
        """Ours. Raises VacancyError with what ACK says of one that has failed."""
        found = await self._ours()
        for task in found:
            if task.get("state") in FAILED and task["task_id"] not in self._failed_before:
                error = task.get("error")
                told = error.get("message") or error.get("code") if isinstance(error, dict) else ""
                why = one_line(str(told or "it does not say why"))
                raise VacancyError(f"ACK's task {task['task_id']} failed: {why}")
        return found

    async def _ours(self) -> list[Json]:
        reader = self.way.cloud.reader.cs
        found = []
        for task in await reader.tasks(self.way.cloud.cluster):
            name = str(task.get("task_id") or "") if task.get("state") != "success" else ""
            if name and name not in self._names_it:
                told = str((await reader.task(name)).get("parameters"))
                self._names_it[name] = self.way.one.machine in told or self.way.one.node in told
            if name and self._names_it[name]:
                found.append(task)
        return [task for task in found if "attach" not in str(task.get("task_type"))]

    async def _gone(self) -> bool:
        """Out of the cluster, and out of its group."""
        if self.way.one.member:
            here = await remove_groups.members(self.way.cloud, self.way.one.group)
            found = here.get(self.way.one.machine)
            if found is not None and found.state != RECYCLED:
                return False
        return await self.way.node_gone()
