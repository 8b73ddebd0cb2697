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


class Attached:
    """The volumes of one node: by handle, how many pods use them; and how many there are of each driver."""

    def __init__(self, limits: Mapping[str, int], lasting: frozenset[Handle]) -> None:
        self.limits, self._lasting = limits, lasting
        self._users: Counter[Handle] = Counter()
        self._here = Counter(driver for driver, _ in lasting)

    def change(self, handles: Iterable[Handle], by: int) -> None:
        """A pod with these volumes came (+1) or went (-1)."""
        for handle in handles:
            before = self._users[handle]
            self._users[handle] = before + by
            if handle not in self._lasting and (before == 0 or before + by == 0):
                self._here[handle[0]] += by

    def exceeded(self, handles: Iterable[Handle]) -> bool:
        """Whether a pod with these volumes would be too much."""
        anew = [one for one in handles if not self._users[one]]
        drivers = node_volume_limits.new(self.limits, self._lasting, anew)
        return bool(drivers) and node_volume_limits.exceeded(self.limits, self._here, drivers)


class Occupancy:
    """Multisets per node, changed as pods come and go."""

    def __init__(self, columns: Columns, storage: Storage) -> None:
        self._columns, self._storage = columns, storage
        self._ports: defaultdict[int, Counter[HostPort]] = defaultdict(Counter)
        self._disks: defaultdict[int, Counter[Volume]] = defaultdict(Counter)
        self._attached: dict[int, Attached] = {}
        self._exclusive: Counter[str] = Counter()
        self._lasting = _attachments(storage)

    def change(self, made: PodClass, node: int, by: int) -> None:
        """A pod of the class came (+1) or went (-1)."""
        if made.kind.sticky:
            _count(self._ports[node], made.kind.ports, by)
            _count(self._disks[node], made.kind.disks, by)
        claims = made.mounts.claims
        _count(self._exclusive, claims.exclusive, by)
        if claims.handles and self._storage.csi_nodes:
            self._volumes(node).change(claims.handles, by)

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
        handles = made.mounts.claims.handles
        return bool(handles and self._storage.csi_nodes) and self._volumes(node).exceeded(handles)

    def _volumes(self, node: int) -> Attached:
        found = self._attached.get(node)
        if found is None:
            name = self._columns.nodes[node].name
            limits = self._storage.csi_nodes[name].limits if name in self._storage.csi_nodes else {}
            found = self._attached[node] = Attached(limits, self._lasting.get(name, frozenset()))
        return found

    def forget(self, node: int) -> None:
        """The last node is gone, with all that was on it; another one may take its number."""
        self._attached.pop(node, None)

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


def _attachments(storage: Storage) -> Mapping[str, frozenset[Handle]]:
    found: dict[str, set[Handle]] = {}
    for attachment in storage.attachments:
        volume = storage.volumes.get(attachment.volume)
        if volume is not None and volume.driver:
            found.setdefault(attachment.node, set()).add((volume.driver, volume.handle))
    return {node: frozenset(handles) for node, handles in found.items()}
