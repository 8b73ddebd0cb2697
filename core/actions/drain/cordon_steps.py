"""Cordon and uncordon as steps of actions, and the claims on nodes while an action is at them. The patch itself is in
node_patch, cordoning as an action of its own in cordon."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from core.actions.action_plan import TargetNode
from core.actions.drain import node_patch
from core.actions.drain.node_patch import HOLDS, NodeNow
from core.actions.run import Run, meanwhile
from core.errors import VacancyError


async def claim_and_cordon(run: Run, node: TargetNode) -> None:
    """One patch: unschedulable, and ours. Raises Refused when it is somebody else's."""
    await set_cordon(run, node, cordoned=True, claim=True)


async def uncordon(run: Run, node: TargetNode) -> None:
    """As it was before the action: schedulable unless it was cordoned then, and nobody's; whatever else happens."""
    await set_cordon(run, node, cordoned=node.cordoned, claim=False, always=True)


async def release(run: Run, node: TargetNode) -> None:
    """Nobody's any more, cordoned as it is."""
    await set_cordon(run, node, cordoned=None, claim=False, always=True)


async def set_cordon(
    run: Run, node: TargetNode, cordoned: bool | None, claim: bool | None, always: bool = False
) -> None:
    """Bring the node to this state in one patch, on record; nothing is sent when it is as it should be.

    `claim`: take it, give it up, or leave it (None). `always`: also after somebody wanted the action to stop."""
    step = "release" if cordoned is None else "cordon" if cordoned else "uncordon"

    def decide(now: NodeNow) -> dict[str, Any] | None:
        if not (always and claim is False):
            node_patch.refuse_if_held(now, run.plan.id, run.clock.now())
        return _body(run, now, cordoned, claim)

    seen = await node_patch.look(run.reader, node.name)
    if seen.uid == node.uid and decide(seen) is None:
        return

    async def act() -> NodeNow:
        return await node_patch.change(run.reader, run.writer, node.name, node.uid, decide)

    await run.effect(step, node.name, act, always=always, unschedulable=seen.cordoned, uid=seen.uid)


def _body(run: Run, now: NodeNow, cordoned: bool | None, claim: bool | None) -> dict[str, Any] | None:
    """The patch that makes it so; None when it is so."""
    body: dict[str, Any] = {}
    mine = now.claim is not None and now.claim.id == run.plan.id
    if cordoned is not None and cordoned is not now.cordoned and (claim is not False or mine):
        body["spec"] = {"unschedulable": True if cordoned else None}
    if claim and not mine:
        body["metadata"] = {"annotations": node_patch.claimed(run.plan.id, run.plan.who, run.clock.now())}
    elif claim is False and mine:
        body["metadata"] = {"annotations": node_patch.RELEASED}
    return body or None


@contextlib.asynccontextmanager
async def keep_claims(run: Run, nodes: Sequence[TargetNode]) -> AsyncIterator[None]:
    """Renew our claims on these nodes for as long as the block runs."""
    async with meanwhile(_renew(run, nodes)):
        yield


async def _renew(run: Run, nodes: Sequence[TargetNode]) -> None:
    def again(now: NodeNow) -> dict[str, Any] | None:
        if now.claim is None or now.claim.id != run.plan.id:
            return None
        return {"metadata": {"annotations": node_patch.claimed(run.plan.id, run.plan.who, run.clock.now())}}

    while True:
        await asyncio.sleep(HOLDS / 3)
        for node in nodes:
            with contextlib.suppress(VacancyError):  # the claim holds for two more rounds
                await node_patch.change(run.reader, run.writer, node.name, node.uid, again)
