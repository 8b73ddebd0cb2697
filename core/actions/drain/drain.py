"""A drain that runs: check again, cordon all, look again, evict by tiers on a few nodes at a time, see them gone. What
a plan says is in drain_plan, one pod's eviction in eviction."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

from core.actions import access
from core.actions.action_plan import ActionPlan, Finding, LeavingPod, Level, TargetNode
from core.actions.cloud import Cloud
from core.actions.drain import drain_plan, node_patch, node_pods, node_recovery, preflight
from core.actions.drain.cordon_steps import claim_and_cordon, keep_claims, release, uncordon
from core.actions.drain.eviction import RETRY, Eviction, Stays
from core.actions.drain.node_pods import Fate
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, DONE, FAILED, PARTLY, REFUSED, Cancelled, Run
from core.actions.situation import Asked, Situation
from core.clients.kubernetes import NotFound, Reader, Unreachable
from core.errors import Refused, VacancyError
from core.kube.pod import Pod

INSIST = 60.0
"""Seconds for which a node is tried to be put in order while the API server doesn't answer."""
LOOK = 1.0
"""Seconds between two looks at a node whose pods are leaving."""


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Empty these nodes."""
    return await drain_plan.plan(situation, asked.targets, asked.options, asked.why)


async def go(run: Run) -> None:
    """All of it."""
    await Drain(run).go()


async def resume(run: Run, entry: Entry) -> None:
    """The pods that are still there."""
    await Drain(run, begun=node_recovery.begun(entry)).go()


undo, close = node_recovery.give_back, node_recovery.let_go


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each node."""
    return await node_recovery.nodes_now(entry, reader)


class Drain:
    """One batch. `retry` and `look` are in seconds; `begun`: what an earlier process had begun, when it is resumed.
    `hands_on`: nodes that were drained stay claimed, for whoever goes on with them. `dead`: nodes whose kubelet answers
    no more; their pods are asked to go and not waited for, for nobody would end them."""

    def __init__(
        self,
        run: Run,
        retry: float = RETRY,
        look: float = LOOK,
        begun: Collection[str] | None = None,
        hands_on: bool = False,
        dead: Collection[str] = (),
    ) -> None:
        self._run, self._retry, self._look, self._hands_on, self._dead = run, retry, look, hands_on, dead
        self._resumed = begun is not None
        self._begun = set(begun or ())
        """Nodes from which a pod was asked to go: they stay cordoned whatever happens."""
        self._cordoned: list[TargetNode] = []

    async def go(self) -> None:
        """To its end, which the progress and the journal tell. Only what nobody foresaw is raised."""
        try:
            await self._check_again()
            await self._cordon()
        except (Refused, Cancelled, VacancyError) as error:
            await self._roll_back(error)
            return
        async with keep_claims(self._run, self._run.plan.nodes):
            await self._empty_all()
        await self._finish()

    async def _check_again(self) -> None:
        """What was true when the plan was made must be true now. Raises Refused with the first reason."""
        run = self._run
        run.doing("asking the API server again")
        for node in run.plan.nodes:
            now = await node_patch.look(run.reader, node.name)
            if now.uid != node.uid:
                raise Refused(f"node {node.name}: another node has this name now; make a new plan")
            node_patch.refuse_if_held(now, run.plan.id, run.clock.now())
        _refuse(await access.lacking(run.writer, access.evicting(pod.namespace for pod in run.plan.leaving)))
        leaving = [pod for pods in await self._leaving() for pod in pods]
        run.check()
        _refuse(await preflight.dry_run(run.writer, leaving, run.plan.options.grace_period))

    async def _cordon(self) -> None:
        """All nodes of the batch, so that no pod lands on one that goes next; then those that came in between."""
        for node in self._run.plan.nodes:
            self._run.doing(f"cordoning {node.name}")
            self._run.node(node.name, phase="cordoning")
            self._cordoned.append(node)
            await claim_and_cordon(self._run, node)
            self._run.node(node.name, phase="cordoned")
        self._run.doing("looking for pods that came meanwhile")
        await self._leaving()

    async def _leaving(self) -> list[list[LeavingPod]]:
        """The pods that go now, node by node; those that came since the plan too. Raises Refused for a pod that may
        not go."""
        return list(await asyncio.gather(*(self._leaving_from(node.name) for node in self._run.plan.nodes)))

    async def _leaving_from(self, node: str) -> list[LeavingPod]:
        run = self._run
        pods = await node_pods.pods_of(run.reader, node)
        absent = await self._absent_daemonsets(pods)
        found = [node_pods.sort(pod, run.plan.options, lambda key: key not in absent) for pod in pods]
        _refuse(one.finding for one in found if one.finding is not None)
        going = [one.pod for one in found if one.fate is Fate.LEAVES and not self._counts_as_gone(one.pod)]
        leaving = [node_pods.leaving(pod) for pod in going]
        run.node(node, pods=len(leaving))
        return sorted(leaving, key=lambda pod: pod.tier)

    def _counts_as_gone(self, pod: Pod) -> bool:
        """It was told to go, and who would see to it is dead."""
        return pod.node in self._dead and pod.deletion is not None

    async def _absent_daemonsets(self, pods: Iterable[Pod]) -> set[str]:
        """Owners of these pods that are gone."""
        keys = {f"{pod.namespace}/{pod.owner.name}" for pod in pods if pod.of_daemonset and pod.owner is not None}
        absent: set[str] = set()
        for key in sorted(keys):
            namespace, _, name = key.partition("/")
            try:
                await self._run.reader.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}")
            except NotFound:
                absent.add(key)
        return absent

    async def _empty_all(self) -> None:
        turns = asyncio.Semaphore(max(1, self._run.plan.options.parallel))

        async def one(node: TargetNode) -> None:
            async with turns:
                await self._empty_one(node)

        self._run.doing("evicting")
        await asyncio.gather(*(one(node) for node in self._run.plan.nodes))

    async def _empty_one(self, node: TargetNode) -> None:
        """One node, whose failure is its own."""
        run = self._run
        try:
            run.check()
            await self._empty(node)
        except Cancelled:
            run.node(node.name, phase="cancelled" if node.name in self._begun else "not begun")
        except VacancyError as error:
            run.node(node.name, phase=FAILED, text=str(error))

    async def _empty(self, node: TargetNode) -> None:
        run = self._run
        deadline = run.clock.monotonic() + run.plan.options.timeout
        pods = await self._leaving_from(node.name)
        self._begun.add(node.name)
        run.node(node.name, phase="evicting", pods=len(pods), gone=0, held={})
        for tier in sorted({pod.tier for pod in pods}):
            await self._empty_tier(node.name, [pod for pod in pods if pod.tier == tier], deadline)
        run.node(node.name, phase="verifying")
        if left := await self._leaving_from(node.name):
            raise VacancyError(f"{len(left)} pods came while it was drained, {left[0].pod} among them; drain it again")
        run.node(node.name, phase="drained", pods=len(pods), gone=len(pods), held={}, text="")

    async def _empty_tier(self, node: str, pods: Sequence[LeavingPod], deadline: float) -> None:
        """Ask all of them at once, and see them gone. Raises VacancyError for those that stay."""
        asking = [asyncio.create_task(Eviction(self._run, pod, deadline, self._retry).ask()) for pod in pods]
        watching = asyncio.create_task(self._see_gone(node, pods, asking, deadline))
        try:
            await watching
        finally:
            # what was sent is waited for: its outcome belongs in the journal
            results = await asyncio.gather(*asking, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _see_gone(
        self, node: str, pods: Sequence[LeavingPod], asking: Sequence[asyncio.Task[object]], deadline: float
    ) -> None:
        """Until none of these pods is on the node, or those that are can't be helped."""
        run, before = self._run, self._run.of(node).gone
        while True:
            there = await self._still_there(node)
            left = [pod for pod in pods if there is None or pod.uid in there]
            stuck = {pod.pod: str(why) for pod, task in zip(pods, asking, strict=True) if (why := _why(task))}
            names = {pod.pod for pod in left}
            held = {pod: why for pod, why in {**run.of(node).held, **stuck}.items() if pod in names}
            run.node(node, gone=before + len(pods) - len(left), held=held)
            if not left and all(task.done() for task in asking):
                return
            if left and names <= stuck.keys():
                raise Stays(f"{len(left)} pods stay: {next(iter(held.values()))}")
            if run.clock.monotonic() > deadline:
                raise Stays(_overdue(left, held))
            await run.pause(self._look)

    async def _still_there(self, node: str) -> set[str] | None:
        """UIDs of the pods on the node; None while the server doesn't say."""
        try:
            pods = await node_pods.pods_of(self._run.reader, node, cached=True)
            return {pod.uid for pod in pods if not self._counts_as_gone(pod)}
        except VacancyError:
            return None

    async def _roll_back(self, error: Exception) -> None:
        """Nothing was evicted: take back every cordon of ours, and say so."""
        run, back = self._run, list[str]()
        outcome = CANCELLED if isinstance(error, Cancelled) else REFUSED if isinstance(error, Refused) else FAILED
        if self._resumed:
            await run.end(outcome, f"{error or 'cancelled'}; the nodes are as they were left: undo or close it", False)
            return
        for node in self._cordoned:
            with contextlib.suppress(VacancyError):
                await self._insist(uncordon, node)
                back.append(node.name)
                run.node(node.name, phase="rolled back")
        left = [node.name for node in self._cordoned if node.name not in back]
        told = f"; still cordoned, undo it by hand: {', '.join(left)}" if left else ""
        await run.end(outcome, f"{error or 'cancelled'}; nothing was evicted{told}")

    async def _insist(self, put_in_order: Callable[[Run, TargetNode], Awaitable[None]], node: TargetNode) -> None:
        """Put a node in order, however long the API server is away within reason."""
        until = self._run.clock.monotonic() + INSIST
        while True:
            try:
                await put_in_order(self._run, node)
                return
            except Unreachable:
                if self._run.clock.monotonic() > until:
                    raise
                await asyncio.sleep(self._look)

    async def _finish(self) -> None:
        """Nodes that were not begun are given back; the others stay cordoned. Then the outcome."""
        run = self._run
        for node in run.plan.nodes:
            if self._hands_on and run.of(node.name).phase == "drained":
                continue
            with contextlib.suppress(VacancyError):
                await self._insist(release if node.name in self._begun else uncordon, node)
        phases = [one.phase for one in run.progress.nodes]
        drained = phases.count("drained")
        summary = f"{drained} of {len(phases)} nodes drained"
        if drained == len(phases):
            await run.end(DONE, summary)
        elif run.cancelled:
            begun = sum(1 for name in self._begun if run.of(name).phase != "drained")
            await run.end(CANCELLED, f"{summary}; {begun} half empty and still cordoned, the others as they were")
        else:
            failed = next(one for one in run.progress.nodes if one.phase == FAILED)
            await run.end(PARTLY if drained else FAILED, f"{summary}; {failed.name}: {failed.text}")


def _refuse(findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.level is Level.REFUSAL:
            raise Refused(f"{finding.about}: {finding.text}")


def _why(task: "asyncio.Task[object]") -> BaseException | None:
    """The error with which asking for a pod to go has ended."""
    return task.exception() if task.done() and not task.cancelled() else None


def _overdue(left: Sequence[LeavingPod], held: Mapping[str, str]) -> str:
    waiting = "it may be waiting for a finalizer or its grace period"
    told = "; ".join(f"{pod.pod}: {held.get(pod.pod, waiting)}" for pod in left[:3])
    return f"{len(left)} pods are not gone within the time-out: {told}"
