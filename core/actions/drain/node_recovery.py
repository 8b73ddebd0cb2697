"""What actions on nodes share when a crash left them in the middle: what their nodes look like now, giving them back,
and letting go of them. Which way out is taken is in recovery."""

from core.actions.action_plan import ActionPlan, TargetNode
from core.actions.drain import cordon_steps, node_patch
from core.actions.drain.node_patch import NodeGone
from core.actions.drain.node_pods import pods_of
from core.actions.journal_reading import Entry
from core.actions.run import CLOSED, UNDONE, Run
from core.clients.kubernetes import Reader
from core.errors import VacancyError


async def nodes_now(entry: Entry, reader: Reader) -> list[str]:
    """A line for each node of the plan."""
    assert entry.plan is not None
    return [await _node_now(entry.plan, node, reader) for node in entry.plan.nodes]


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


def begun(entry: Entry) -> set[str]:
    """Nodes from which a pod was asked to go."""
    found = (line for line in entry.lines if line.get("event") == "intent" and line.get("step") == "evict")
    return {str((line.get("before") or {}).get("node")) for line in found}


async def give_back(run: Run, entry: Entry) -> None:
    """The nodes as they were before; evicted pods stay where they are now."""
    for node in run.plan.nodes:
        try:
            await cordon_steps.uncordon(run, node)
        except NodeGone as error:
            await run.journal.note(node.name, str(error))
    await run.end(UNDONE, "the nodes are as they were before; pods that were evicted stay where they are")


async def let_go(run: Run) -> None:
    """Leave everything as it is; only the claims are given up."""
    for node in run.plan.nodes:
        try:
            await cordon_steps.release(run, node)
        except VacancyError as error:
            await run.journal.note(node.name, str(error))
    await run.end(CLOSED, "nothing was changed; what was done stays done")
