"""A drain as a plan: who leaves, where they would land, what stands in the way. Running it is in drain."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from core.actions import access, guards
from core.actions.action_plan import (
    ActionPlan,
    Effect,
    Finding,
    LeavingPod,
    Level,
    Options,
    PlannedStep,
    TargetNode,
)
from core.actions.drain import budget_use, landing, node_patch, node_pods, preflight
from core.actions.drain.node_pods import Fate, Sorted
from core.actions.situation import Situation, nodes_named
from core.clients.kubernetes import Reader
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.pod import Pod

DRAIN = "drain"
DELAYS = "delay-deletion.cluster-autoscaler.kubernetes.io/"


async def plan(situation: Situation, names: Iterable[str], options: Options, why: str = "") -> ActionPlan:
    """The drain of these nodes, looked at from all sides; nothing is changed. Raises VacancyError."""
    snapshot, reader = situation.snapshot, situation.reader
    nodes = nodes_named(snapshot, names)
    sorts = await sorted_pods(reader, snapshot, [node.name for node in nodes], options)
    going = [one.pod for one in sorts if one.fate is Fate.LEAVES]
    names_now = [node.name for node in nodes]
    effect = await asyncio.to_thread(landing.effect, situation.before, names_now, going, situation.prices)
    leaving = tuple(sorted(_leaving(going, effect), key=lambda pod: pod.tier))
    uses, budget_findings = budget_use.used(snapshot, going)
    findings = [
        *guards.judge(situation.guards, reader.place.context, nodes),
        *(one.finding for one in sorts if one.finding is not None),
        *budget_findings,
        *await _asked(situation, nodes, leaving, options),
        *_lonely(snapshot, going),
        *_delays(nodes),
        *_held_by_hooks(snapshot, nodes),
        *landing.findings(effect),
    ]
    return ActionPlan(
        **situation.header(DRAIN, why),
        nodes=tuple(TargetNode(node.name, node.uid, node.unschedulable) for node in nodes),
        leaving=leaving,
        stays=dict(Counter(one.fate.value for one in sorts if one.fate in (Fate.DAEMONSET, Fate.MIRROR))),
        budgets=uses,
        findings=tuple(_weightiest(findings)),
        effect=effect,
        steps=_steps(len(nodes), leaving),
        irreversible=tuple(_irreversible(leaving, effect)),
        confirm=_confirm(nodes, leaving, effect),
        options=options,
    )


async def sorted_pods(reader: Reader, snapshot: Snapshot, names: Iterable[str], options: Options) -> list[Sorted]:
    """The pods of these nodes as they are now, each with its fate."""
    daemonsets, known = snapshot.table("DaemonSet"), snapshot.has("DaemonSet")

    def exists(key: str) -> bool | None:
        return (key in daemonsets) if known else None

    pods = await asyncio.gather(*(node_pods.pods_of(reader, name) for name in names))
    return [node_pods.sort(pod, options, exists) for some in pods for pod in some]


def _leaving(going: Iterable[Pod], effect: Effect) -> Iterator[LeavingPod]:
    return (node_pods.leaving(pod, effect.lands.get(pod.key)) for pod in going)


async def _asked(
    situation: Situation, nodes: Sequence[Node], leaving: Sequence[LeavingPod], options: Options
) -> list[Finding]:
    """What the API server itself says: permissions, claims of others, dry runs."""
    now = situation.now
    looked = await asyncio.gather(*(node_patch.look(situation.reader, node.name) for node in nodes))
    held = ((node, node_patch.held_by(node, "", now)) for node in looked)
    findings = [
        Finding(Level.REFUSAL, "Claimed", node.name, node_patch.describe(claim)) for node, claim in held if claim
    ]
    if situation.writer is None:
        text = "the API server was not asked whether each eviction would go through: that takes --write"
        return [*findings, Finding(Level.NOTE, "NotAsked", "", text)]
    lacking = await access.lacking(situation.writer, access.evicting(pod.namespace for pod in leaving))
    if lacking:
        return [*findings, *lacking]
    return [*findings, *await preflight.dry_run(situation.writer, leaving, options.grace_period)]


def _lonely(snapshot: Snapshot, going: Iterable[Pod]) -> Iterator[Finding]:
    """Pods that are the only replica: the application is away while they move."""
    for pod in going:
        owner = pod.owner
        workload = snapshot.workload(owner.kind, f"{pod.namespace}/{owner.name}") if owner is not None else None
        if workload is not None and workload.replicas == 1 and not pod.terminated and workload.kind != "Job":
            text = "it is the only replica: its application is away until the new one is ready"
            yield Finding(Level.WARNING, "SingleReplica", pod.key, text)


def _delays(nodes: Iterable[Node]) -> Iterator[Finding]:
    for node in nodes:
        for name in node.annotations:
            if name.startswith(DELAYS):
                text = f"somebody asks to delay its deletion ({name.removeprefix(DELAYS)})"
                yield Finding(Level.WARNING, "DelayDeletion", node.name, text)


def _held_by_hooks(snapshot: Snapshot, nodes: Iterable[Node]) -> Iterator[Finding]:
    """Machines that the scaling service is taking away, or has just made, and that wait for a lifecycle hook."""
    members = snapshot.table("ScalingInstance").values()
    states = {member.instance_id: member for member in members if member.state.endswith(":Wait")}
    for node in nodes:
        if (member := states.get(node.instance_id)) is not None:
            hooks = snapshot.table("LifecycleHook").values()
            names = ", ".join(hook.name or hook.id for hook in hooks if hook.group_id == member.group_id)
            text = f"its machine is {member.state} in {member.group_id}: a lifecycle hook waits ({names or 'unnamed'})"
            yield Finding(Level.WARNING, "LifecycleHookWaits", node.name, text)


def _weightiest(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Refusals first, and what two checks found only once."""
    seen: set[tuple[str, str]] = set()
    order = list(Level)
    for finding in sorted(findings, key=lambda one: order.index(one.level)):
        if (finding.code, finding.about) not in seen:
            seen.add((finding.code, finding.about))
            yield finding


def _irreversible(leaving: Iterable[LeavingPod], effect: Effect) -> Iterator[str]:
    for pod in leaving:
        if pod.loses:
            yield f"the local data of {pod.pod} (emptyDir {', '.join(pod.loses)}) is lost"
    for name in effect.lost:
        yield f"{name} is gone for good: nobody starts it anew"


def _confirm(nodes: Sequence[Node], leaving: Sequence[LeavingPod], effect: Effect) -> str:
    """What a person types: the node's name, or how many nodes, where something is lost; the number of pods else."""
    if effect.lost or any(pod.loses for pod in leaving):
        return nodes[0].name if len(nodes) == 1 else f"{len(nodes)} nodes"
    return str(len(leaving)) if leaving else ""


def _steps(nodes: int, leaving: Sequence[LeavingPod]) -> tuple[PlannedStep, ...]:
    which = "the node" if nodes == 1 else f"{nodes} nodes"
    tiers = sorted({pod.tier for pod in leaving})
    evictions = (
        PlannedStep(
            "evict " + ("the critical pods" if tier else "pods"),
            f"{sum(1 for pod in leaving if pod.tier == tier)} pods",
        )
        for tier in tiers
    )
    return (
        PlannedStep("ask the API server again: permissions, dry-run evictions", which),
        PlannedStep("cordon", which),
        PlannedStep("look again for pods that came meanwhile", which),
        *evictions,
        PlannedStep("wait until they are gone", which),
        PlannedStep("verify that nothing is left", which),
    )
