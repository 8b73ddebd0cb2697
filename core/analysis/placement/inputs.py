"""What a placement needs of a snapshot."""

from collections.abc import Mapping

from core.cluster.snapshot import Snapshot
from core.scheduling.volumes import Storage

STORAGE_KINDS = (
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "VolumeAttachment",
)


def storage(snapshot: Snapshot) -> Storage:
    return Storage(
        claims=snapshot.table("PersistentVolumeClaim"),
        volumes=snapshot.table("PersistentVolume"),
        classes=snapshot.table("StorageClass"),
        drivers=snapshot.table("CSIDriver"),
        csi_nodes=snapshot.table("CSINode"),
        capacities=tuple(snapshot.table("CSIStorageCapacity").values()),
        attachments=tuple(snapshot.table("VolumeAttachment").values()),
        unavailable=frozenset(kind for kind in STORAGE_KINDS if not snapshot.has(kind)),
    )


def namespaces(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]] | None:
    """Name -> labels; None when namespaces could not be read."""
    if not snapshot.has("Namespace"):
        return None
    return {name: namespace.labels for name, namespace in snapshot.table("Namespace").items()}
