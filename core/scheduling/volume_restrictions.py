"""VolumeRestrictions: claims must exist; a ReadWriteOncePod claim serves one pod in the whole cluster; and some in-tree
disks can't be mounted twice on a node."""

from collections.abc import Iterable, Mapping

from core.kube.pod import Volume
from core.kube.storage import PersistentVolumeClaim

DISK_CONFLICT = ("node(s) had no available disk",)
IN_USE = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
)
_DISKS = ("gce", "aws", "iscsi", "rbd")


def missing(keys: Iterable[str], claims: Mapping[str, PersistentVolumeClaim]) -> tuple[str, ...]:
    """PreFilter: the first claim that doesn't exist, as a reason; else nothing."""
    for key in keys:
        if key not in claims:
            return (f'persistentvolumeclaim "{key.partition("/")[2]}" not found',)
    return ()


def disks(volumes: Iterable[Volume]) -> tuple[Volume, ...]:
    """The in-tree disks among a pod's volumes that may conflict with those of other pods on the node."""
    return tuple(volume for volume in volumes if volume.kind in _DISKS)


def conflict(wanted: Iterable[Volume], used: Iterable[Volume]) -> bool:
    taken = list(used)
    return any(_clash(disk, other) for disk in wanted for other in taken)


def _clash(one: Volume, other: Volume) -> bool:
    """The same disk twice, unless all mount it read-only (an EBS disk never)."""
    if one.kind != other.kind or (one.read_only and other.read_only and one.kind != "aws"):
        return False
    name, volume, iqn, image, pool, *monitors = one.handle
    its_name, its_volume, its_iqn, its_image, its_pool, *its_monitors = other.handle
    match one.kind:
        case "gce":
            return name == its_name
        case "aws":
            return volume == its_volume
        case "iscsi":
            return iqn == its_iqn
    return image == its_image and pool == its_pool and not set(monitors).isdisjoint(its_monitors)
