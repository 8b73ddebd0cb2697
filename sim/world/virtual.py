"""How pods get onto virtual nodes: the webhook that sends ECI pods there, by label, by namespace or by bursting."""

from contextlib import suppress
from typing import Any

from sim.cloud.state import Cloud
from sim.kube import binding
from sim.kube.errors import ApiError
from sim.kube.registry import Registry

Obj = dict[str, Any]

FORCED = "alibabacloud.com/eci"
BURST = "alibabacloud.com/burst-resource"
TAINT = "virtual-kubelet.io/provider"
EVERY, PATIENCE = 2.0, 10.0
"""Simulated seconds between two looks, and how long a bursting pod first waits for a place on ECS."""


class VirtualNodes:
    """Sends pods that ask for ECI to the virtual node when they are made, and after a while those that may burst."""

    def __init__(self, cloud: Cloud, registry: Registry) -> None:
        self._cloud = cloud
        self._registry = registry
        self._waiting: dict[str, float] = {}
        registry.webhooks["Pod"] = self.admit
        cloud.agenda.every(EVERY, self.look)

    def admit(self, pod: Obj) -> Obj:
        """Bind what is forced to virtual nodes by selector and toleration, whatever else it asked for."""
        wish = (pod["metadata"].get("annotations") or {}).get(BURST, "")
        if not (self._is_forced(pod["metadata"]) or wish == "eci_only"):
            return pod
        spec = {name: value for name, value in pod["spec"].items() if name != "affinity"}
        tolerations = [*(spec.get("tolerations") or ()), {"key": TAINT, "operator": "Exists"}]
        return {**pod, "spec": {**spec, "nodeSelector": {"type": "virtual-kubelet"}, "tolerations": tolerations}}

    def _is_forced(self, meta: Obj) -> bool:
        """By the pod's own label, which wins either way, or by its namespace's."""
        label = (meta.get("labels") or {}).get(FORCED)
        if label is not None:
            return bool(label == "true")
        namespace = self._registry.find("Namespace", meta["namespace"]) or {"metadata": {}}
        return (namespace["metadata"].get("labels") or {}).get(FORCED) == "true"

    def look(self) -> None:
        """One round over the pods that wait: those that may burst, do so when ECS had no room for a while."""
        node, pods = self._node(), self._registry.pods_on("")
        for pod in pods:
            if node is not None and self._bursts(pod):
                self._bind(pod, node)
        alive = {pod["metadata"]["uid"] for pod in pods}
        self._waiting = {uid: since for uid, since in self._waiting.items() if uid in alive}

    def _node(self) -> str | None:
        for node in self._registry.list("Node"):
            if (node["metadata"].get("labels") or {}).get("type") == "virtual-kubelet":
                return str(node["metadata"]["name"])
        return None

    def _bursts(self, pod: Obj) -> bool:
        wish = (pod["metadata"].get("annotations") or {}).get(BURST, "")
        if wish != "eci" or not is_unschedulable(pod):
            return False
        since = self._waiting.setdefault(pod["metadata"]["uid"], self._cloud.now())
        return self._cloud.now() - since >= PATIENCE

    def _bind(self, pod: Obj, node: str) -> None:
        meta = pod["metadata"]
        with suppress(ApiError):  # gated, or being deleted: asked again in the next round
            binding.bind(self._registry, meta["namespace"], meta["name"], node)


def is_unschedulable(pod: Obj) -> bool:
    """Whether the scheduler said that no node takes the pod now."""
    rows = (pod.get("status") or {}).get("conditions") or ()
    return any(row["type"] == "PodScheduled" and row.get("reason") == "Unschedulable" for row in rows)
