"""One group that grows, as the cloud tells it: whether it was asked already, how far its activity and ACK's task are,
which machines came, and why not all of them did. The order of things is in expand."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.actions import scaling_group
from core.actions.action_plan import ActionPlan
from core.actions.cloud import needed, writing
from core.actions.expand import new_nodes
from core.actions.expand.expand_plan import COUNT, DESIRED, ESS, Details, newest_tasks
from core.actions.run import DONE, Run
from core.actions.scaling_group import IN_PROGRESS, GroupNow
from core.clients.alibaba import CloudError
from core.clients.alibaba.answers import Json
from core.cluster.cloud import ScalingActivity, ScalingInstance
from core.errors import Refused, VacancyError, one_line
from core.kube.node import Node

FAILED_TASK = ("fail", "failed")
PHASES = {"Pending": "is being made", "Pending:Wait": "waits for a lifecycle hook", "InService": "is joining"}
OTHERS = ("Remove", "Detach", "Attach")
"""How activities are described that make no machine."""
TASK = "the ACK API's task is "
MARK = "vacancy"
"""The key under which an activity's metadata names the action."""


def details_of(plan: ActionPlan) -> Details:
    """What the plan says about its group."""
    return msgspec.convert(plan.details, Details)


class Growth:
    """What was seen last. `was_asked`: the call took effect, that much is sure; `unsure`: it was begun, and nobody
    could tell yet what came of it; `ended`: the cloud is through with it. `why`: why not all machines come, in the
    cloud's own words."""

    def __init__(self, run: Run, details: Details) -> None:
        self._run, self._details = run, details
        self._now: GroupNow | None = None
        self._task = ""
        self.was_asked = self.unsure = self.ended = False
        self.why = ""
        self.machines: dict[str, ScalingInstance] = {}
        self.nodes: dict[str, Node] = {}

    def recall(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """What the journal of an earlier process says about the call."""
        for line in lines:
            text = str(line.get("text", ""))
            if line.get("event") == "intent":
                self.unsure = True
            elif line.get("event") == "result" and line.get("ok"):
                self.was_asked, self.unsure = True, False
            elif text.startswith(TASK):
                self._task, self.was_asked, self.unsure = text.removeprefix(TASK), True, False

    @property
    def ready_nodes(self) -> list[str]:
        return [node.name for node in self.nodes.values() if node.ready]

    @property
    def missing(self) -> list[str]:
        """Machines that came and are no Ready nodes."""
        return [one for one in self.machines if (node := self.nodes.get(one)) is None or not node.ready]

    @property
    def tries_on(self) -> bool:
        """Whether the group keeps the size that was asked for, so that ESS goes on trying."""
        return self._now is not None and self._now.scaling.desired == self._details.to

    async def as_planned(self) -> bool:
        """The group is as large as the plan says, and nothing goes on in it; or it was asked already. Raises Refused
        when somebody else changed it."""
        if await self.asked():
            return True
        now, details = self._seen, self._details
        if now.running is not None:
            self._run.doing(one_line(f"waits for another activity of {details.name}: {now.running.description}"))
            return False
        if now.size != details.before:
            raise Refused(
                f"{details.name} had {details.before} machines when the plan was made, and has {now.size} now"
            )
        return True

    async def asked(self) -> bool:
        """Whether the call took effect, whoever got its answer. Raises VacancyError where that can't be known, and
        sending it again could do it twice."""
        self._now = now = await scaling_group.look(needed(self._run.cloud), self._details.group)
        grown = now.size is not None and now.size >= self._details.to
        if not self.was_asked:
            await self._look_for_effect(now, grown)
        return self.was_asked or grown

    async def _look_for_effect(self, now: GroupNow, grown: bool) -> None:
        """ESS tells by the plan's mark. What the ACK API has begun carries none: it is only this action's if a call
        was begun."""
        alone = self._details.door == ESS
        told = alone or (self.unsure and await self._find_task())
        ours = self._ours(now) if alone or self.unsure else []
        self.was_asked = bool(self._task or ours) or (grown and self.unsure)
        if self.unsure and not self.was_asked and not told and self._details.door == COUNT:
            raise VacancyError("whether the ACK API took the call is not known; look at the node pool, then close this")
        self.unsure = False

    async def ask(self) -> object:
        """Send the plan's call. Raises Refused when the group has become another one in the meantime."""
        details = self._details
        if self._seen.size != details.before:
            raise Refused(
                f"{details.name} has {self._seen.size} machines by now, and the plan is about {details.before}"
            )
        try:
            answer = await self._send()
        except CloudError as error:
            self.unsure = self.unsure or error.outcome_unknown
            raise
        self.was_asked = True
        return answer

    async def _send(self) -> object:
        run, details = self._run, self._details
        cloud, writer = needed(run.cloud), writing(run.cloud)
        if details.door == ESS:
            mark = msgspec.json.encode({MARK: run.plan.id}).decode()
            token = run.token("expand", details.group)
            return await writer.ess.scale(details.group, "TotalCapacity", details.to, token, mark)
        if details.door == DESIRED:
            size = {"scaling_group": {"desired_size": details.to}}
            self._task = await writer.cs.modify_pool(cloud.cluster, details.pool, size)
        else:
            self._task = await writer.cs.scale_pool(cloud.cluster, details.pool, details.more)
        await run.journal.note(details.name, TASK + self._task)
        return None

    async def over(self) -> bool:
        """Whether the activity, and ACK's task if there is one, have come to their end."""
        self._now = now = await scaling_group.look(needed(self._run.cloud), self._details.group)
        ours = self._ours(now)
        await self._look_at_machines(ours)
        task = await self._task_now()
        self._say(ours, task)
        self.ended = self._is_over(now, ours, task)
        return self.ended

    def _is_over(self, now: GroupNow, ours: list[ScalingActivity], task: Json | None) -> bool:
        if task is not None and task.get("state") in FAILED_TASK:
            self.why = self.why or _task_error(task)
            return True
        if ours:
            return all(one.status != IN_PROGRESS for one in ours)
        grown = now.size is not None and now.size >= self._details.to
        return task.get("state") == "success" if task is not None else grown and now.running is None

    async def ready(self) -> bool:
        """Whether every machine that came is a Ready node."""
        ours = self._ours(self._seen)
        await self._look_at_machines(ours)
        task = await self._task_now()
        self._say(ours, task)
        if task is not None and task.get("state") in FAILED_TASK:
            self.why = self.why or _task_error(task)
            return True
        return len(self.ready_nodes) >= len(self.machines)

    @property
    def _seen(self) -> GroupNow:
        assert self._now is not None
        return self._now

    def _ours(self, now: GroupNow) -> list[ScalingActivity]:
        """The activities of this action: those with its mark, or in a pool those that are new and nobody else's."""
        if self._details.door == ESS:
            return [one for one in now.activities if self._run.plan.id in one.metadata]
        new = (one for one in now.activities if one.id not in self._details.activities)
        return [one for one in new if not one.metadata and not one.description.startswith(OTHERS)]

    async def _find_task(self) -> bool:
        """Look for the ACK API's task for this pool that was not there before; whether anybody tells."""
        known, cloud = self._details.tasks, needed(self._run.cloud)
        if known is None:
            return False
        try:
            names = [str(row.get("task_id")) for row in await newest_tasks(cloud)]
            for name in (one for one in names if one not in known):
                if _about(await cloud.reader.cs.task(name), self._details.pool):
                    self._task = name
                    break
        except CloudError:
            return False
        return True

    async def _task_now(self) -> Json | None:
        if not self._task:
            return None
        try:
            return await needed(self._run.cloud).reader.cs.task(self._task)
        except CloudError:
            return None  # the group itself tells as well

    async def _look_at_machines(self, ours: list[ScalingActivity]) -> None:
        """The machines that these activities brought, and the nodes that they have become."""
        reader, details = needed(self._run.cloud).reader, self._details
        found: dict[str, ScalingInstance] = {}
        for activity in ours:
            members = await reader.ess.members(details.group, activity.id)
            found |= {one.instance_id: one for one in members.items if not one.state.startswith("Removing")}
            self.why = _activity_error(activity) or self.why
        self.machines = found
        self.nodes = await new_nodes.nodes_of(self._run.reader, found, details.pool)

    def _say(self, ours: list[ScalingActivity], task: Json | None) -> None:
        """How far it is, on the screen: the whole, and a line for each machine."""
        going = next((one for one in ours if one.status == IN_PROGRESS), None)
        if going is not None:
            self._run.doing(one_line(f"ESS: {going.description or going.id}, {going.progress or 0} %"))
        elif task is not None and task.get("state") == "running":
            self._run.doing(one_line(f"ACK: {task.get('current_stage') or 'running'}"))
        else:
            self._run.doing(f"{len(self.ready_nodes)} of {len(self.machines)} machines are Ready nodes")
        for line, machine in zip(self._run.plan.follows, sorted(self.machines), strict=False):
            self._run.node(line, **self._line(machine))

    def _line(self, machine: str) -> dict[str, str]:
        node = self.nodes.get(machine)
        if node is None:
            state = self.machines[machine].state
            return {"phase": PHASES.get(state, state.lower() or "on its way"), "text": machine}
        return {"phase": DONE if node.ready else "is getting ready", "text": f"{machine} is node {node.name}"}


def _about(task: Json, pool: str) -> bool:
    """Whether a task scales this pool, as far as it says."""
    target = task.get("target")
    name = target.get("id") if isinstance(target, dict) else None
    return "scale" in str(task.get("task_type")) and name in (None, pool)


def _task_error(task: Json) -> str:
    error = task.get("error")
    parts = (error.get("code"), error.get("message")) if isinstance(error, dict) else ()
    return one_line("ACK: " + (": ".join(str(part) for part in parts if part) or "the task failed"))


def _activity_error(activity: ScalingActivity) -> str:
    """Why an activity didn't bring all; "" while it goes on, or when it did."""
    if activity.status not in ("Failed", "Warning", "Rejected"):
        return ""
    parts = (activity.error_code, activity.error_message or activity.message)
    return one_line("ESS: " + ": ".join(part for part in parts if part))
