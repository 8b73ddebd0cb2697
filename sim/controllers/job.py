"""Jobs: pods until enough of them succeeded. Indexes, suspension in the middle and success policies are left out."""

from datetime import datetime, timedelta
from typing import Any

from sim.clock import rfc3339
from sim.controllers import pods
from sim.controllers.base import Controller, being_deleted, controlled, own_key, owner_key
from sim.controllers.events import Recorder
from sim.kube.binding import with_condition
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Key

Obj = dict[str, Any]

_OWN_GRACE = DeleteOptions()


class JobController(Controller):
    """Runs jobs to completion, failure, or the end of their time after that."""

    kind = "Job"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("Job", own_key)
        self.follow("Pod", owner_key("Job"))

    def reconcile(self, key: Key) -> None:
        job = self.registry.find("Job", key[1], key[0])
        if job is None or being_deleted(job):
            return
        if _ended(job) is not None:
            self._expire(job, key)
            return
        found = controlled(self.registry, job, "Pod")
        succeeded = sum((pod.get("status") or {}).get("phase") == "Succeeded" for pod in found)
        failed = sum((pod.get("status") or {}).get("phase") == "Failed" for pod in found)
        running = pods.active(found)
        if failed > int(job["spec"]["backoffLimit"]):
            self._end(job, running, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        elif succeeded >= int(job["spec"]["completions"]):
            self._end(job, running, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        elif job["spec"].get("suspend"):
            self._suspend(job, running)
            running = []
        else:
            self._resume(job)
            running += self._create(job, succeeded, len(running))
        self._count(key, running, succeeded, failed)

    def _suspend(self, job: Obj, running: list[Obj]) -> None:
        for pod in running:
            self.registry.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], _OWN_GRACE)
        if not _suspended(job):
            self._say_suspended(job, "True", "JobSuspended", "Job suspended")

    def _resume(self, job: Obj) -> None:
        if _suspended(job):
            self._say_suspended(job, "False", "JobResumed", "Job resumed")

    def _say_suspended(self, job: Obj, value: str, reason: str, message: str) -> None:
        now = rfc3339(self.clock.now())
        condition = {"type": "Suspended", "status": value, "reason": reason, "message": message, "lastProbeTime": now}
        self.registry.set_status("Job", job, with_condition(job.get("status") or {}, condition, now))
        self._events.emit(job, reason.removeprefix("Job"), message, source="job-controller")

    def _create(self, job: Obj, succeeded: int, running: int) -> list[Obj]:
        missing = min(int(job["spec"]["parallelism"]), int(job["spec"]["completions"]) - succeeded) - running
        made = []
        for _ in range(missing):
            pod = self.registry.create("Pod", pods.from_template(job, job["spec"]["template"]))
            message = f"Created pod: {pod['metadata']['name']}"
            self._events.emit(job, "SuccessfulCreate", message, source="job-controller")
            made.append(pod)
        return made

    def _end(self, job: Obj, running: list[Obj], type_: str, reason: str, message: str) -> None:
        for pod in running:
            self.registry.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], _OWN_GRACE)
        now = rfc3339(self.clock.now())
        status = job.get("status") or {}
        for step in ("SuccessCriteriaMet" if type_ == "Complete" else "FailureTarget", type_):
            condition = {"type": step, "status": "True", "reason": reason, "message": message, "lastProbeTime": now}
            status = with_condition(status, condition, now)
        if type_ == "Complete":
            status["completionTime"] = now
        self.registry.set_status("Job", job, status)
        text = "Job completed" if type_ == "Complete" else message
        kind = "Normal" if type_ == "Complete" else "Warning"
        self._events.emit(
            job, "Completed" if type_ == "Complete" else reason, text, source="job-controller", type_=kind
        )

    def _count(self, key: Key, running: list[Obj], succeeded: int, failed: int) -> None:
        job = self.registry.get("Job", key[1], key[0])
        old = job.get("status") or {}
        counts = {
            "active": len(running),
            "succeeded": succeeded,
            "failed": failed,
            "ready": sum(map(is_ready, running)),
        }
        if _ended(job) is not None:
            counts["active"] = counts["ready"] = 0
        status = {name: value for name, value in old.items() if name not in counts}
        status |= {name: value for name, value in counts.items() if value or name == "ready"}
        status |= {"terminating": 0, "uncountedTerminatedPods": {}}
        if job["spec"].get("suspend"):
            status.pop("startTime", None)
        else:
            status.setdefault("startTime", rfc3339(self.clock.now()))
        self.registry.set_status("Job", job, status)

    def _expire(self, job: Obj, key: Key) -> None:
        ttl, ended = job["spec"].get("ttlSecondsAfterFinished"), _ended(job)
        if ttl is None or ended is None:
            return
        left = (ended + timedelta(seconds=int(ttl)) - self.clock.now()).total_seconds()
        if left > 0:
            self.queue.add(key, left)
        else:
            self.registry.delete("Job", key[1], key[0])


def _suspended(job: Obj) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(row["type"] == "Suspended" and row["status"] == "True" for row in conditions)


def _ended(job: Obj) -> datetime | None:
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition["type"] in ("Complete", "Failed"):
            return datetime.fromisoformat(condition["lastTransitionTime"])
    return None
