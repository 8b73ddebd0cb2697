"""How pods get onto virtual nodes: the webhook that sends ECI pods there, by label, by namespace or by bursting."""

from typing import Any

from sim.cloud.state import Cloud
from sim.kube import binding
from sim.kube.errors import ApiError
from sim.kube.registry import Registry

Obj = dict[str, Any]

FORCED = "alibabacloud.com/eci"
BURST = "alibabacloud.com/burst-resource"
EVERY, PATIENCE = 1.0, 10.0
"""Simulated seconds between two looks, and how long a bursting pod first waits for a place on ECS."""


class VirtualNodes:
    """Binds pods that ask for ECI, and after a while those that may burst there."""

    def __init__(self, cloud: Cloud, registry: Registry) -> None:
        self._cloud = cloud
        self._registry = registry
        self._waiting: dict[str, float] = {}
        cloud.agenda.every(EVERY, self.look)

    def look(self) -> None:
        """One round over the unbound pods."""
        node = self._node()
        pods = self._registry.pods_on("")
        if node is not None:
            for pod in pods:
                self._consider(pod, node)
        alive = {pod["metadata"]["uid"] for pod in pods}
        self._waiting = {uid: since for uid, since in self._waiting.items() if uid in alive}

    def _node(self) -> str | None:
        for node in self._registry.list("Node"):
            if (node["metadata"].get("labels") or {}).get("type") == "virtual-kubelet":
                return str(node["metadata"]["name"])
        return None

    def _consider(self, pod: Obj, node: str) -> None:
        meta = pod["metadata"]
        if not (self._is_forced(meta) or self._is_bursting(pod)):
            return
        try:
            binding.bind(self._registry, meta["namespace"], meta["name"], node)
        except ApiError:
            return  # gated, or being deleted: asked again in the next round

    def _is_forced(self, meta: Obj) -> bool:
        """By the pod's own label, which wins either way, or by its namespace's."""
        label = (meta.get("labels") or {}).get(FORCED)
        if label is not None:
            return bool(label == "true")
        namespace = self._registry.find("Namespace", meta["namespace"]) or {"metadata": {}}
        return (namespace["metadata"].get("labels") or {}).get(FORCED) == "true"

    def _is_bursting(self, pod: Obj) -> bool:
        """`eci_only` at once; `eci` when ECS had no room for a while."""
        wish = (pod["metadata"].get("annotations") or {}).get(BURST, "")
        if wish == "eci_only":
            return True
        if wish != "eci" or not is_unschedulable(pod):
            return False
        since = self._waiting.setdefault(pod["metadata"]["uid"], self._cloud.now())
        return self._cloud.now() - since >= PATIENCE


def is_unschedulable(pod: Obj) -> bool:
    """Whether the scheduler said that no node takes the pod now."""
    rows = (pod.get("status") or {}).get("conditions") or ()
    return any(row["type"] == "PodScheduled" and row.get("reason") == "Unschedulable" for row in rows)
