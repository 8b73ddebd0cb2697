"""Disks: binds PersistentVolumeClaims to the volumes that they name, and provisions the others, at once or when their
first pod has a node, in that node's zone."""

from collections.abc import Iterable
from typing import Any

from sim.controllers.base import Controller, being_deleted, own_key
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]

ZONE = "topology.kubernetes.io/zone"
_DISK_ZONE = "topology.diskplugin.csi.alibabacloud.com/zone"
_LATE = "WaitForFirstConsumer"


class VolumeController(Controller):
    """Binds claims to named volumes and claims of classes with immediate binding; the others wait for the scheduler."""

    kind = "PersistentVolumeClaim"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.follow("PersistentVolumeClaim", own_key)
        self.follow("PersistentVolume", _claim_key)

    def reconcile(self, key: Key) -> None:
        claim = self.registry.find("PersistentVolumeClaim", key[1], key[0])
        if claim is None or being_deleted(claim):
            return
        if name := claim["spec"].get("volumeName"):
            self._bind(claim, self.registry.find("PersistentVolume", name))
            return
        storage_class = self.registry.find("StorageClass", claim["spec"].get("storageClassName") or "")
        if storage_class is not None and storage_class.get("volumeBindingMode") != _LATE:
            zones = [_zone(node) for node in self.registry.list("Node")]
            _provision(self.registry, claim, storage_class, next((zone for zone in zones if zone), {}))

    def _bind(self, claim: Obj, volume: Obj | None) -> None:
        """A volume and a claim that mean each other become one's own."""
        if volume is None or claim["status"].get("phase") == "Bound":
            return
        meta, spec = claim["metadata"], volume["spec"]
        meant = spec.get("claimRef") or {"namespace": meta["namespace"], "name": meta["name"]}
        if (meant.get("namespace"), meant.get("name")) != (meta["namespace"], meta["name"]):
            return
        reference = {**meant, "apiVersion": "v1", "kind": self.kind, "uid": meta["uid"]}
        bound = {**volume, "spec": {**spec, "claimRef": reference}, "status": {"phase": "Bound"}}
        self.registry.rewrite("PersistentVolume", bound)
        status = {"phase": "Bound", "accessModes": spec.get("accessModes"), "capacity": spec.get("capacity")}
        self.registry.set_status(self.kind, claim, status)


def _claim_key(change: Change) -> Iterable[Key]:
    """The claim that a volume is meant for."""
    meant = change.object["spec"].get("claimRef") or {}
    return [(meant["namespace"], meant["name"])] if "name" in meant and "namespace" in meant else []


def bind_claims(registry: Registry, claims: Iterable[str], node: str) -> None:
    """Give the pod's late claims (`namespace/name`) their volumes in the zone of the node that it goes to."""
    zone = _zone(registry.get("Node", node))
    for key in claims:
        namespace, _, name = key.partition("/")
        claim = registry.find("PersistentVolumeClaim", name, namespace)
        if claim is None or claim["spec"].get("volumeName"):
            continue
        storage_class = registry.find("StorageClass", claim["spec"].get("storageClassName") or "")
        if storage_class is not None:
            _provision(registry, claim, storage_class, zone)


def _zone(node: Obj) -> dict[str, str]:
    """The label by which a disk of the node's zone is tied to it: the disk driver's own where the node has it."""
    labels = node["metadata"].get("labels") or {}
    return next(({key: labels[key]} for key in (_DISK_ZONE, ZONE) if labels.get(key)), {})


def _provision(registry: Registry, claim: Obj, storage_class: Obj, zone: dict[str, str]) -> None:
    meta, spec = claim["metadata"], claim["spec"]
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "20Gi")
    name = f"d-{registry.suffix(17)}"
    volume: Obj = {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": "Filesystem",
            "csi": {"driver": storage_class["provisioner"], "volumeHandle": name, "fsType": "ext4"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
        },
        "status": {"phase": "Bound"},
    }
    if zone:
        expressions = [{"key": key, "operator": "In", "values": [value]} for key, value in zone.items()]
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}
    registry.create("PersistentVolume", volume)
    status = {"phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": {"storage": size}}
    registry.rewrite("PersistentVolumeClaim", {**claim, "spec": {**spec, "volumeName": name}, "status": status})
