"""The storage objects that the four volume filters read, and a pod's claims sorted by what must happen to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from core.kube.storage import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    VolumeAttachment,
)


@dataclass(frozen=True)
class Storage:
    """All storage objects of a cluster, by key. `unavailable` names the kinds that could not be read."""

    claims: Mapping[str, PersistentVolumeClaim] = field(default_factory=dict)
    volumes: Mapping[str, PersistentVolume] = field(default_factory=dict)
    classes: Mapping[str, StorageClass] = field(default_factory=dict)
    drivers: Mapping[str, CSIDriver] = field(default_factory=dict)
    csi_nodes: Mapping[str, CSINode] = field(default_factory=dict)
    capacities: Sequence[CSIStorageCapacity] = ()
    attachments: Sequence[VolumeAttachment] = ()
    unavailable: frozenset[str] = frozenset()

    @cached_property
    def available(self) -> Mapping[str, tuple[PersistentVolume, ...]]:
        """Storage class -> volumes that nobody has claimed."""
        found: dict[str, list[PersistentVolume]] = {}
        for volume in self.volumes.values():
            if not volume.claim and not volume.deleting:
                found.setdefault(volume.storage_class, []).append(volume)
        return {name: tuple(volumes) for name, volumes in found.items()}

    @cached_property
    def reserved(self) -> Mapping[str, tuple[PersistentVolume, ...]]:
        """Key of a claim -> volumes that are kept for it, or bound to it."""
        found: dict[str, list[PersistentVolume]] = {}
        for volume in self.volumes.values():
            if volume.claim and not volume.deleting:
                found.setdefault(volume.claim, []).append(volume)
        return {key: tuple(volumes) for key, volumes in found.items()}


class Claims(NamedTuple):
    """What a pod mounts. `bound`: the volumes of bound claims, None where the volume doesn't exist; `late`: claims
    that are bound when the pod is."""

    bound: tuple[PersistentVolume | None, ...] = ()
    late: tuple[PersistentVolumeClaim, ...] = ()
    exclusive: tuple[str, ...] = ()
    """Keys of claims that only one pod may use (ReadWriteOncePod)."""
    handles: tuple[tuple[str, tuple[str, str]], ...] = ()
    """(key of the claim, (CSI driver, volume)) for each volume that is attached with the pod."""


NONE = Claims()


def sort(claims: Iterable[PersistentVolumeClaim], storage: Storage) -> Claims:
    """Claims that exist and passed every PreFilter, sorted."""
    bound, late, exclusive, handles = [], [], [], []
    for claim in claims:
        volume = storage.volumes.get(claim.volume) if claim.volume else None
        if claim.volume:
            bound.append(volume)
        else:
            late.append(claim)
        if "ReadWriteOncePod" in claim.access_modes:
            exclusive.append(claim.key)
        if (handle := _handle(claim, volume, storage)) is not None:
            handles.append((claim.key, handle))
    return Claims(tuple(bound), tuple(late), tuple(exclusive), tuple(handles))


def _handle(claim: PersistentVolumeClaim, volume: PersistentVolume | None, storage: Storage) -> tuple[str, str] | None:
    """The volume as its driver counts it; a claim without a volume yet counts by its own name."""
    if volume is not None:
        return (volume.driver, volume.handle) if volume.driver else None
    found = storage.classes.get(claim.storage_class or "")
    return (found.provisioner, f"claim {claim.key}") if found is not None and found.provisioner else None
