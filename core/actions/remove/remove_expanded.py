"""Out of a group that ESS alone manages: the machine's relation to the group is cut first, so that nothing refills;
then it is released with the group's own call, or kept and wiped of the cluster. Also the way of attached machines that
were put into such a group."""

from collections.abc import Iterator

from core.actions.action_plan import PlannedStep
from core.actions.remove.machine_steps import status
from core.actions.remove.remove_door import Removal
from core.actions.remove.remove_groups import members
from core.actions.remove.remove_way import DELETE, PATIENCE, Way
from core.errors import VacancyError

DETACH, REMOVE = "detach it from its group", "remove it from its group and release the machine"
LEFT, RELEASED = "see it leave the group", "see the machine released"
RECYCLED = "Stopped"
"""State of a member, and of its machine, that a recycling group keeps for later in place of releasing it."""


def steps(one: Removal) -> Iterator[PlannedStep]:
    """After the drain, when the machine is released."""
    what = REMOVE + ("; its desired size stays" if one.keep_desired else "; its desired size goes down with it")
    yield PlannedStep(what, f"{one.machine} of {one.group}")
    yield PlannedStep(RELEASED, one.machine)
    yield PlannedStep(DELETE, one.node)


async def remove(way: Way, hooks: float) -> None:
    """Release it. `hooks`: seconds for which a lifecycle hook may hold it."""
    one = way.one
    token = way.run.token(REMOVE, one.node)

    async def send() -> object:
        return await way.writer.ess.remove(one.group, [one.machine], token, keep_desired=one.keep_desired)

    await way.step(REMOVE, lambda: _leaves(way), send, machine=one.machine, group=one.group)
    await way.step(LEFT, lambda: _left(way), patience=PATIENCE + hooks)
    await way.step(RELEASED, lambda: released(way))
    await way.delete_node()


async def detach(way: Way, hooks: float) -> None:
    """Out of the group; the machine goes on running."""
    one = way.one
    token = way.run.token(DETACH, one.node)

    async def send() -> object:
        return await way.writer.ess.detach(one.group, [one.machine], token, keep_desired=one.keep_desired)

    await way.step(DETACH, lambda: _leaves(way), send, machine=one.machine, group=one.group)
    await way.step(LEFT, lambda: _left(way), patience=PATIENCE + hooks)


async def _leaves(way: Way) -> bool:
    """Whether it is on its way out, or out."""
    found = (await members(way.cloud, way.one.group)).get(way.one.machine)
    return found is None or found.state.startswith("Removing") or found.state == RECYCLED


async def _left(way: Way) -> bool:
    found = (await members(way.cloud, way.one.group)).get(way.one.machine)
    if found is not None and found.state in ("InService", "Protected"):
        raise VacancyError(f"{way.one.machine} is in service in {way.one.group} again: a lifecycle hook called it back")
    return found is None or found.state == RECYCLED


async def released(way: Way) -> bool:
    """Whether the machine is given back, or stopped to be used again."""
    return await status(way) in ("", RECYCLED)
