"""What pods leave on their node beside their requests: ports, in-tree disks, attached volumes; and which claims are in
use. The rules that read it are in core/scheduling."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from core.analysis.placement.classes import PodClass
from core.analysis.placement.columns import Columns
from core.kube.node import Node
from core.kube.pod import HostPort, Volume
from core.scheduling import (
    node_ports,
    node_volume_limits,
    volume_binding,
    volume_restrictions,
    volume_zone,
)
from core.scheduling.node_volume_limits import Handle
from core.scheduling.volumes import Storage

T = TypeVar("T")


class Occupancy:
    """Multisets per node, changed as pods come and go."""

    def __init__(self, columns: Columns, storage: Storage) -> None:
        self._columns, self._storage = columns, storage
        self._ports: defaultdict[int, Counter[HostPort]] = defaultdict(Counter)
        self._disks: defaultdict[int, Counter[Volume]] = defaultdict(Counter)
        self._handles: defaultdict[int, Counter[Handle]] = defaultdict(Counter)
        self._exclusive: Counter[str] = Counter()
        self._attached = _attachments(storage)

    def change(self, made: PodClass, node: int, by: int) -> None:
        """A pod of the class came (+1) or went (-1)."""
        _count(self._ports[node], made.kind.ports, by)
        _count(self._disks[node], made.kind.disks, by)
        _count(self._handles[node], made.mounts.claims.handles, by)
        _count(self._exclusive, made.mounts.claims.exclusive, by)

    def ports_taken(self, made: PodClass, node: int) -> bool:
        return bool(made.kind.ports) and node_ports.conflict(made.kind.ports, self._ports[node])

    def restriction(self, made: PodClass, node: int) -> tuple[str, ...]:
        """VolumeRestrictions' reasons."""
        if made.kind.disks and volume_restrictions.conflict(made.kind.disks, self._disks[node]):
            return volume_restrictions.DISK_CONFLICT
        if any(self._exclusive[claim] for claim in made.mounts.claims.exclusive):
            return volume_restrictions.IN_USE
        return ()

    def limit_exceeded(self, made: PodClass, node: Node, index: int) -> bool:
        found = self._storage.csi_nodes.get(node.name)
        if found is None or not found.limits or not made.mounts.claims.handles:
            return False
        attached = self._handles[index].keys() | self._attached.get(node.name, set())
        return node_volume_limits.exceeded(found.limits, attached, made.mounts.claims.handles)

    def unbindable(self, made: PodClass, node: Node) -> tuple[str, ...]:
        """VolumeBinding's reasons."""
        return volume_binding.reasons(made.mounts.claims, node, self._storage)

    def wrong_zone(self, made: PodClass, node: Node) -> bool:
        return volume_zone.refuses(made.mounts.topologies, node)

    def passes(self, made: PodClass, index: int) -> bool:
        """All of the above at once."""
        node = self._columns.nodes[index]
        return not (
            self.ports_taken(made, index)
            or self.restriction(made, index)
            or self.limit_exceeded(made, node, index)
            or self.unbindable(made, node)
            or self.wrong_zone(made, node)
        )


def _count(counter: Counter[T], things: Iterable[T], by: int) -> None:
    for thing in things:
        counter[thing] += by
        if not counter[thing]:
            del counter[thing]


def _attachments(storage: Storage) -> Mapping[str, set[Handle]]:
    found: dict[str, set[Handle]] = {}
    for attachment in storage.attachments:
        volume = storage.volumes.get(attachment.volume)
        if volume is not None and volume.driver:
            found.setdefault(attachment.node, set()).add((volume.driver, volume.handle))
    return found
