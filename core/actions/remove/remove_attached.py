"""A machine that stays: it leaves its group if it is in one, its userdata is overwritten, its Node deleted, and
`kubeadm reset` takes the cluster off its disk. For attached machines, and for expanded ones that are kept."""

from collections.abc import Iterator

from core.actions.action_plan import PlannedStep
from core.actions.remove import machine_steps, remove_expanded
from core.actions.remove.machine_steps import CLEAR, RESET, START, STOP
from core.actions.remove.remove_door import Removal
from core.actions.remove.remove_way import DELETE, Way


def steps(one: Removal) -> Iterator[PlannedStep]:
    """After the drain."""
    if one.group:
        what = remove_expanded.DETACH + ("" if one.keep_desired else ", so that nothing refills")
        yield PlannedStep(what, f"{one.machine} of {one.group}")
    if one.clears:
        yield PlannedStep(f"{CLEAR}, unless ECS wants the machine stopped for it", one.machine)
    yield PlannedStep(DELETE, one.node)
    if one.resets:
        yield PlannedStep(f"{RESET} by Cloud Assistant", one.machine)
    if one.clears:
        yield from stopping(one)


def stopping(one: Removal) -> Iterator[PlannedStep]:
    """The last of all: what ECS may want the machine stopped for."""
    again = f", {START}" if one.running else ""
    yield PlannedStep(f"if ECS wants it stopped for its userdata: {STOP}, {CLEAR}{again}", one.machine)


async def remove(way: Way, hooks: float) -> None:
    """All of it. `hooks`: seconds for which a lifecycle hook may hold a machine that leaves its group."""
    one = way.one
    if one.group:
        await remove_expanded.detach(way, hooks)
    if one.clears:
        await machine_steps.clear_user_data(way)
    await way.delete_node()
    if one.resets:
        await machine_steps.reset(way)
    if one.clears:
        await machine_steps.clear_stopped(way)
