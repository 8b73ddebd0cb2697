"""The steps by which the ACK API brings a machine into a node pool (AttachInstancesToNodePool, which replaces its
system disk), and its task, which is found again by what it is about: the call takes no client token."""

import json
from typing import Any

from core.actions.attach.attach_machine import Work
from core.actions.cloud import Cloud, writing
from core.actions.step import Step
from core.clients.alibaba import NotFound
from core.errors import VacancyError, one_line

HAND_OVER, FOLLOW = "hand it to ACK", "wait for ACK's task"
NEWEST = 20
"""Tasks of the cluster that are looked at: those before it can't be this action's."""
_GOOD, _BAD = ("success",), ("fail", "failed", "canceled", "cancelled")
Json = dict[str, Any]


def steps(work: Work) -> list[Step]:
    """Hand it over, and follow the task to its end."""
    task = Task(work)
    return [
        Step(HAND_OVER, work.of.instance, task.there, task.begin, before={"pool": work.of.pool}),
        Step(FOLLOW, work.of.instance, task.over, patience=work.run.plan.options.timeout),
    ]


async def known_tasks(cloud: Cloud, cluster: str) -> tuple[str, ...]:
    """The ids of the cluster's newest tasks."""
    query = {"page_number": "1", "page_size": str(NEWEST)}
    answer = await cloud.reader.cs.ask("DescribeClusterTasks", f"/clusters/{cluster}/tasks", query)
    rows = answer.get("tasks")
    found = (row.get("task_id") for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return tuple(task for task in found if isinstance(task, str) and task)


class Task:
    """The one that attaches the machine."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._id = ""
        self._others = set(work.of.tasks)

    async def begin(self) -> Json:
        """Send it; the answer names the task."""
        work = self._work
        writer = writing(work.run.cloud).cs
        self._id = await writer.attach_to_pool(work.run.plan.cluster, work.of.pool, [work.of.instance])
        await work.run.journal.note(work.of.instance, f"the ACK API follows it as task {self._id}")
        return {}

    async def there(self) -> bool:
        """Whether there is a task that was not there before, and is about this machine."""
        if self._id:
            return True
        cloud, cluster = self._work.cloud, self._work.run.plan.cluster
        for task in await known_tasks(cloud, cluster):
            if task in self._others:
                continue
            try:
                found = await cloud.reader.cs.task(task)
            except NotFound:
                found = {}
            if self._work.of.instance in json.dumps([found.get("parameters"), found.get("target")]):
                self._id = task
                return True
            self._others.add(task)
        return False

    async def over(self) -> bool:
        """Whether it has succeeded. Raises VacancyError with the ACK API's own words when it has failed."""
        found = await self._work.cloud.reader.cs.task(self._id)
        state = str(found.get("state") or "")
        if state in _BAD:
            raise VacancyError(f"ACK's task {self._id} failed: {said(found)}")
        if state not in _GOOD:
            stage = one_line(str(found.get("current_stage") or state), 80)
            self._work.run.node(self._work.of.instance, text=f"{stage} ({self._id})")
        return state in _GOOD


def said(task: Json) -> str:
    """Why it failed, in one line."""
    error = task.get("error")
    error = error if isinstance(error, dict) else {}
    words = ": ".join(str(error[key]) for key in ("code", "message") if error.get(key))
    return one_line(words or "it doesn't say why", 200)
