"""HorizontalPodAutoscalers on resource utilization (pkg/controller/podautoscaler), with its tolerance and patience."""

from typing import Any

from sim.clock import rfc3339
from sim.controllers import pods
from sim.controllers.base import controlled
from sim.controllers.events import Recorder
from sim.controllers.usage import Usage
from sim.kube import strategy
from sim.kube.binding import with_condition
from sim.kube.errors import ApiError
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry

Obj = dict[str, Any]

EVERY = 15.0
_TOLERANCE = 0.1
_DOWN_WINDOW = 300.0


class HorizontalAutoscaler:
    """Looks at every autoscaler each 15 seconds."""

    def __init__(self, registry: Registry, usage: Usage, events: Recorder) -> None:
        self._registry = registry
        self._clock = registry.clock
        self._usage = usage
        self._events = events
        self._wanted: dict[str, list[tuple[float, int]]] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._clock.sleep(self._clock.at_least(EVERY, 0.25))
            self.look()

    def look(self) -> None:
        """One round."""
        for hpa in self._registry.list("HorizontalPodAutoscaler"):
            try:
                self._adjust(hpa)
            except ApiError as error:
                self._give_up(hpa, error.message)

    def _give_up(self, hpa: Obj, why: str) -> None:
        self._events.emit(hpa, "FailedGetScale", why, source="horizontal-pod-autoscaler", type_="Warning")
        message = f"the HPA controller was unable to get the target's current scale: {why}"
        condition = {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": message}
        status = with_condition(hpa.get("status") or {}, condition, rfc3339(self._clock.now()))
        self._registry.set_status("HorizontalPodAutoscaler", hpa, status)

    def _adjust(self, hpa: Obj) -> None:
        reference = hpa["spec"]["scaleTargetRef"]
        try:
            target = self._registry.get(reference["kind"], reference["name"], hpa["metadata"]["namespace"])
        except KeyError:
            return
        found = self._pods(target)
        current = int(target["spec"].get("replicas", 1))
        if not current:  # scaled to nothing by a person: the autoscaler stays out of it (ScalingDisabled)
            self._report(hpa, 0, 0, [], "ScalingDisabled")
            return
        metrics, proposals = [], []
        for metric in hpa["spec"].get("metrics") or ():
            resource: Obj = metric.get("resource") or {}
            goal = (resource.get("target") or {}).get("averageUtilization")
            percent, average = self._utilization(found, resource.get("name", "cpu"))
            if goal is None or percent is None:
                continue
            metrics.append(_current(resource["name"], percent, average))
            ratio = percent / goal
            steady = abs(ratio - 1) <= _TOLERANCE
            proposals.append(current if steady else -int(-len(found) * ratio // 1))
        wanted = self._settled(hpa, current, max(proposals, default=current))
        self._report(hpa, current, wanted, metrics)
        if wanted != current:
            self._scale(hpa, target, current, wanted)

    def _pods(self, target: Obj) -> list[Obj]:
        owners = controlled(self._registry, target, "ReplicaSet") if target["kind"] == "Deployment" else [target]
        found = [pod for owner in owners for pod in controlled(self._registry, owner, "Pod")]
        if not found and target["spec"].get("selector"):  # an ElasticWorkload owns Deployments, not pods
            selector = strategy.label_selector(target["spec"]["selector"])
            space = self._registry.list("Pod", target["metadata"]["namespace"])
            found = [pod for pod in space if selector.matches(pod["metadata"].get("labels") or {})]
        return [pod for pod in pods.active(found) if is_ready(pod)]

    def _utilization(self, found: list[Obj], resource: str) -> tuple[int | None, int]:
        """Percent of requests over all pods with metrics, and the average use of one."""
        used = requested = counted = 0.0
        if not all(_asks_for(container, resource) for pod in found for container in pod["spec"]["containers"]):
            return None, 0
        for pod in found:
            amounts = self._usage.of_pod(pod)
            if amounts:
                used += sum(container[resource] for container in amounts.values())
                requested += self._usage.requested(pod, resource)
                counted += 1
        if not requested:
            return None, 0
        return round(100 * used / requested), int(used / counted)

    def _settled(self, hpa: Obj, current: int, proposal: int) -> int:
        """Within the limits; down only to the highest proposal of the last five minutes."""
        spec, uid, now = hpa["spec"], hpa["metadata"]["uid"], self._clock.monotonic()
        recent = [(at, n) for at, n in self._wanted.get(uid, ()) if now - at <= _DOWN_WINDOW] + [(now, proposal)]
        self._wanted[uid] = recent
        wanted = max(n for _, n in recent) if proposal < current else proposal
        wanted = min(wanted, max(2 * current, 4), current if proposal < current else wanted)
        return max(int(spec.get("minReplicas", 1)), min(int(spec["maxReplicas"]), wanted))

    def _scale(self, hpa: Obj, target: Obj, current: int, wanted: int) -> None:
        meta = target["metadata"]
        self._registry.patch(target["kind"], meta["name"], {"spec": {"replicas": wanted}}, meta["namespace"])
        why = (
            "cpu resource utilization (percentage of request) above target"
            if wanted > current
            else "All metrics below target"
        )
        message = f"New size: {wanted}; reason: {why}"
        self._events.emit(hpa, "SuccessfulRescale", message, source="horizontal-pod-autoscaler")

    def _report(
        self, hpa: Obj, current: int, wanted: int, metrics: list[Obj], idle: str = "FailedGetResourceMetric"
    ) -> None:
        status: Obj = {**(hpa.get("status") or {}), "currentReplicas": current, "desiredReplicas": wanted}
        now = rfc3339(self._clock.now())
        if metrics:
            status["currentMetrics"] = metrics
        if wanted != current:
            status["lastScaleTime"] = now
        limited = wanted >= int(hpa["spec"]["maxReplicas"])
        said = (
            ("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size"),
            ("ScalingActive", bool(metrics), "ValidMetricFound" if metrics else idle, ""),
            ("ScalingLimited", limited, "TooManyReplicas" if limited else "DesiredWithinRange", ""),
        )
        for type_, value, reason, message in said:
            condition = {"type": type_, "status": str(value), "reason": reason, "message": message}
            status = with_condition(status, condition, now)
        self._registry.set_status("HorizontalPodAutoscaler", hpa, status)


def _asks_for(container: Obj, resource: str) -> bool:
    """One container without a request leaves the utilization of the whole workload undefined, as upstream."""
    return resource in ((container.get("resources") or {}).get("requests") or {})


def _current(name: str, percent: int, average: int) -> Obj:
    value = f"{average}m" if name == "cpu" else str(average)
    return {
        "type": "Resource",
        "resource": {"name": name, "current": {"averageUtilization": percent, "averageValue": value}},
    }
