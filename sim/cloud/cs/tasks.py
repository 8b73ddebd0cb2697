"""The ACK API's long-running jobs: one task with stages and events for each change. Not what the stages do."""

from dataclasses import replace
from typing import Any

from sim.cloud.actions import action
from sim.cloud.cs.clusters import cluster_of
from sim.cloud.errors import CloudError
from sim.cloud.names import to_local
from sim.cloud.state import Cloud, Task
from sim.cloud.wire import Call


def open_task(
    cloud: Cloud, cluster_id: str, kind: str, target: tuple[str, str], parameters: dict[str, Any], *stages: str
) -> Task:
    """Write down a new running task."""
    task_id = f"T-{cloud.ids.hexadecimal(24)}"
    now = cloud.now()
    task = Task(task_id, cluster_id, kind, now, now, target, parameters, stages=stages)
    return cloud.tasks.add(task_id, task)


def note(cloud: Cloud, task_id: str, reason: str, message: str, level: str = "normal") -> None:
    """Add an event to a task."""
    task = cloud.tasks[task_id]
    event = {"action": task.type, "level": level, "message": message, "reason": reason, "source": "cos.aliyuncs.com"}
    stamped = {**event, "timestamp": to_local(cloud.now())}
    cloud.tasks.change(task_id, events=(*task.events, stamped), updated=cloud.now())


def next_stage(cloud: Cloud, task_id: str) -> None:
    cloud.tasks.change(task_id, stage=cloud.tasks[task_id].stage + 1, updated=cloud.now())


def close_task(cloud: Cloud, task_id: str, results: dict[str, str], error: tuple[str, str] | None = None) -> None:
    """End a task: `success`, or `fail` with an error (code, message)."""
    task = cloud.tasks[task_id]
    state = "fail" if error else "success"
    stage = task.stage if error else len(task.stages)
    done = replace(task, state=state, stage=stage, error=error, updated=cloud.now(), results=tuple(results.items()))
    cloud.tasks.add(task_id, done)


@action("cs", "DescribeTaskInfo", "GET", "/tasks/{task_id}")
def describe_task(cloud: Cloud, call: Call) -> dict[str, Any]:
    task = cloud.tasks.get(call.path["task_id"])
    if task is None:
        raise CloudError("ErrorTaskNotFound", "The specified task does not exist.", 404)
    return {
        **_summary(task),
        "cluster_id": task.cluster_id,
        "target": {"type": task.target[0], "id": task.target[1]},
        "parameters": task.parameters,
        "current_stage": task.stages[min(task.stage, len(task.stages) - 1)] if task.stages else "",
        "stages": [_stage(task, index) for index in range(len(task.stages))],
        "events": list(task.events),
        "task_result": [{"data": data, "status": status} for data, status in task.results],
        "outputs": {},
    }


def _summary(task: Task) -> dict[str, Any]:
    error = {"error": {"code": task.error[0], "message": task.error[1]}} if task.error else {}
    times = {"created": to_local(task.created), "updated": to_local(task.updated)}
    return {"task_id": task.id, "task_type": task.type, "state": task.state, **times, **error}


def _stage(task: Task, index: int) -> dict[str, Any]:
    state = "success" if index < task.stage else "running" if index == task.stage else "initial"
    failed = task.state == "fail" and index == task.stage
    return {"state": "fail" if failed else state, "message": task.stages[index], "outputs": {}}


@action("cs", "DescribeClusterTasks", "GET", "/clusters/{cluster_id}/tasks")
def describe_tasks(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster = cluster_of(cloud, call)
    rows = [task for task in reversed(list(cloud.tasks)) if task.cluster_id == cluster.id]
    number, size = call.integer("page_number", 1), call.integer("page_size", 20)
    page = rows[(number - 1) * size : number * size]
    info = {"page_number": number, "page_size": size, "total_count": len(rows)}
    return {"tasks": [_summary(task) for task in page], "page_info": info}
