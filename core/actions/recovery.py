"""An action that a crash left in the middle: what its journal says held against what is there, and the three ways out:
go on, take back what can be taken back, or leave everything as it is and close it."""

from collections.abc import Iterator

from core.actions import cordon, node_patch
from core.actions.action_plan import ActionPlan, TargetNode
from core.actions.drain import Drain
from core.actions.drain_plan import DRAIN
from core.actions.journal_reading import Entry
from core.actions.node_patch import NodeGone
from core.actions.node_pods import pods_of
from core.actions.run import Run
from core.clients.kubernetes import Reader
from core.errors import Refused, VacancyError

UNDONE, CLOSED = "undone", "closed"


async def compare(entry: Entry, reader: Reader) -> list[str]:
    """What the cluster looks like now, a line for each node, and for each step whose outcome nobody recorded."""
    assert entry.plan is not None
    lines = [await _node_now(entry.plan, node, reader) for node in entry.plan.nodes]
    for intent in _unanswered(entry):
        lines.append(f"{intent['step']} {intent['about']} was begun, and its outcome is not on record")
    return lines


async def _node_now(plan: ActionPlan, node: TargetNode, reader: Reader) -> str:
    try:
        now = await node_patch.look(reader, node.name)
    except NodeGone:
        return f"node {node.name} is gone"
    if now.uid != node.uid:
        return f"node {node.name} is another node now"
    state = "cordoned" if now.cordoned else "not cordoned"
    ours = " by this action" if now.claim is not None and now.claim.id == plan.id else ""
    uids = {pod.uid: pod for pod in plan.leaving if pod.node == node.name}
    left = [pod for pod in await pods_of(reader, node.name) if pod.uid in uids]
    return f"node {node.name} is {state}{ours}; {len(left)} of its {len(uids)} pods are still there"


def _unanswered(entry: Entry) -> Iterator[dict[str, object]]:
    """Intents without a result. A process that resumes counts on its own, so pairs are looked for backwards."""
    waiting: dict[object, dict[str, object]] = {}
    for line in entry.lines:
        if line.get("event") == "resume":
            yield from waiting.values()
            waiting = {}
        elif line.get("event") == "intent":
            waiting[line.get("number")] = line
        elif line.get("event") == "result":
            waiting.pop(line.get("number"), None)
    yield from waiting.values()


def begun(entry: Entry) -> set[str]:
    """Nodes from which a pod was asked to go."""
    found = (line for line in entry.lines if line.get("event") == "intent" and line.get("step") == "evict")
    return {str((line.get("before") or {}).get("node")) for line in found}


async def resume(entry: Entry, run: Run) -> None:
    """Go on. Everything is looked at anew, so nothing that took effect is sent again."""
    _check(run)
    await run.journal.resume(run.plan.who)
    if run.plan.action == DRAIN:
        await Drain(run, begun=begun(entry)).go()
    else:
        await cordon.go(run)


async def undo(run: Run) -> None:
    """Give the nodes back as they were before; evicted pods stay where they are now."""
    _check(run)
    await run.journal.resume(run.plan.who)
    for node in run.plan.nodes:
        try:
            await cordon.uncordon(run, node)
        except NodeGone as error:
            await run.journal.note(node.name, str(error))
    await run.end(UNDONE, "the nodes are as they were before; pods that were evicted stay where they are")


async def close(run: Run) -> None:
    """Leave everything as it is; only the claims are given up."""
    await run.journal.resume(run.plan.who)
    for node in run.plan.nodes:
        try:
            await cordon.release(run, node)
        except VacancyError as error:
            await run.journal.note(node.name, str(error))
    await run.end(CLOSED, "nothing was changed; what was done stays done")


def _check(run: Run) -> None:
    here, there = run.reader.place.server, run.plan.server
    if here != there:
        raise Refused(f"action {run.plan.id} is about {there}, and this context leads to {here}")
