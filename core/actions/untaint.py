"""Take off nodes the taints that an autoscaler left behind: only where none runs any more, for one that runs takes its
own taints off, and a node that it is about to delete must stay tainted."""

import asyncio
from collections.abc import Iterator

import msgspec

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep, TargetNode
from core.actions.cloud import Cloud
from core.actions.drain import node_patch
from core.actions.drain.node_patch import Json, NodeNow
from core.actions.journal_reading import Entry
from core.actions.line_by_line import attempt_lines
from core.actions.run import CLOSED, UNDONE, Run
from core.actions.situation import Asked, Situation, nodes_named
from core.actions.step import Step
from core.analysis import autoscaler
from core.clients.kubernetes import Reader
from core.errors import InputError, one_line
from core.kube.taints import DELETION_CANDIDATE, TO_BE_DELETED

LEFTOVERS = (TO_BE_DELETED, DELETION_CANDIDATE, "goatscaler.io/node-terminating")
"""Keys of the taints by which autoscalers mark nodes that they are taking out."""


class Details(msgspec.Struct, frozen=True):
    """Node -> its leftover taints as they were."""

    taints: dict[str, tuple[Json, ...]]


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """These nodes, or with none named all that carry such a taint. Raises InputError when there is none."""
    snapshot, place = situation.snapshot, situation.reader.place
    names = asked.targets or _tainted(situation)
    if not names:
        raise InputError("untaint: no node carries an autoscaler's leftover taint")
    nodes = nodes_named(snapshot, names)
    looked = await asyncio.gather(*(node_patch.look(situation.reader, node.name) for node in nodes))
    found = {now.name: _leftovers(now) for now in looked}
    findings = [*guards.judge(situation.guards, place.context, nodes), *_autoscaled(situation)]
    for now in looked:
        if (claim := node_patch.held_by(now, "", situation.now)) is not None:
            findings.append(Finding(Level.REFUSAL, "Claimed", now.name, node_patch.describe(claim)))
        if not found[now.name]:
            findings.append(Finding(Level.NOTE, "NothingToDo", now.name, "it carries no leftover taint"))
    if situation.writer is not None:
        findings += await access.lacking(situation.writer, access.CORDON)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        nodes=tuple(TargetNode(now.name, now.uid, now.cordoned) for now in looked),
        findings=tuple(findings),
        steps=tuple(PlannedStep(f"take off {_keys(found[now.name])}", now.name) for now in looked if found[now.name]),
        says=tuple(_says(looked, found)),
        details=msgspec.to_builtins(Details(found)),
    )


def _tainted(situation: Situation) -> tuple[str, ...]:
    nodes = situation.snapshot.nodes.values()
    return tuple(node.name for node in nodes if any(taint.key in LEFTOVERS for taint in node.taints))


def _leftovers(now: NodeNow) -> tuple[Json, ...]:
    return tuple(taint for taint in now.taints if taint.get("key") in LEFTOVERS)


def _autoscaled(situation: Situation) -> Iterator[Finding]:
    running = situation.before.running
    why = one_line("; ".join(running.evidence) or "no evidence", 160)
    if running.kind == autoscaler.UNKNOWN:
        text = f"whether an autoscaler runs can't be seen ({why}), and one that runs needs these taints"
        yield Finding(Level.REFUSAL, "AutoscalerUnknown", "", text)
    elif running.kind != autoscaler.NONE:
        text = f"{running.name} runs here ({why}): it takes its taints off itself, or the node away"
        yield Finding(Level.REFUSAL, "AutoscalerRuns", "", text)


def _says(looked: list[NodeNow], found: dict[str, tuple[Json, ...]]) -> Iterator[str]:
    for now in looked[:5]:
        if found[now.name]:
            also = "; it stays cordoned" if now.cordoned else "; pods may come to it again"
            yield one_line(f"{now.name}: {_keys(found[now.name])}{also}")


def _keys(taints: tuple[Json, ...]) -> str:
    return ", ".join(f"{taint.get('key')}:{taint.get('effect')}" for taint in taints)


async def go(run: Run) -> None:
    """Node by node."""
    details = _details(run.plan)
    lines = [(node, [_step(run, node, taints)] if taints else []) for node, taints in details.taints.items()]
    outcome, text = await attempt_lines(run, lines)
    await run.end(outcome, text or "no node of these carries a leftover taint")


def _step(run: Run, node: str, taints: tuple[Json, ...], back: bool = False) -> Step:
    """Take these taints off a node, or put them `back`; all others stay as they are."""
    uid = next(one.uid for one in run.plan.nodes if one.name == node)
    keys = {taint.get("key") for taint in taints}

    async def happened() -> bool:
        has = {taint.get("key") for taint in (await node_patch.look(run.reader, node)).taints}
        return keys <= has if back else not keys & has

    def decide(now: NodeNow) -> Json:
        node_patch.refuse_if_held(now, run.plan.id, run.clock.now())
        rest = [taint for taint in now.taints if taint.get("key") not in keys]
        return {"spec": {"taints": [*rest, *taints] if back else rest}}

    async def act() -> object:
        return await node_patch.change(run.reader, run.writer, node, uid, decide)

    return Step("put taints back on" if back else "untaint", node, happened, act, before={"taints": list(taints)})


async def resume(run: Run, entry: Entry) -> None:
    """Nodes that are free of them are left alone."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """The same taints again."""
    found = _details(run.plan).taints.items()
    lines = [(node, [_step(run, node, taints, back=True)] if taints else []) for node, taints in found]
    outcome, text = await attempt_lines(run, lines)
    await run.end(UNDONE if not text else outcome, text or "the nodes carry the taints that they had")


async def close(run: Run) -> None:
    """There is no claim to give up."""
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each node."""
    assert entry.plan is not None
    lines = []
    for node, taints in _details(entry.plan).taints.items():
        left = _leftovers(await node_patch.look(reader, node))
        lines.append(f"node {node} carries {_keys(left) or 'no leftover taint'}; it carried {_keys(taints) or 'none'}")
    return lines


def _details(plan: ActionPlan) -> Details:
    return msgspec.convert(plan.details, Details)
