"""How controllers see pods and make them from templates. No controller here."""

from datetime import datetime, timedelta
from typing import Any

from sim.controllers.base import being_deleted, controller_reference
from sim.kube.eviction import is_ready

Obj = dict[str, Any]

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def from_template(owner: Obj, template: Obj, *, name: str = "", labels: Obj | None = None) -> Obj:
    """A pod of `owner`; without a name it gets a generated one."""
    meta = template.get("metadata") or {}
    owner_meta = owner["metadata"]
    pod_meta: Obj = {"namespace": owner_meta["namespace"], "ownerReferences": [controller_reference(owner)]}
    pod_meta |= {"name": name} if name else {"generateName": f"{owner_meta['name']}-"}
    if meta.get("labels") or labels:
        pod_meta["labels"] = {**(meta.get("labels") or {}), **(labels or {})}
    if meta.get("annotations"):
        pod_meta["annotations"] = meta["annotations"]
    return {"metadata": pod_meta, "spec": template.get("spec") or {}}


def finished(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def active(pods: list[Obj]) -> list[Obj]:
    """The pods that count as replicas: neither ended nor being deleted."""
    return [pod for pod in pods if not finished(pod) and not being_deleted(pod)]


def ready_since(pod: Obj) -> datetime | None:
    """When the pod became ready, or None while it isn't."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            return datetime.fromisoformat(condition["lastTransitionTime"])
    return None


def available(pod: Obj, min_ready: int, now: datetime) -> bool:
    """Ready for at least `min_ready` seconds."""
    since = ready_since(pod)
    return since is not None and (min_ready == 0 or since + timedelta(seconds=min_ready) <= now)


def deletion_order(pods: list[Obj]) -> list[Obj]:
    """The pods in the order in which a scale-in takes them (controller.ActivePodsWithRanks)."""
    crowd: dict[str, int] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName") or ""
        crowd[node] = crowd.get(node, 0) + 1
    return sorted(pods, key=lambda pod: _rank(pod, crowd))


def _rank(pod: Obj, crowd: dict[str, int]) -> tuple[Any, ...]:
    node = pod["spec"].get("nodeName") or ""
    cost = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    since = ready_since(pod)
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    return (
        bool(node),
        _PHASES.get((pod.get("status") or {}).get("phase", ""), 1),
        is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        -crowd[node],
        -since.timestamp() if since is not None else 0.0,
        -_restarts(pod),
        -created.timestamp(),
    )


def _restarts(pod: Obj) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(status.get("restartCount", 0)) for status in statuses), default=0)


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """An int-or-percent of `total`, rounded up or down (intstr.GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    percent = int(value.rstrip("%"))
    return -(-percent * total // 100) if up else percent * total // 100
