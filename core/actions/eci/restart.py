"""A restart that runs: a new pod template as kubectl's `rollout restart` makes it (or each pod on ECI deleted by its
CloneSet), followed until it is complete; then a look at where the new pods really are. What a plan says is in
restart_plan.

Sources: k8s.io/kubectl/pkg/polymorphichelpers/objectrestarter.go (v0.35); OpenKruise's label for deleting a pod within
maxUnavailable."""

import contextlib
from collections.abc import Awaitable
from typing import Any

from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud
from core.actions.drain.node_pods import pod_path
from core.actions.eci import owner, restart_plan, rollout, workload_pods
from core.actions.eci.owner import OwnerNow, decoded, table
from core.actions.eci.restart_plan import REPLACE, Restart, details_of
from core.actions.eci.rollout import RESTARTED_AT
from core.actions.eci.workload_pods import PodNow
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, CLOSED, DONE, PARTLY, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, attempt, lost
from core.clients.kubernetes import NotFound, Reader
from core.errors import Refused, VacancyError

ACTION = "vacancy/action"
"""The annotation of the new pod template that says whose restart it is."""
DELETE_LABEL = "apps.kruise.io/specified-delete"
PATIENCE = 60.0
"""Seconds until a change has to be answered; the rollout itself has the time-out of the plan."""
LOOK = 1.0
"""Seconds between two looks at a rollout."""


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Restart the rollout of one owner."""
    return await restart_plan.plan(situation, asked)


async def go(run: Run) -> None:
    """All of it, to its end."""
    await Restarting(run).go()


async def resume(run: Run, entry: Entry) -> None:
    """What was sent is found by its marks, and not sent again."""
    await Restarting(run, begun=any(line.get("event") == "intent" for line in entry.lines)).go()


async def undo(run: Run, entry: Entry) -> None:
    """Raises Refused: there is no sense in it."""
    raise Refused(f"{run.plan.subject}: a rollout can't be taken back; resume follows it to its end, close leaves it")


async def close(run: Run) -> None:
    """Nothing is claimed."""
    await run.end(CLOSED, "nothing was changed; a rollout that was begun goes on by itself")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """How far the rollout is, and where its pods are."""
    assert entry.plan is not None
    details = details_of(entry.plan)
    try:
        now = await owner.look(reader, details.owner)
    except Refused as error:
        return [str(error)]
    pods = await workload_pods.pods_of(reader, details.owner, now)
    virtual = await workload_pods.virtual_nodes(reader)
    old = sum(1 for pod in pods if pod.uid in details.old.values())
    away = sum(1 for pod in pods if pod.node in virtual and pod.stays)
    if details.way == REPLACE:
        state = "its pods are replaced one by one"
    else:
        state = "has this action's template" if _ours(now, entry.plan) else "doesn't have this action's template"
    return [f"{details.owner} {state}; {old} of its {len(details.old)} old pods are there, {away} pods are on ECI"]


def _ours(now: OwnerNow, plan: ActionPlan) -> bool:
    return bool(now.template_annotations.get(ACTION) == plan.id)


class Restarting:
    """One restart. `begun`: something was sent, so that the rollout may be on its way."""

    def __init__(self, run: Run, begun: bool = False) -> None:
        self._run = run
        self._details: Restart = details_of(run.plan)
        self._owner = self._details.owner
        self._begun = begun

    async def go(self) -> None:
        """To its end, which the progress and the journal tell."""
        run, line = self._run, self._run.plan.subject
        outcome, text = await attempt(run, self._steps(), line, LOOK)
        if outcome == DONE:
            outcome, text = await self._verified()
        elif self._begun:
            told = "the rollout goes on by itself" if outcome == CANCELLED else await self._whereabouts()
            outcome, text = (outcome if outcome == CANCELLED else PARTLY), f"{text}; {told}"
        run.node(line, phase=outcome, text=text if outcome != DONE else "")
        await run.end(outcome, text)

    def _steps(self) -> list[Step]:
        timeout = self._run.plan.options.timeout
        if self._details.way == REPLACE:
            sent = [self._replacing(name, uid) for name, uid in self._details.old.items()]
        else:
            before = {"uid": self._details.uid, "restartedAt": self._details.seen}
            sent = [Step("restart", str(self._owner), self._restarted, self._restart, PATIENCE, before)]
        return [*sent, Step("rollout", str(self._owner), self._complete, patience=timeout)]

    # a new template

    async def _restarted(self) -> bool:
        """Whether the template is ours. Raises Refused when that is out of the question."""
        return self._judge(await owner.look(self._run.reader, self._owner))

    def _judge(self, now: OwnerNow) -> bool:
        details = self._details
        if now.uid != details.uid:
            raise Refused(f"{self._owner}: another has this name now; make a new plan")
        if _ours(now, self._run.plan):
            self._begun = True
            return True
        if str(now.template_annotations.get(RESTARTED_AT) or "") != details.seen:
            raise Refused(f"{self._owner}: somebody else restarted it meanwhile; look at where its pods are now")
        if why := rollout.stopped(details.kind, now):
            raise Refused(f"{self._owner}: {why}")
        if rollout.in_place(details.kind, now):
            raise Refused(f"{self._owner}: it updates in place by now, which moves nothing; make a new plan")
        return False

    async def _restart(self) -> bytes:
        run, details = self._run, self._details

        def template(now: OwnerNow) -> dict[str, Any]:
            self._judge(now)
            notes = {RESTARTED_AT: details.stamp, ACTION: run.plan.id}
            return {"spec": {"template": {"metadata": {"annotations": notes}}}}

        return await self._sent(owner.change(run.reader, run.writer, self._owner, details.uid, template))

    async def _sent(self, change: Awaitable[bytes]) -> bytes:
        """Send it, and remember that it took effect, or may have."""
        try:
            answer = await change
        except VacancyError as error:
            self._begun = self._begun or lost(error)
            raise
        self._begun = True
        return answer

    # pods replaced by their CloneSet

    def _replacing(self, name: str, uid: str) -> Step:
        key = f"{self._owner.namespace}/{name}"
        path = pod_path(key)

        async def leaving() -> bool:
            try:
                pod = decoded(await self._run.reader.get(path), dict[str, Any], key)
            except NotFound:
                return True
            meta = table(pod.get("metadata"))
            marked = table(meta.get("labels")).get(DELETE_LABEL) == "true" or "deletionTimestamp" in meta
            self._begun = self._begun or marked
            return meta.get("uid") != uid or marked

        async def mark() -> None:
            body = {"metadata": {"uid": uid, "labels": {DELETE_LABEL: "true"}}}
            with contextlib.suppress(NotFound):  # it has gone by itself
                await self._sent(self._run.writer.patch(path, body))

        return Step("replace", key, leaving, mark, PATIENCE, {"uid": uid})

    # following it

    async def _complete(self) -> bool:
        """Whether the rollout is through. Raises VacancyError when it can't get there."""
        run = self._run
        now = await owner.look(run.reader, self._owner)
        if now.uid != self._details.uid:
            raise VacancyError(f"{self._owner}: it was deleted, and another has its name")
        if self._details.way == REPLACE:
            left = await self._old_left(now)
            still = rollout.still_to_go(left) if left else rollout.missing(self._details.kind, now)
        else:
            if not _ours(now, run.plan):
                raise VacancyError(f"{self._owner}: somebody changed its pod template while it was rolled out")
            still = rollout.missing(self._details.kind, now)
        run.node(run.plan.subject, phase="rolling out", text=still)
        return not still

    async def _old_left(self, now: OwnerNow) -> int:
        pods = await workload_pods.pods_of(self._run.reader, self._owner, now)
        return sum(1 for pod in pods if pod.uid in self._details.old.values())

    # what came of it

    async def _new_pods(self) -> list[PodNow]:
        """Those that stay and are not among the old: with our template's mark where it has one. A pod that was updated
        where it is keeps its UID, and is not new."""
        run, details = self._run, self._details
        now = await owner.look(run.reader, self._owner)
        pods = await workload_pods.pods_of(run.reader, self._owner, now)
        new = [pod for pod in pods if pod.stays and pod.uid not in details.old.values()]
        if details.way == REPLACE:
            return new
        return [pod for pod in new if pod.annotations.get(ACTION) == run.plan.id]

    async def _verified(self) -> tuple[str, str]:
        """The outcome, by where the new pods are."""
        try:
            new, virtual = await self._new_pods(), await workload_pods.virtual_nodes(self._run.reader)
        except VacancyError as error:
            return PARTLY, f"rolled out, and nobody can say where the new pods are: {error}"
        home = [pod for pod in new if pod.node is not None and pod.node not in virtual]
        told = _told(new, virtual, len(self._details.away))
        expected = min(self._details.home, len(new))
        if len(home) < expected or (not new and self._details.old):
            return PARTLY, f"rolled out, and fewer than expected are on ECS: {told}, {self._details.home} foreseen"
        return DONE, f"rolled out: {told}"

    async def _whereabouts(self) -> str:
        try:
            return _told(await self._new_pods(), await workload_pods.virtual_nodes(self._run.reader), None)
        except VacancyError as error:
            return f"where its pods are is not known: {error}"


def _told(new: list[PodNow], virtual: set[str], before: int | None) -> str:
    """Where the new pods are, in words."""
    home = sorted({pod.node for pod in new if pod.node is not None and pod.node not in virtual})
    on_ecs = sum(1 for pod in new if pod.node in home)
    away = sum(1 for pod in new if pod.node in virtual)
    waiting = sum(1 for pod in new if pod.node is None)
    where = f" ({', '.join(home[:3])}{f' and {len(home) - 3} more' if len(home) > 3 else ''})" if home else ""
    parts = [f"{on_ecs} of {len(new)} new pods are on ECS{where}"]
    parts += [f"{away} on ECI"] if away else []
    parts += [f"{waiting} wait for a node"] if waiting else []
    return ", ".join(parts) + (f"; {before} had been on ECI" if before is not None else "")
