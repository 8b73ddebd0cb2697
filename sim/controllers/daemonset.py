"""DaemonSets: one pod on each node that its template allows; the scheduler binds it there by node affinity."""

from typing import Any

from core.kube.taints import Taint, Toleration, untolerated
from sim.controllers import nodes, pods
from sim.controllers.base import Controller, being_deleted, controlled, own_key, owner_key
from sim.controllers.deployment import template_hash
from sim.controllers.events import Recorder
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]

_HASH = "controller-revision-hash"
_OWN_GRACE = DeleteOptions()
_NO_EXECUTE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_NO_SCHEDULE = (
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
)
_TOLERATED = [
    *({"key": key, "operator": "Exists", "effect": "NoExecute"} for key in _NO_EXECUTE),
    *({"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in _NO_SCHEDULE),
]
_TOLERATED_ON_HOST_NETWORK = {
    "key": "node.kubernetes.io/network-unavailable",
    "operator": "Exists",
    "effect": "NoSchedule",
}


class DaemonSetController(Controller):
    """Follows its sets, their pods, and what of the nodes decides where they belong."""

    kind = "DaemonSet"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("DaemonSet", own_key)
        self.follow("Pod", owner_key("DaemonSet"))
        self.follow("Node", self._all_when_node_changed)

    def reconcile(self, key: Key) -> None:
        owner = self.registry.find("DaemonSet", key[1], key[0])
        if owner is None:
            return
        by_node: dict[str, list[Obj]] = {}
        for pod in controlled(self.registry, owner, "Pod"):
            by_node.setdefault(_target(pod), []).append(pod)
        spec = _daemon_spec(owner)
        wanted = {node["metadata"]["name"] for node in self.registry.list("Node") if _belongs(spec, node)}
        if not being_deleted(owner):
            self._place(owner, spec, wanted, by_node)
        self._report(owner, wanted)

    def _all_when_node_changed(self, change: Change) -> list[Key]:
        old, new = change.old, change.object
        if old is not None and change.type == "MODIFIED" and _seen(old) == _seen(new):
            return []
        return self.registry.shelf("DaemonSet").keys()

    def _place(self, owner: Obj, spec: Obj, wanted: set[str], by_node: dict[str, list[Obj]]) -> None:
        for node in sorted(wanted):
            found = by_node.get(node, [])
            for pod in found:
                if pods.finished(pod) and not being_deleted(pod):
                    self._delete(pod)
            if not found:
                self._create(owner, spec, node)
        for node, found in by_node.items():
            for pod in found if node not in wanted else found[1:]:
                if not being_deleted(pod):
                    self._delete(pod)
        self._replace_outdated(owner, [pod for node in wanted for pod in by_node.get(node, ())], len(wanted))

    def _replace_outdated(self, owner: Obj, found: list[Obj], wanted: int) -> None:
        strategy = owner["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        name = template_hash(owner["spec"]["template"])
        slack = max(1, pods.scaled((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), wanted, up=True))
        slack -= sum(being_deleted(pod) or not is_ready(pod) for pod in found)
        for pod in found:
            outdated = pod["metadata"].get("labels", {}).get(_HASH) != name
            if slack > 0 and outdated and not being_deleted(pod):
                self._delete(pod)
                slack -= 1

    def _create(self, owner: Obj, spec: Obj, node: str) -> None:
        labels = {_HASH: template_hash(owner["spec"]["template"])}
        pod = pods.from_template(owner, {**owner["spec"]["template"], "spec": _pinned(spec, node)}, labels=labels)
        name = self.registry.create("Pod", pod)["metadata"]["name"]
        self._events.emit(owner, "SuccessfulCreate", f"Created pod: {name}", source="daemonset-controller")

    def _delete(self, pod: Obj) -> None:
        self.registry.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], _OWN_GRACE)

    def _report(self, owner: Obj, wanted: set[str]) -> None:
        found = [pod for pod in controlled(self.registry, owner, "Pod") if not being_deleted(pod)]
        placed = [pod for pod in found if pod["spec"].get("nodeName") in wanted]
        name = template_hash(owner["spec"]["template"])
        ready = sum(map(is_ready, placed))
        status = {
            "currentNumberScheduled": len(placed),
            "numberMisscheduled": sum(bool(pod["spec"].get("nodeName")) for pod in found) - len(placed),
            "desiredNumberScheduled": len(wanted),
            "numberReady": ready,
            "observedGeneration": owner["metadata"]["generation"],
            "updatedNumberScheduled": sum(pod["metadata"].get("labels", {}).get(_HASH) == name for pod in placed),
        }
        status |= {"numberAvailable": ready} if ready else {}
        status |= {"numberUnavailable": len(wanted) - ready} if len(wanted) > ready else {}
        self.registry.set_status("DaemonSet", owner, status)


def _seen(node: Obj) -> tuple[Any, ...]:
    """What of a node decides whether daemons belong there."""
    spec = node.get("spec") or {}
    return node["metadata"].get("labels"), spec.get("taints"), being_deleted(node)


def _daemon_spec(owner: Obj) -> Obj:
    spec = owner["spec"]["template"].get("spec") or {}
    added = [*_TOLERATED, *([_TOLERATED_ON_HOST_NETWORK] if spec.get("hostNetwork") else [])]
    return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *added]}


def _belongs(spec: Obj, node: Obj) -> bool:
    if being_deleted(node) or not nodes.selected(spec, node):
        return False
    taints = tuple(nodes.converted(taint, Taint) for taint in (node.get("spec") or {}).get("taints") or ())
    tolerations = tuple(nodes.converted(toleration, Toleration) for toleration in spec["tolerations"])
    return untolerated(taints, tolerations) is None


def _pinned(spec: Obj, node: str) -> Obj:
    """The spec with the node's name as required node affinity, in place of the template's own terms."""
    affinity = spec.get("affinity") or {}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    node_affinity = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }
    return {**spec, "affinity": {**affinity, "nodeAffinity": node_affinity}}


def _target(pod: Obj) -> str:
    """The node that a daemon pod is for, bound or not."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    try:
        required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        return str(required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])
    except (KeyError, IndexError, TypeError):
        return ""
