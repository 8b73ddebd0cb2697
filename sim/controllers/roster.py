"""The scheduler's view of the cluster: decoded nodes with the pods on them and what those take, kept by change."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.kube import node as node_codec
from core.kube import pod_wire, storage
from core.kube.node import Node
from core.kube.pod import Pod
from core.scheduling import node_resources_fit
from core.scheduling.volumes import Storage
from sim.kube.registry import Registry
from sim.kube.shelf import Change

Obj = dict[str, Any]


@dataclass(slots=True)
class Place:
    """One node and what its pods take."""

    node: Node
    pods: dict[str, Pod] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def put(self, pod: Pod) -> None:
        self.pods[pod.key] = pod
        self._count(pod, 1)

    def drop(self, key: str) -> None:
        pod = self.pods.pop(key, None)
        if pod is not None:
            self._count(pod, -1)

    def _count(self, pod: Pod, sign: int) -> None:
        for resource, amount in node_resources_fit.demand(pod.shape.requests):
            self.taken[resource] = self.taken.get(resource, 0) + sign * amount

    def short(self, demand: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
        """The resources of which less is free than asked."""
        allocatable, taken = self.node.allocatable, self.taken
        return tuple(
            resource for resource, amount in demand if amount > allocatable.get(resource, 0) - taken.get(resource, 0)
        )


def read_pod(obj: Obj) -> Pod:
    return pod_wire.codec.item(msgspec.json.encode(obj))


def claim_keys(pod: Pod) -> tuple[str, ...]:
    """The claims that the pod mounts, as `namespace/name`."""
    return tuple(f"{pod.namespace}/{name}" for name in pod.claims)


class Roster:
    """All places by node name."""

    def __init__(self, registry: Registry) -> None:
        self.places: dict[str, Place] = {}
        self.registry = registry
        self._homeless: dict[str, dict[str, Pod]] = {}
        for obj in registry.list("Node"):
            self._set_node(obj)
        for obj in registry.list("Pod"):
            self._set_pod(obj)
        self._stops = [registry.on_change("Node", self._node_changed), registry.on_change("Pod", self._pod_changed)]

    def close(self) -> None:
        for stop in self._stops:
            stop()

    def namespace_labels(self, name: str) -> dict[str, str]:
        namespace = self.registry.find("Namespace", name)
        return (namespace["metadata"].get("labels") or {}) if namespace is not None else {}

    def storage(self) -> Storage:
        """The storage objects as they are now: read when a pod with claims comes along."""

        def read(kind: str, codec: Any) -> dict[str, Any]:
            items = (codec.item(msgspec.json.encode(obj)) for obj in self.registry.list(kind))
            return {item.key: item for item in items}

        return Storage(
            claims=read("PersistentVolumeClaim", storage.claims),
            volumes=read("PersistentVolume", storage.volumes),
            classes=read("StorageClass", storage.classes),
            csi_nodes=read("CSINode", storage.csi_nodes),
        )

    def _set_node(self, obj: Obj) -> None:
        name = obj["metadata"]["name"]
        node = node_codec.codec.item(msgspec.json.encode(obj))
        place = self.places.get(name)
        if place is not None:
            place.node = node
            return
        place = self.places[name] = Place(node)
        for pod in self._homeless.pop(name, {}).values():
            place.put(pod)

    def _node_changed(self, change: Change) -> None:
        name = change.object["metadata"]["name"]
        if change.type == "DELETED":
            place = self.places.pop(name, None)
            if place is not None and place.pods:
                self._homeless[name] = place.pods
        elif change.old is None or _seen_of_node(change.old) != _seen_of_node(change.object):
            self._set_node(change.object)

    def _set_pod(self, obj: Obj) -> None:
        node = obj["spec"].get("nodeName")
        if not node or obj["status"].get("phase") in ("Succeeded", "Failed"):
            return
        pod = read_pod(obj)
        place = self.places.get(node)
        if place is not None:
            place.put(pod)
        else:
            self._homeless.setdefault(node, {})[pod.key] = pod

    def _pod_changed(self, change: Change) -> None:
        old, new = change.old, change.object
        if old is not None and change.type == "MODIFIED" and _seen_of_pod(old) == _seen_of_pod(new):
            return
        if old is not None and (node := old["spec"].get("nodeName")):
            key = f"{old['metadata']['namespace']}/{old['metadata']['name']}"
            if node in self.places:
                self.places[node].drop(key)
            else:
                self._homeless.get(node, {}).pop(key, None)
        if change.type != "DELETED":
            self._set_pod(new)


def _seen_of_node(node: Obj) -> tuple[Any, ...]:
    status, meta = node.get("status") or {}, node["metadata"]
    return node.get("spec"), meta.get("labels"), status.get("allocatable"), "deletionTimestamp" in meta


def _seen_of_pod(pod: Obj) -> tuple[Any, ...]:
    meta = pod["metadata"]
    ended = pod["status"].get("phase") in ("Succeeded", "Failed")
    return pod["spec"], meta.get("labels"), ended, "deletionTimestamp" in meta
