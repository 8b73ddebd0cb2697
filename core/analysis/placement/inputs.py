"""What a placement needs of a snapshot."""

from collections.abc import Iterator, Mapping

from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.scheduling.volumes import Storage

_STORAGE_KINDS = (
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "VolumeAttachment",
)


def bound_pods(snapshot: Snapshot, expendable_below: int | None) -> Iterator[Pod]:
    """Pods on a node that are neither finished nor expendable: the autoscaler doesn't see the others."""
    for pod in snapshot.pods.values():
        if pod.node is not None and not pod.terminated and not expendable(pod, expendable_below):
            yield pod


def expendable(pod: Pod, below: int | None) -> bool:
    """Its priority is lower than the autoscaler's cutoff."""
    priority = pod.shape.priority
    return below is not None and priority is not None and priority < below


def storage(snapshot: Snapshot) -> Storage:
    return Storage(
        claims=snapshot.table("PersistentVolumeClaim"),
        volumes=snapshot.table("PersistentVolume"),
        classes=snapshot.table("StorageClass"),
        drivers=snapshot.table("CSIDriver"),
        csi_nodes=snapshot.table("CSINode"),
        capacities=tuple(snapshot.table("CSIStorageCapacity").values()),
        attachments=tuple(snapshot.table("VolumeAttachment").values()),
        unavailable=frozenset(kind for kind in _STORAGE_KINDS if not snapshot.has(kind)),
    )


def namespaces(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]] | None:
    """Name -> labels; None when namespaces could not be read."""
    if not snapshot.has("Namespace"):
        return None
    return {name: namespace.labels for name, namespace in snapshot.table("Namespace").items()}
