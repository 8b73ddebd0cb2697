"""Scale-in: which nodes could go, by a few of upstream's rules, each pod's move judged on its own. Removes nothing."""

from typing import Any

from sim.controllers.filters import Filters, Unusable
from sim.controllers.roster import Place, Roster, read_pod
from sim.kube.eviction import budgets_of
from sim.kube.registry import Registry
from sim.world.autoscaler.groups import TO_BE_DELETED, Group, is_daemon

Obj = dict[str, Any]

THRESHOLD = 0.5
_PREFIX = "cluster-autoscaler.kubernetes.io/"
_REPLICATED = ("ReplicationController", "ReplicaSet", "Job", "StatefulSet")


def removable(registry: Registry, roster: Roster, group: Group) -> list[str]:
    """The group's nodes that are little used and whose pods could move."""
    if group.target <= group.low:
        return []
    return [name for name in group.ready if name in roster.places and _could_go(registry, roster, name)]


def _could_go(registry: Registry, roster: Roster, name: str) -> bool:
    node = registry.get("Node", name)
    notes = node["metadata"].get("annotations") or {}
    if notes.get(f"{_PREFIX}scale-down-disabled") == "true":
        return False
    if any(taint["key"] == TO_BE_DELETED for taint in node["spec"].get("taints") or ()):
        return False
    if utilization(roster.places[name]) > THRESHOLD:
        return False
    moving = [pod for pod in registry.pods_on(name) if not is_daemon(pod)]
    return all(not blocked(registry, pod) and _has_place(roster, pod, name) for pod in moving)


def utilization(place: Place) -> float:
    """Requests by allocatable: of the GPU on GPU nodes, else the larger of CPU and memory."""
    room, taken = place.node.allocatable, place.taken
    if room.get("nvidia.com/gpu"):
        return taken.get("nvidia.com/gpu", 0) / room["nvidia.com/gpu"]
    return max(taken.get(name, 0) / room[name] for name in ("cpu", "memory") if room.get(name))


def blocked(registry: Registry, pod: Obj) -> bool:
    """Whether the pod keeps its node."""
    meta = pod["metadata"]
    wish = (meta.get("annotations") or {}).get(f"{_PREFIX}safe-to-evict")
    owner = next((one for one in meta.get("ownerReferences") or () if one.get("controller")), None)
    if owner and owner["kind"] in _REPLICATED and not registry.find(owner["kind"], owner["name"], meta["namespace"]):
        return True
    if wish == "true" or pod["status"].get("phase") in ("Succeeded", "Failed"):
        return False
    if owner is None or owner["kind"] not in _REPLICATED or wish == "false":
        return True
    budgets = budgets_of(registry, pod)
    if meta["namespace"] == "kube-system" and not budgets:
        return True
    if any("hostPath" in volume or "emptyDir" in volume for volume in pod["spec"].get("volumes") or ()):
        return True
    return any(int((budget.get("status") or {}).get("disruptionsAllowed", 0)) < 1 for budget in budgets)


def _has_place(roster: Roster, pod: Obj, away_from: str) -> bool:
    try:
        filters = Filters(roster, read_pod(pod))
    except Unusable:
        return False
    return any(filters.refusal(place) is None for name, place in roster.places.items() if name != away_from)
