"""What pods leave on their node beside their requests: ports, in-tree disks, attached volumes; and which claims are in
use. The rules that read it are in core/scheduling."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TypeVar

from core.analysis.placement.classes import PodClass
from core.analysis.placement.slots import Slots
from core.kube.node import Node
from core.kube.pod import HostPort, Volume
from core.scheduling import (
    node_ports,
    volume_binding,
    volume_restrictions,
    volume_zone,
)
from core.scheduling.volumes import Storage

T = TypeVar("T")


class Occupancy:
    """Multisets per node, changed as pods come and go."""

    def __init__(self, storage: Storage, slots: Slots) -> None:
        self._storage, self._slots = storage, slots
        self._ports: defaultdict[int, Counter[HostPort]] = defaultdict(Counter)
        self._disks: defaultdict[int, Counter[Volume]] = defaultdict(Counter)
        self._exclusive: Counter[str] = Counter()

    def change(self, made: PodClass, node: int, by: int) -> None:
        """A pod of the class came (+1) or went (-1)."""
        if made.kind.sticky:
            _count(self._ports[node], made.kind.ports, by)
            _count(self._disks[node], made.kind.disks, by)
        if made.mounts.number >= 0:
            _count(self._exclusive, made.mounts.claims.exclusive, by)
            self._slots.change(made.mounts.volumes.shared, node, by)

    def ports_taken(self, made: PodClass, node: int) -> bool:
        return bool(made.kind.ports) and node_ports.conflict(made.kind.ports, self._ports[node])

    def restriction(self, made: PodClass, node: int) -> tuple[str, ...]:
        """VolumeRestrictions' reasons."""
        if made.kind.disks and volume_restrictions.conflict(made.kind.disks, self._disks[node]):
            return volume_restrictions.DISK_CONFLICT
        if any(self._exclusive[claim] for claim in made.mounts.claims.exclusive):
            return volume_restrictions.IN_USE
        return ()

    def limit_exceeded(self, made: PodClass, node: int) -> bool:
        volumes = made.mounts.volumes
        return bool(volumes.own or volumes.shared) and self._slots.exceeded(volumes, node)

    def unbindable(self, made: PodClass, node: Node) -> tuple[str, ...]:
        """VolumeBinding's reasons."""
        return volume_binding.reasons(made.mounts.claims, node, self._storage)

    def wrong_zone(self, made: PodClass, node: Node) -> bool:
        return volume_zone.refuses(made.mounts.topologies, node)

    def passes(self, made: PodClass, index: int) -> bool:
        """All of the above that depends on the pods that are there."""
        return not (self.ports_taken(made, index) or self.restriction(made, index) or self.limit_exceeded(made, index))


def _count(counter: Counter[T], things: Iterable[T], by: int) -> None:
    for thing in things:
        counter[thing] += by
        if not counter[thing]:
            del counter[thing]
