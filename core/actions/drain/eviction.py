"""One pod leaves: asked to go until the API server agrees, that very pod and no other. Whether it has gone is seen by
whoever watches its node (drain).

Source of the cases: k8s.io/kubectl/pkg/drain/drain.go (v0.35), made stricter: UID preconditions, Retry-After, and a new
look at the pod before anything is sent again."""

import asyncio
from enum import Enum

from core.actions.action_plan import LeavingPod
from core.actions.drain.node_pods import pod_path
from core.actions.drain.preflight import BEING_TERMINATED, SEVERAL_BUDGETS
from core.actions.run import Run
from core.clients.kubernetes import ApiError, Forbidden, NotFound, Throttled, Unreachable
from core.errors import VacancyError
from core.kube.kinds import BY_NAME
from core.kube.pod import Pod

RETRY = 5.0
"""Seconds until the next attempt, where the server wishes nothing else."""
LONGEST_RETRY = 60.0
"""Seconds: the longest wish of a server that is granted."""


class Left(Enum):
    """What is known of the pod when nothing more has to be sent."""

    GONE = "gone"
    LEAVING = "leaving"


class Stays(VacancyError):
    """The pod can't be made to go; the message says why."""


class Eviction:
    """The eviction of one pod. `deadline` is monotonic."""

    def __init__(self, run: Run, pod: LeavingPod, deadline: float, retry: float = RETRY) -> None:
        self._run, self._pod, self._deadline, self._retry = run, pod, deadline, retry

    async def ask(self) -> Left:
        """Until the pod is leaving or gone. Raises Stays, or Cancelled."""
        while True:
            if (left := await self._look()) is not None:
                return left
            try:
                await self._send()
            except NotFound:
                return Left.GONE
            except VacancyError as error:
                if getattr(error, "status", None) == 409 and (left := await self._look()) is not None:
                    return left
                await self._wait(error)
            else:
                return Left.LEAVING

    async def _look(self) -> Left | None:
        """What has become of the pod; None: it is there as ever. A server that doesn't answer is asked again."""
        while True:
            try:
                pod = await current(self._run, self._pod)
            except VacancyError as error:
                await self._wait(error)
                continue
            if pod is None:
                return Left.GONE
            return Left.LEAVING if pod.deletion is not None else None

    async def _send(self) -> None:
        pod, options = self._pod, self._run.plan.options
        await self._run.effect(
            "evict",
            pod.pod,
            lambda: self._run.writer.evict(pod.namespace, pod.name, options.grace_period, pod.uid),
            uid=pod.uid,
            node=pod.node,
        )

    async def _wait(self, error: VacancyError) -> None:
        """Before the next attempt, as long as the server wishes. Raises Stays when there is no sense in another."""
        if (why := _final(error)) is not None:
            raise Stays(f"{self._pod.pod}: {why}") from None
        held = {**self._run.of(self._pod.node).held, self._pod.pod: _cause(error)}
        self._run.node(self._pod.node, held=held)
        wish = error.retry_after if isinstance(error, ApiError) else None
        seconds = min(LONGEST_RETRY, wish or self._retry)
        if self._run.clock.monotonic() + seconds > self._deadline:
            raise Stays(f"{self._pod.pod}: not within the time-out: {_cause(error)}") from None
        await self._run.pause(seconds)


async def current(run: Run, pod: LeavingPod) -> Pod | None:
    """The pod as it is; None when it has gone, or another has its name."""
    try:
        body = await run.reader.get(pod_path(pod.pod))
    except NotFound:
        return None
    found: Pod = await asyncio.to_thread(BY_NAME["Pod"].codec.item, body)
    return found if found.uid == pod.uid else None


def _final(error: VacancyError) -> str | None:
    """Why another attempt would end the same; None when it may help."""
    if isinstance(error, Unreachable | Throttled):
        return None
    if not isinstance(error, ApiError):
        return str(error)
    if isinstance(error, Forbidden):
        return None if BEING_TERMINATED in error.cause else f"it may not be evicted: {error.cause}"
    if SEVERAL_BUDGETS in error.cause:
        return "more than one PodDisruptionBudget counts it, and the API server evicts no such pod"
    return None if error.status == 409 or error.status >= 500 else f"its eviction fails: {error.cause}"


def _cause(error: VacancyError) -> str:
    return error.cause if isinstance(error, ApiError | Unreachable) else str(error)
