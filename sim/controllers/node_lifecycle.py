"""What becomes of nodes whose kubelet falls silent, taints from conditions, and pods that taints or absence drive out.

After pkg/controller/nodelifecycle, tainteviction and podgc.
"""

from datetime import datetime, timedelta
from typing import Any

from core.kube.taints import Taint, Toleration
from sim.clock import rfc3339
from sim.controllers import nodes, pod_status
from sim.controllers.base import Controller, being_deleted, own_key
from sim.controllers.events import Recorder
from sim.controllers.heartbeat import LEASES
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Key

Obj = dict[str, Any]

EVERY = 5.0
GRACE = 50.0  # --node-monitor-grace-period
_NOW = DeleteOptions(grace=0)
_OWN_GRACE = DeleteOptions()
_PREFIX = "node.kubernetes.io/"
_PRESSURES = {
    "MemoryPressure": "memory-pressure",
    "DiskPressure": "disk-pressure",
    "PIDPressure": "pid-pressure",
    "NetworkUnavailable": "network-unavailable",
}
_OURS = {_PREFIX + name for name in (*_PRESSURES.values(), "not-ready", "unreachable", "unschedulable")}


class NodeLifecycle(Controller):
    """Taints follow changes at once (`run`); silence and overdue pods are looked for every five seconds (`watch`)."""

    kind = "Node"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("Node", own_key)
        self._heard: dict[str, tuple[str, float]] = {}  # node uid -> last lease time seen, and when it was seen
        self._last = 0.0

    def reconcile(self, key: Key) -> None:
        node = self.registry.find("Node", key[1])
        if node is not None:
            self._evict(self._sync_taints(node))

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await self.clock.sleep(self.clock.at_least(EVERY, 0.2))
            self.look()

    def look(self) -> None:
        """One round."""
        now = self.clock.monotonic()
        jumped, self._last = now - self._last > self.clock.at_least(GRACE, 1.0) / 2, now
        for node in self.registry.list("Node"):
            if self._silent(node, now, jumped):
                self._mark_unknown(node)
            else:
                self._evict(node)
        self._collect_orphans()

    def _silent(self, node: Obj, now: float, jumped: bool) -> bool:
        """No lease for the grace period, by this controller's own watch; a jump of the clock starts it anew."""
        meta = node["metadata"]
        lease = self.registry.find("Lease", meta["name"], LEASES)
        said = lease["spec"]["renewTime"] if lease is not None else meta["creationTimestamp"]
        known, since = self._heard.get(meta["uid"], ("", now))
        if jumped or known != said:
            self._heard[meta["uid"]] = (said, now)
            return False
        grace = self.clock.at_least(GRACE, 1.0)
        return now - since > grace and nodes.condition(node, "Ready").get("status") != "Unknown"

    def _mark_unknown(self, node: Obj) -> None:
        now, status = rfc3339(self.clock.now()), node.get("status") or {}
        unknown = {
            "status": "Unknown",
            "reason": "NodeStatusUnknown",
            "message": "Kubelet stopped posting node status.",
        }
        conditions = [{**c, **unknown, "lastTransitionTime": now} for c in status.get("conditions") or ()]
        node = self.registry.set_status("Node", node, {**status, "conditions": conditions})
        name = node["metadata"]["name"]
        self._events.emit(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady", source="node-controller")
        for pod in self.registry.pods_on(name):
            if is_ready(pod):
                self.registry.set_status("Pod", pod, pod_status.unready(pod, now))

    def _sync_taints(self, node: Obj) -> Obj:
        """The taints that follow from conditions and cordon; others stay as they are."""
        spec = node.get("spec") or {}
        old = spec.get("taints") or []
        kept = [taint for taint in old if taint.get("key") not in _OURS]
        before = {(taint.get("key"), taint.get("effect")): taint for taint in old}
        now = rfc3339(self.clock.now())
        ours = [before.get(place, _taint(*place, now)) for place in _wanted_taints(node)]
        if [*kept, *ours] == old:
            return node
        changed = {name: value for name, value in spec.items() if name != "taints"}
        if kept or ours:
            changed["taints"] = [*kept, *ours]
        return self.registry.rewrite("Node", {**node, "spec": changed})

    def _evict(self, node: Obj) -> None:
        """Delete the pods that don't tolerate a NoExecute taint, after the seconds that they do."""
        taints = [t for t in (node.get("spec") or {}).get("taints") or () if t.get("effect") == "NoExecute"]
        if not taints:
            return
        for pod in self.registry.pods_on(node["metadata"]["name"]):
            if not being_deleted(pod) and any(self._drives_out(taint, pod) for taint in taints):
                self._events.emit(
                    pod,
                    "TaintManagerEviction",
                    "Marking for deletion Pod " + _key(pod),
                    source="taint-eviction-controller",
                )
                self.registry.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], _OWN_GRACE)

    def _drives_out(self, raw: Obj, pod: Obj) -> bool:
        taint = nodes.converted(raw, Taint)
        found = [nodes.converted(t, Toleration) for t in pod["spec"].get("tolerations") or ()]
        matching = [toleration for toleration in found if toleration.tolerates(taint)]
        if not matching:
            return True
        limits = [t.toleration_seconds for t in matching if t.toleration_seconds is not None]
        if len(limits) < len(matching) or "timeAdded" not in raw:
            return False
        return datetime.fromisoformat(raw["timeAdded"]) + timedelta(seconds=min(limits)) <= self.clock.now()

    def _collect_orphans(self) -> None:
        """Delete at once the pods of nodes that are gone, and deleted pods that no node ever had."""
        names = {node["metadata"]["name"] for node in self.registry.list("Node")}
        for node in self.registry.shelf("Pod").index_values():
            if node in names:
                continue
            for pod in self.registry.pods_on(node):
                if node or being_deleted(pod):
                    self.registry.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], _NOW)


def _wanted_taints(node: Obj) -> list[tuple[str, str]]:
    found = []
    ready = nodes.condition(node, "Ready").get("status")
    if ready != "True":
        name = "unreachable" if ready == "Unknown" else "not-ready"
        found += [(_PREFIX + name, "NoSchedule"), (_PREFIX + name, "NoExecute")]
    for type_, name in _PRESSURES.items():
        if nodes.condition(node, type_).get("status") == "True":
            found.append((_PREFIX + name, "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        found.append((_PREFIX + "unschedulable", "NoSchedule"))
    return found


def _taint(key: str, effect: str, now: str) -> Obj:
    return {"key": key, "effect": effect, "timeAdded": now}


def _key(pod: Obj) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
