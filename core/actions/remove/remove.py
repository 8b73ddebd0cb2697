"""A removal that runs: drain all of the batch, then take each node out by its door, a few at a time and one at a time
in each group; read the groups' sizes back. The plan is in remove_plan, what is done at each door in the module named
after it."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.actions import group_claim
from core.actions.action_plan import ActionPlan, TargetNode
from core.actions.cloud import Cloud, needed, writing
from core.actions.drain import cordon_steps, node_patch, node_recovery
from core.actions.drain.cordon_steps import keep_claims
from core.actions.drain.drain import Drain
from core.actions.drain.node_patch import NodeGone
from core.actions.journal_reading import Entry
from core.actions.part import Part
from core.actions.remove import (
    remove_attached,
    remove_expanded,
    remove_external,
    remove_groups,
    remove_plan,
    remove_pool,
)
from core.actions.remove.remove_door import PREPAID, Door, Removal
from core.actions.remove.remove_way import Known, Way, known
from core.actions.run import CANCELLED, CLOSED, DONE, FAILED, PARTLY, REFUSED, UNDONE, Cancelled, Run
from core.actions.situation import Asked, Situation
from core.clients.kubernetes import Reader
from core.errors import Refused, VacancyError


@dataclass
class Pace:
    """Seconds: between two attempts of an eviction, two looks at pods, two looks at the state that a step leads to."""

    retry: float = 5.0
    pods: float = 1.0
    look: float = 2.0


PACE = Pace()


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """What it would mean to remove these nodes."""
    return await remove_plan.plan(situation, asked)


async def go(run: Run) -> None:
    """All of it, to its end."""
    await Removing(run, Known()).go()


async def resume(run: Run, entry: Entry) -> None:
    """What is left of it. Nodes that were past their drain are not drained again."""
    await Removing(run, known(entry), node_recovery.begun(entry)).go()


async def undo(run: Run, entry: Entry) -> None:
    """The cordon is taken back where nothing followed the drain. Raises Refused where more was done to every node."""
    sent = {node: steps for node, steps in known(entry).sent.items() if steps}
    back = [node for node in run.plan.nodes if node.name not in sent]
    if not back:
        name, steps = next(iter(sent.items()))
        raise Refused(f"node {name}: {steps[-1]} can't be taken back: resume or close it")
    for node in back:
        with contextlib.suppress(NodeGone):
            await cordon_steps.uncordon(run, node)
    await _give_up_groups(run)
    on = f"; on their way out and left so: {', '.join(sent)}" if sent else ""
    await run.end(UNDONE, f"{len(back)} nodes are as they were before; pods that were evicted stay where they are{on}")


async def close(run: Run) -> None:
    """Give up the claims."""
    await _release(run, run.plan.nodes)
    await _give_up_groups(run)
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each node, and one for its machine as far as the cloud can be asked."""
    assert entry.plan is not None
    lines = await node_recovery.nodes_now(entry, reader)
    for one in remove_plan.removals_of(entry.plan):
        if cloud is not None and one.machine:
            lines.append(await _machine_now(cloud, one))
    return lines


async def _machine_now(cloud: Cloud, one: Removal) -> str:
    try:
        found = (await cloud.reader.ecs.instances([one.machine])).items
        here = await remove_groups.members(cloud, one.group) if one.group else {}
    except VacancyError as error:
        return f"machine {one.machine}: {error}"
    state = here[one.machine].state if one.machine in here else ""
    member = f", {state} in {one.group}" if state else f", no longer in {one.group}" if one.group else ""
    return f"machine {one.machine} is {found[0].status if found else 'released'}{member}"


class Removing:
    """One batch. `begun`: nodes of which an earlier process had evicted a pod; None when it is not resumed."""

    def __init__(self, run: Run, known: Known, begun: Collection[str] | None = None) -> None:
        self._run, self._known, self._begun = run, known, begun
        self._removals = {one.node: one for one in remove_plan.removals_of(run.plan)}
        self._sizes = remove_plan.sizes_of(run.plan)
        self._drain = ("", "")
        self._between = dict.fromkeys(known.past, "left there")
        """Nodes that are empty and not out, and why."""
        self._turns = {group: asyncio.Lock() for group in self._sizes}

    async def go(self) -> None:
        """To its end, which the progress and the journal tell."""
        run = self._run
        try:
            if self._begun is None:
                await self._check_again()
            async with group_claim.holding(run, list(self._sizes)):
                drained = await self._empty()
                async with keep_claims(run, drained):
                    await self._take_out(drained)
                told = await self._read_back() if drained else []
        except Cancelled:
            await self._finish([], CANCELLED, "cancelled; nothing was begun")
        except VacancyError as error:
            await self._finish([], REFUSED if isinstance(error, Refused) else FAILED, str(error))
        else:
            await self._finish(told, *self._drain)

    async def _check_again(self) -> None:
        """What the plan rests on must be so now. Raises Refused."""
        run = self._run
        run.doing("asking the cloud again")
        ours = [one for one in self._removals.values() if one.door is not Door.EXTERNAL]
        if not ours:
            return
        writing(run.cloud)
        cloud = needed(run.cloud)
        charges = {found.id: found.charge_type for found in (await cloud.reader.ecs.instances(_machines(ours))).items}
        for one in ours:
            if one.release and charges.get(one.machine, PREPAID) == PREPAID:
                raise Refused(f"node {one.node}: machine {one.machine} is paid in advance, or not known: not released")
        for size in self._sizes.values():
            here = await remove_groups.members(cloud, size.id)
            for one in (one for one in ours if one.group == size.id and one.member and one.machine not in here):
                raise Refused(f"node {one.node}: {one.machine} is not in {size.id} any more; make a new plan")
            if size.pool and (now := (await remove_groups.pool_of(cloud, size.pool)).desired) != size.pinned:
                raise Refused(f"pool {size.name}: its desired size is {now}, it was {size.pinned}; make a new plan")

    async def _empty(self) -> list[TargetNode]:
        """Drain what is still to be drained; the nodes that can be taken out now."""
        run = self._run
        past = [node for node in run.plan.nodes if node.name in self._known.past or await self._is_gone(node)]
        left = [node for node in run.plan.nodes if node not in past]
        if not left:
            return past
        part = Part(run, left)
        dead = [one.node for one in self._removals.values() if one.dead]
        await Drain(part, PACE.retry, PACE.pods, begun=self._begun, hands_on=True, dead=dead).go()
        self._drain = part.progress.outcome, part.progress.text
        return past + [node for node in left if part.of(node.name).phase == "drained"]

    async def _is_gone(self, node: TargetNode) -> bool:
        """Of a run that is resumed: its Node may have gone already."""
        if self._begun is None:
            return False
        try:
            return (await node_patch.look(self._run.reader, node.name)).uid != node.uid
        except NodeGone:
            return True

    async def _take_out(self, nodes: Sequence[TargetNode]) -> None:
        """A few at a time, and one at a time in each group: ESS does one thing after the other there."""
        run, turns = self._run, asyncio.Semaphore(max(1, self._run.plan.options.parallel))

        async def one(node: TargetNode) -> None:
            removal = self._removals[node.name]
            async with self._turns.get(removal.group, contextlib.nullcontext()), turns:
                await self._take_one_out(removal)

        run.doing("taking them out")
        await asyncio.gather(*(one(node) for node in nodes))

    async def _take_one_out(self, one: Removal) -> None:
        """One node, whose failure is its own."""
        run, way = self._run, Way(self._run, one, self._known, PACE.look)
        try:
            run.check()
            await self._by_its_door(way)
        except Cancelled:
            self._stays(way, CANCELLED, "cancelled")
        except VacancyError as error:
            self._stays(way, FAILED, str(error))
        else:
            self._between.pop(one.node, None)
            run.node(one.node, phase=DONE, text="", held={})

    def _stays(self, way: Way, phase: str, why: str) -> None:
        at = f", then {way.at}" if way.at else ""
        self._between[way.one.node] = text = f"empty; {way.taken} steps taken{at}: {why}"
        self._run.node(way.one.node, phase=phase, text=text)

    async def _by_its_door(self, way: Way) -> None:
        one, size = way.one, self._sizes.get(way.one.group)
        hooks = float(size.waits) if size is not None else 0.0
        if one.door is Door.EXTERNAL:
            await remove_external.remove(way)
        elif one.door is Door.POOL:
            await remove_pool.remove(way, size, list(self._removals.values()))
        elif one.release:
            await remove_expanded.remove(way, hooks)
        else:
            await remove_attached.remove(way, hooks)

    async def _read_back(self) -> list[str]:
        """What has become of the groups, in words."""
        cloud = self._run.cloud
        if cloud is None or self._run.cancelled:
            return []
        return [await remove_groups.read_back(cloud, size) for size in self._sizes.values()]

    async def _finish(self, told: Sequence[str], outcome: str, text: str) -> None:
        """The end, which stays open while a node is empty and not out. `outcome` and `text`: how the drain ended."""
        run = self._run  # what is left open stays claimed: an undo gives back only what is ours
        await _release(run, [node for node in run.plan.nodes if node.name not in self._between])
        out = [one for one in run.progress.nodes if one.phase == DONE]
        if len(out) == len(run.progress.nodes):
            await run.end(DONE, "; ".join([_many(len(out)), *told]))
            return
        if not out and not self._between:
            await run.end(outcome or FAILED, text, final=self._begun is None)
            return
        stuck = [f"{name}: {why}" for name, why in list(self._between.items())[:1]]
        rest = [*told, "resume it, undo or close it: vacancy journal"] if self._between else [text, *told]
        ended = CANCELLED if run.cancelled else PARTLY
        await run.end(ended, "; ".join([_many(len(out)), *stuck, *rest]), final=not self._between)


def _many(number: int) -> str:
    return f"{number} node{'' if number == 1 else 's'} removed"


def _machines(removals: Sequence[Removal]) -> list[str]:
    return [one.machine for one in removals if one.machine]


async def _release(run: Run, nodes: Sequence[TargetNode]) -> None:
    """Our claims on nodes that are still there, however they are."""
    for node in nodes:
        with contextlib.suppress(VacancyError):
            await cordon_steps.release(run, node)


async def _give_up_groups(run: Run) -> None:
    for group in remove_plan.sizes_of(run.plan):
        with contextlib.suppress(VacancyError):
            await group_claim.release(run, group)
