"""Protect a node from scale-in, and let go of it again: in ESS, which takes machines out by rules and sizes, and by an
annotation for the autoscaler, which takes out what is little used. Which of both doors a node has is found here."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep, TargetNode
from core.actions.cloud import Cloud, needed, writing
from core.actions.drain import node_patch
from core.actions.drain.node_patch import NodeNow
from core.actions.journal_reading import Entry
from core.actions.line_by_line import attempt_lines
from core.actions.run import CLOSED, UNDONE, Run
from core.actions.situation import Asked, Situation, nodes_named
from core.actions.step import Step
from core.analysis import autoscaler
from core.analysis.scale_in.eligibility import DISABLED_ANNOTATION
from core.clients.kubernetes import Reader
from core.cluster.group import Group
from core.errors import VacancyError
from core.kube.node import Node

PROTECT, UNPROTECT = "protect", "unprotect"
PROTECTED, IN_SERVICE = "Protected", "InService"
GOATSCALER_ANNOTATION = "goatscaler.io/scale-down-disabled"
"""What ACK's documentation of instant scaling names; Cluster Autoscaler's is set beside it."""


class Door(msgspec.Struct, frozen=True):
    """How one node is protected. `instance` and `group`: in ESS, where it was in `state`. `annotations`: key -> its
    value before, None for none."""

    node: str
    instance: str = ""
    group: str = ""
    state: str = ""
    annotations: dict[str, str | None] = {}


class Details(msgspec.Struct, frozen=True):
    """What the run needs. `wanted`: protected, or not."""

    wanted: bool
    doors: tuple[Door, ...]


@dataclass(frozen=True)
class Member:
    """A node's membership in a group, as ESS lists it."""

    instance: str
    group: str
    state: str


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Through which doors each of these nodes is protected, and why. Raises InputError for a name that is none."""
    snapshot, place = situation.snapshot, situation.reader.place
    nodes, wanted = nodes_named(snapshot, asked.targets), asked.action == PROTECT
    looked = [await node_patch.look(situation.reader, node.name) for node in nodes]
    members, kind = await _members(situation, nodes), situation.before.running.kind
    doors = tuple(_door(node, now, members.get(node.name), kind) for node, now in zip(nodes, looked, strict=True))
    findings = [*guards.judge(situation.guards, place.context, nodes), *_held(looked, situation.now)]
    findings += [one for door in doors for one in _judged(door, wanted, situation)]
    if situation.writer is not None and any(door.annotations for door in doors):
        findings += await access.lacking(situation.writer, access.CORDON)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        nodes=tuple(TargetNode(now.name, now.uid, now.cordoned) for now in looked),
        findings=tuple(findings),
        steps=tuple(PlannedStep(what, door.node) for door in doors for what in _whats(door, wanted)),
        says=tuple(_says(doors, wanted, situation)),
        region=situation.cloud.region if situation.cloud is not None else "",
        cluster=situation.cloud.cluster if situation.cloud is not None else "",
        details=msgspec.to_builtins(Details(wanted, doors)),
    )


async def _members(situation: Situation, nodes: list[Node]) -> dict[str, Member]:
    """Node -> its membership, as ESS has it now; nodes that are in no group, or of which nobody knows, are left out."""
    wanted = {node.name for node in nodes}
    groups: list[Group] = list(situation.snapshot.table("Group").values())
    seen = {one.node: (group, one) for group in groups for one in group.members if one.node in wanted}
    states = {one.instance_id: one.scaling.state for _, one in seen.values() if one.scaling is not None}
    if situation.cloud is not None:
        ess = situation.cloud.reader.ess
        found = [await ess.members(group) for group in dict.fromkeys(group.id for group, _ in seen.values())]
        states = {one.instance_id: one.state for items in found for one in items.items}
    return {
        name: Member(one.instance_id, group.id, states[one.instance_id])
        for name, (group, one) in seen.items()
        if one.instance_id in states
    }


def _door(node: Node, now: NodeNow, member: Member | None, kind: str) -> Door:
    keys: tuple[str, ...] = () if kind == autoscaler.NONE else (DISABLED_ANNOTATION,)
    keys += (GOATSCALER_ANNOTATION,) if kind == autoscaler.GOATSCALER else ()
    annotations = {key: now.annotations.get(key) for key in keys}
    if member is None:
        return Door(node.name, annotations=annotations)
    return Door(node.name, member.instance, member.group, member.state, annotations)


def _held(looked: list[NodeNow], at: float) -> Iterator[Finding]:
    for node in looked:
        if (claim := node_patch.held_by(node, "", at)) is not None:
            yield Finding(Level.REFUSAL, "Claimed", node.name, node_patch.describe(claim))


def _judged(door: Door, wanted: bool, situation: Situation) -> Iterator[Finding]:
    if not door.instance and not door.annotations:
        text = "nothing would scale it in: it is in no scaling group that can be seen, and no autoscaler runs"
        yield Finding(Level.REFUSAL, "NoDoor", door.node, text)
        return
    if door.instance and door.state not in (PROTECTED, IN_SERVICE):
        text = f"its machine is {door.state} in its scaling group: ESS protects machines in service only"
        yield Finding(Level.REFUSAL, "NotInService", door.node, text)
    if door.instance and situation.cloud is None:
        yield Finding(Level.REFUSAL, "NoCloud", door.node, "it is in a scaling group, and the cloud can't be asked")
    if not door.instance:
        yield Finding(Level.NOTE, "NotInEss", door.node, "ESS lists it in no group, so only the autoscaler is told")
    if _is_so(door, wanted):
        state = "protected" if wanted else "not protected"
        yield Finding(Level.NOTE, "NothingToDo", door.node, f"it is {state} already")


def _is_so(door: Door, wanted: bool) -> bool:
    in_ess = not door.instance or (door.state == PROTECTED) is wanted
    return in_ess and all((value == "true") is wanted for value in door.annotations.values())


def _whats(door: Door, wanted: bool) -> Iterator[str]:
    verb = "protect" if wanted else "no longer protect"
    if door.instance:
        yield f"{verb} in ESS (SetInstancesProtection)"
    if door.annotations:
        yield f"{'annotate' if wanted else 'take the annotation from'} the node"


def _says(doors: tuple[Door, ...], wanted: bool, situation: Situation) -> Iterator[str]:
    in_ess = sum(1 for door in doors if door.instance)
    annotated = sum(1 for door in doors if door.annotations)
    running = situation.before.running
    if in_ess:
        when = "else" if wanted else "then"
        yield f"in ESS: {in_ess} (SetInstancesProtection); {when} it may take them by rules and sizes of their groups"
    if annotated:
        keys = ", ".join(dict.fromkeys(key for door in doors for key in door.annotations))
        yield f"by annotation: {annotated} ({keys}), which {running.name} heeds"
    elif running.kind == autoscaler.NONE:
        yield "no annotation: no autoscaler runs here"


async def go(run: Run) -> None:
    """Door by door; what is so already is left alone."""
    details = _details(run.plan)
    state = "protected from scale-in" if details.wanted else "open to scale-in again"
    lines = [(door.node, list(_steps(run, door, details.wanted))) for door in details.doors]
    outcome, text = await attempt_lines(run, lines)
    await run.end(outcome, text or f"{'the node is' if len(lines) == 1 else f'{len(lines)} nodes are'} {state}")


def _steps(run: Run, door: Door, wanted: bool) -> Iterator[Step]:
    annotations: dict[str, str | None] = dict.fromkeys(door.annotations, "true" if wanted else None)
    if door.instance:
        yield _ess_step(run, door, wanted)
    if annotations:
        yield _annotation_step(run, door, annotations)


def _ess_step(run: Run, door: Door, wanted: bool) -> Step:
    async def happened() -> bool:
        found = await needed(run.cloud).reader.ess.members(door.group)
        state = next((one.state for one in found.items if one.instance_id == door.instance), None)
        if state not in (PROTECTED, IN_SERVICE):
            raise VacancyError(f"machine {door.instance} is {state or 'not in its scaling group any more'}")
        return (state == PROTECTED) is wanted

    async def act() -> object:
        return await writing(run.cloud).ess.protect(door.group, [door.instance], wanted)

    what = "protect" if wanted else "unprotect"
    return Step(what, door.node, happened, act, before={"state": door.state, "instance": door.instance})


def _annotation_step(run: Run, door: Door, annotations: dict[str, str | None]) -> Step:
    uid = next(node.uid for node in run.plan.nodes if node.name == door.node)

    async def happened() -> bool:
        now = await node_patch.look(run.reader, door.node)
        return all(now.annotations.get(key) == value for key, value in annotations.items())

    def decide(now: NodeNow) -> node_patch.Json:
        node_patch.refuse_if_held(now, run.plan.id, run.clock.now())
        return {"metadata": {"annotations": annotations}}

    async def act() -> object:
        return await node_patch.change(run.reader, run.writer, door.node, uid, decide)

    return Step("annotate", door.node, happened, act, before=door.annotations)


async def resume(run: Run, entry: Entry) -> None:
    """What is so already is left alone."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """Each door as it was before."""
    outcome, text = await attempt_lines(run, [(door.node, _back(run, door)) for door in _details(run.plan).doors])
    await run.end(UNDONE if not text else outcome, text or "as it was before")


def _back(run: Run, door: Door) -> list[Step]:
    in_ess = [_ess_step(run, door, door.state == PROTECTED)] if door.instance else []
    return in_ess + ([_annotation_step(run, door, door.annotations)] if door.annotations else [])


async def close(run: Run) -> None:
    """There is no claim to give up."""
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each door."""
    assert entry.plan is not None
    lines = []
    for door in _details(entry.plan).doors:
        now = await node_patch.look(reader, door.node)
        if door.instance:
            found = (await needed(cloud).reader.ess.members(door.group)).items
            state = next((one.state for one in found if one.instance_id == door.instance), "not in its group any more")
            lines.append(f"node {door.node}: in ESS it is {state}; it was {door.state}")
        for key, before in door.annotations.items():
            lines.append(
                f"node {door.node}: {key} is {now.annotations.get(key) or 'not set'}; it was {before or 'not'}"
            )
    return lines


def _details(plan: ActionPlan) -> Details:
    return msgspec.convert(plan.details, Details)
