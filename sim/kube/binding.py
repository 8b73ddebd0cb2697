"""pods/binding: gives a pod its node. The scheduler and clients both come through here."""

from typing import Any

from sim.clock import rfc3339
from sim.kube.errors import bad_request, conflict
from sim.kube.registry import Registry

Obj = dict[str, Any]


def with_condition(status: Obj, condition: Obj, now: str) -> Obj:
    """`status` with that condition set; its lastTransitionTime moves only when its status changes."""
    conditions = list(status.get("conditions") or ())
    for i, old in enumerate(conditions):
        if old.get("type") == condition["type"]:
            moved = now if old.get("status") != condition["status"] else old.get("lastTransitionTime", now)
            conditions[i] = {**condition, "lastTransitionTime": moved}
            return {**status, "conditions": conditions}
    return {**status, "conditions": [*conditions, {**condition, "lastTransitionTime": now}]}


def bind(registry: Registry, namespace: str, name: str, node: str, dry_run: bool = False) -> Obj:
    """Bind the pod to the node; 409 when it has one already or is being deleted."""
    pod = registry.get("Pod", name, namespace)
    resource = registry.catalog.kind("Pod")
    if not node:
        raise bad_request("target.name: Required value")
    if "deletionTimestamp" in pod["metadata"]:
        raise conflict(resource, name, f"pod {name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        raise conflict(resource, name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
    if pod["spec"].get("schedulingGates"):
        raise conflict(resource, name, f"pod {name} has non-empty .spec.schedulingGates")
    if dry_run:
        return pod
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
    status = with_condition(pod.get("status") or {}, scheduled, rfc3339(registry.clock.now()))
    status.pop("nominatedNodeName", None)
    return registry.rewrite("Pod", {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})
