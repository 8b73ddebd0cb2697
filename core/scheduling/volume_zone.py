"""VolumeZone: zone and region labels of a bound volume against those of the node."""

from collections.abc import Iterable

from core.kube.node import REGION_LABELS, ZONE_LABELS, Node
from core.kube.storage import PersistentVolume, PersistentVolumeClaim
from core.scheduling.volumes import Storage

REASONS = ("node(s) had no available volume zone",)
LABELS = (ZONE_LABELS[1], REGION_LABELS[1], ZONE_LABELS[0], REGION_LABELS[0])
_NEWER = {ZONE_LABELS[1]: ZONE_LABELS[0], REGION_LABELS[1]: REGION_LABELS[0]}

Topology = tuple[str, frozenset[str]]
"""A label and the values that it may have."""


def unfit(claims: Iterable[PersistentVolumeClaim], storage: Storage) -> tuple[str, ...]:
    """PreFilter: why the volumes' zones can't be told, else nothing."""
    for claim in claims:
        if claim.volume:
            if claim.volume not in storage.volumes:
                return (f'persistentvolume "{claim.volume}" not found',)
        elif not claim.storage_class:
            return ("PersistentVolumeClaim had no pv name and storageClass name",)
        elif claim.storage_class not in storage.classes:
            return (f'storageclass.storage.k8s.io "{claim.storage_class}" not found',)
        elif not storage.classes[claim.storage_class].late:
            return ("PersistentVolume had no name",)
    return ()


def topologies(volumes: Iterable[PersistentVolume | None]) -> tuple[Topology, ...]:
    """The labels that a node must have for these volumes; several zones are written `a__b`."""
    return tuple(
        (label, frozenset(zone.strip() for zone in volume.labels[label].split("__")))
        for volume in volumes
        if volume is not None
        for label in LABELS
        if label in volume.labels
    )


def refuses(wanted: Iterable[Topology], node: Node) -> bool:
    """A node without any such label takes every volume; a volume's old label may be met by the node's new one."""
    labels = node.labels
    if not any(label in labels for label in LABELS):
        return False
    return any(labels.get(label, labels.get(_NEWER.get(label, label))) not in values for label, values in wanted)
