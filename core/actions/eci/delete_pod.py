"""One pod deleted, that very one: asked to go through its budgets, seen gone, and its successor looked for. Emptying
whole nodes is in drain."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Effect, Finding, LeavingPod, Level, PlannedStep
from core.actions.cloud import Cloud
from core.actions.drain import node_pods, preflight
from core.actions.drain.landing import a_day
from core.actions.drain.node_pods import pod_path
from core.actions.eci import workload_pods
from core.actions.eci.new_pods import Landing, landing
from core.actions.eci.owner import decoded, table
from core.actions.journal_reading import Entry
from core.actions.run import CLOSED, DONE, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, attempt
from core.analysis.applications import Application, above
from core.clients.kubernetes import ApiError, NotFound, Reader
from core.cluster.snapshot import Snapshot
from core.errors import InputError, Refused, VacancyError
from core.kube.kinds import BY_NAME
from core.kube.owner import root
from core.kube.pod import Pod

DELETE_POD = "delete-pod"
SUCCESSOR = 120.0
"""Seconds for which its successor is looked for."""
LOOK = 1.0
"""Seconds between two looks at a pod that leaves."""
BUDGET = "disruption budget"
"""What the API server's refusal names when a budget is the reason (registry/core/pod/rest/eviction.go)."""


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`delete`: where its budgets don't let it go, delete it all the same."""

    delete: bool = False


class Deletion(msgspec.Struct, frozen=True):
    """`controller`: the UID of what starts it anew, "" where nothing does; `known`: that one's pods before."""

    controller: str
    known: tuple[str, ...]
    delete: bool


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Delete this pod; nothing is changed. Raises VacancyError."""
    args = asked.args_as(Args)
    if len(asked.targets) != 1 or asked.targets[0].count("/") != 1:
        raise InputError("delete-pod: one pod at a time, as NAMESPACE/NAME")
    pod = await _pod(situation.reader, asked.targets[0])
    snapshot, place = situation.snapshot, situation.reader.place
    application = _application(pod, snapshot)
    found = await asyncio.to_thread(_landing, situation, application, pod)
    effect = _effect(situation, pod, found)
    leaving = node_pods.leaving(pod, effect.lands.get(pod.key))
    controller = pod.owner.uid if pod.owner is not None else ""
    siblings = await workload_pods.controlled_by(situation.reader, pod.namespace, controller) if controller else []
    details = Deletion(controller, tuple(one.uid for one in siblings), args.delete)
    node = snapshot.nodes.get(pod.node or "")
    lost = not controller or bool(leaving.loses)
    return ActionPlan(
        **situation.header(DELETE_POD, asked.why),
        subject=pod.key,
        follows=(pod.key,),
        leaving=(leaving,),
        findings=(
            *guards.judge(situation.guards, place.context, [node] if node is not None and not node.virtual else ()),
            *_findings(pod, application, found),
            *await _asked(situation, leaving, asked.options.grace_period, args.delete),
        ),
        effect=effect,
        says=tuple(_says(pod, application, found)),
        steps=(PlannedStep("evict"), PlannedStep("wait until it is gone"), PlannedStep("look for its successor")),
        irreversible=tuple(_irreversible(leaving, controller)),
        confirm=pod.name if lost else "",
        options=asked.options,
        details=msgspec.to_builtins(details),
    )


async def _pod(reader: Reader, key: str) -> Pod:
    try:
        body = await reader.get(pod_path(key))
    except NotFound:
        raise InputError(f"pod {key}: there is none of that name") from None
    found: Pod = await asyncio.to_thread(BY_NAME["Pod"].codec.item, body)
    return found


def _application(pod: Pod, snapshot: Snapshot) -> Application:
    if pod.owner is None:
        return Application("Pod", pod.namespace, pod.name)
    top = root(pod.owner, lambda one: above(one, pod.namespace, snapshot))
    return Application(top.kind, pod.namespace, top.name)


def _landing(situation: Situation, application: Application, pod: Pod) -> Landing:
    if pod.owner is None or pod.terminated:
        return Landing()
    if pod.of_daemonset:
        return Landing((pod.node,))
    return landing(situation.before, application, 1, 0, {pod.key})


def _findings(pod: Pod, application: Application, found: Landing) -> Iterator[Finding]:
    if pod.mirror:
        yield Finding(
            Level.REFUSAL, "MirrorPod", pod.key, "its kubelet starts it from a file: deleting it does nothing"
        )
    if pod.deletion is not None:
        yield Finding(Level.REFUSAL, "Leaving", pod.key, "it is being deleted already")
    if pod.owner is None and not pod.terminated:
        yield Finding(Level.WARNING, "BarePod", pod.key, "no controller starts it anew: it is gone for good")
    if application.kind in ("Job", "CronJob") and not pod.terminated:
        yield Finding(
            Level.WARNING, "JobPod", pod.key, "its Job counts this as a failed try, and its work so far is lost"
        )
    if found.forced:
        text = f"its successor goes to ECI as well: {found.because}"
        yield Finding(Level.WARNING, "SentToEci", pod.key, text)
    elif None in found.nodes:
        fate = "goes to ECI again" if found.bursts else "waits until there is room"
        yield Finding(Level.WARNING, "NoRoom", pod.key, f"no ECS node has room: its successor {fate}")
    yield from (Finding(Level.WARNING, code, pod.key, text) for code, text in found.doubts)


async def _asked(situation: Situation, pod: LeavingPod, grace: int | None, delete: bool) -> list[Finding]:
    """What the API server itself says. Who wants it deleted all the same is only warned of budgets."""
    if situation.writer is None:
        return []
    wanted = [access.Permission("create", "pods/eviction", pod.namespace)]
    wanted += [access.Permission("delete", "pods", pod.namespace)] if delete else []
    lacking = await access.lacking(situation.writer, wanted)
    found = lacking or await preflight.dry_run(situation.writer, [pod], grace)
    if not delete or lacking:
        return found
    return [msgspec.structs.replace(one, level=Level.WARNING) for one in found]


def _effect(situation: Situation, pod: Pod, found: Landing) -> Effect:
    virtual = min((node.name for node in situation.snapshot.nodes.values() if node.virtual), default="ECI")
    to_eci = found.forced or (found.bursts and None in found.nodes)
    to = virtual if to_eci else next(iter(found.nodes), None)
    return Effect(
        {pod.key: to} if to is not None else {},
        waits=(pod.key,) if found.nodes and to is None else (),
        lost=(pod.key,) if pod.owner is None and not pod.terminated else (),
        at=situation.snapshot.as_of,
        eci=(pod.key,) if to_eci else (),
        eci_a_day=a_day([pod] if to_eci else [], situation.prices),
        currency=situation.prices.currency if situation.prices is not None else "",
    )


def _says(pod: Pod, application: Application, found: Landing) -> Iterator[str]:
    if pod.owner is not None:
        yield f"{application} starts another in its place"
    yield f"it runs on {pod.node or 'no node yet'}" + (f", there because of {found.because}" if found.because else "")


def _irreversible(pod: LeavingPod, controller: str) -> Iterator[str]:
    if not controller:
        yield f"{pod.pod} is gone for good: nobody starts it anew"
    if pod.loses:
        yield f"its local data (emptyDir {', '.join(pod.loses)}) is lost"


async def go(run: Run) -> None:
    """Ask it to go, see it gone, look for its successor."""
    pod, line = run.plan.leaving[0], run.plan.subject
    timeout = run.plan.options.timeout
    steps = [
        Step("evict", pod.pod, lambda: _is_leaving(run), lambda: _evict(run), timeout, {"uid": pod.uid}),
        Step("wait until it is gone", pod.pod, lambda: _is_gone(run), patience=timeout),
    ]
    outcome, text = await attempt(run, steps, line, LOOK)
    if outcome == DONE:
        text = f"it is gone; {await _successor(run)}"
        run.node(line, phase=DONE, text=text)
    await run.end(outcome, text)


async def resume(run: Run, entry: Entry) -> None:
    """A pod that was asked to go isn't asked again."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """Raises Refused: a pod that has gone doesn't come back."""
    raise Refused(f"{run.plan.subject}: a deleted pod can't be brought back; resume goes on, close leaves it")


async def close(run: Run) -> None:
    """Nothing is claimed."""
    await run.end(CLOSED, "nothing more was done; what was asked to go, goes")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """Whether the pod is still there."""
    assert entry.plan is not None
    meta = await _meta(reader, entry.plan.leaving[0])
    state = "is gone" if meta is None else "is leaving" if "deletionTimestamp" in meta else "is there"
    return [f"pod {entry.plan.subject} {state}"]


async def _meta(reader: Reader, pod: LeavingPod) -> dict[str, Any] | None:
    """That very pod's metadata; None when it has gone, or another has its name."""
    try:
        found = decoded(await reader.get(pod_path(pod.pod)), dict[str, Any], pod.pod)
    except NotFound:
        return None
    meta = table(found.get("metadata"))
    return meta if meta.get("uid") == pod.uid else None


async def _is_gone(run: Run) -> bool:
    return await _meta(run.reader, run.plan.leaving[0]) is None


async def _is_leaving(run: Run) -> bool:
    meta = await _meta(run.reader, run.plan.leaving[0])
    return meta is None or "deletionTimestamp" in meta


async def _evict(run: Run) -> None:
    pod, grace = run.plan.leaving[0], run.plan.options.grace_period
    with contextlib.suppress(NotFound):  # it has gone by itself
        try:
            await run.writer.evict(pod.namespace, pod.name, grace, pod.uid)
        except ApiError as error:
            if not (_details(run).delete and BUDGET in error.cause.lower().replace("poddisruptionbudget", BUDGET)):
                raise
            await run.writer.delete(pod_path(pod.pod), grace, pod.uid)


def _details(run: Run) -> Deletion:
    return msgspec.convert(run.plan.details, Deletion)


async def _successor(run: Run) -> str:
    """Where its successor runs, once it has a node."""
    details, until = _details(run), run.clock.monotonic() + SUCCESSOR
    if not details.controller:
        return "nobody starts it anew"
    while run.clock.monotonic() < until and not run.cancelled:
        try:
            new = await _new(run, details)
        except VacancyError:
            new = None
        if new is not None:
            virtual = await workload_pods.virtual_nodes(run.reader)
            return f"{new.name} runs in its place on {new.node} ({'ECI' if new.node in virtual else 'ECS'})"
        await asyncio.sleep(LOOK)
    return f"no successor had a node within {SUCCESSOR:.0f} s"


async def _new(run: Run, details: Deletion) -> workload_pods.PodNow | None:
    namespace = run.plan.leaving[0].namespace
    pods = await workload_pods.controlled_by(run.reader, namespace, details.controller)
    return next((pod for pod in pods if pod.uid not in details.known and pod.stays and pod.node), None)
