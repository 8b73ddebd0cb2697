"""Cordon and uncordon, as actions of their own. The steps, which a drain takes too, are in cordon_steps."""

import asyncio

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep, TargetNode
from core.actions.cloud import Cloud
from core.actions.drain import node_patch, node_recovery
from core.actions.drain.cordon_steps import set_cordon
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, DONE, FAILED, PARTLY, REFUSED, Cancelled, Run
from core.actions.situation import Asked, Situation, nodes_named
from core.clients.kubernetes import Reader
from core.errors import Refused, VacancyError

CORDON, UNCORDON = "cordon", "uncordon"


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Cordon or uncordon these nodes. Raises InputError for a name that is none."""
    nodes, place = nodes_named(situation.snapshot, asked.targets), situation.reader.place
    findings = list(guards.judge(situation.guards, place.context, nodes))
    looked = await asyncio.gather(*(node_patch.look(situation.reader, node.name) for node in nodes))
    for node in looked:
        if (claim := node_patch.held_by(node, "", situation.now)) is not None:
            findings.append(Finding(Level.REFUSAL, "Claimed", node.name, node_patch.describe(claim)))
        elif node.cordoned is (asked.action == CORDON):
            state = "already cordoned" if node.cordoned else "not cordoned"
            findings.append(Finding(Level.NOTE, "NothingToDo", node.name, f"it is {state}"))
    if situation.writer is not None:
        findings += await access.lacking(situation.writer, access.CORDON)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        nodes=tuple(TargetNode(node.name, node.uid, node.cordoned) for node in looked),
        findings=tuple(findings),
        steps=tuple(PlannedStep(asked.action, node.name) for node in nodes),
    )


async def go(run: Run) -> None:
    """Node by node; stops at the first that fails."""
    changed = 0
    try:
        for node in run.plan.nodes:
            run.doing(f"{run.plan.action} {node.name}")
            await set_cordon(run, node, cordoned=run.plan.action == CORDON, claim=None)
            run.node(node.name, phase=f"{run.plan.action}ed")
            changed += 1
    except Cancelled:
        await run.end(CANCELLED, f"{changed} of {len(run.plan.nodes)} nodes were changed")
    except VacancyError as error:
        outcome = REFUSED if isinstance(error, Refused) and not changed else PARTLY if changed else FAILED
        await run.end(outcome, str(error))
    else:
        await run.end(DONE, f"{changed} nodes {run.plan.action}ed")


async def resume(run: Run, entry: Entry) -> None:
    """Nodes that are as they should be are left alone."""
    await go(run)


undo, close = node_recovery.give_back, node_recovery.let_go


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each node."""
    return await node_recovery.nodes_now(entry, reader)
