"""Which nodes can reach the volumes that a pod mounts: worked out once for all pods whose volumes are reached alike (as
all disks of one zone are). Which volumes are in use, and how many a node takes, is in occupancy."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from core.analysis.placement import vectors
from core.analysis.placement.columns import Columns
from core.kube.node import Node
from core.kube.storage import PersistentVolumeClaim
from core.scheduling import selection, volume_binding, volume_zone
from core.scheduling.volume_zone import Topology
from core.scheduling.volumes import Claims, Storage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


class Reach:
    """Answers by number: equal numbers are reached alike."""

    def __init__(self, columns: Columns, storage: Storage) -> None:
        self._columns, self._storage = columns, storage
        self._numbers: dict[Hashable, int] = {}
        self._examples: list[tuple[Claims, tuple[Topology, ...]]] = []
        self._masks: dict[int, Bools] = {}

    def number(self, claims: Claims, topologies: tuple[Topology, ...]) -> int:
        key = (
            tuple(volume.node_affinity if volume is not None else "gone" for volume in claims.bound),
            topologies,
            tuple(map(self._likeness, claims.late)),
        )
        if key not in self._numbers:
            self._numbers[key] = len(self._examples)
            self._examples.append((claims, topologies))
        return self._numbers[key]

    def _likeness(self, claim: PersistentVolumeClaim) -> Hashable:
        """Equal for claims that will be bound alike."""
        own = claim.key if claim.key in self._storage.reserved else None
        asked = (claim.requested, claim.access_modes, claim.volume_mode, selection.of(claim.selector))
        return claim.storage_class, claim.selected_node, asked, own

    def passes(self, number: int, node: Node) -> bool:
        """For one node."""
        claims, topologies = self._examples[number]
        return not volume_binding.reasons(claims, node, self._storage) and not volume_zone.refuses(topologies, node)

    def mask(self, number: int) -> "Bools":
        """For all nodes."""
        found = self._masks.get(number)
        if found is None or len(found) != len(self._columns.nodes):
            found = self._masks[number] = self._evaluated(*self._examples[number])
        return found

    def _evaluated(self, claims: Claims, topologies: tuple[Topology, ...]) -> "Bools":
        """Bound volumes by the columns of their labels; zones once per zone; claims that are still to be bound node by
        node, for they are few."""
        import numpy as np

        nodes = self._columns.nodes
        mask = np.full(len(nodes), None not in claims.bound)
        for volume in claims.bound:
            if volume is not None and volume.node_affinity is not None:
                mask &= vectors.selector(self._columns, volume.node_affinity)
        if topologies:
            mask &= np.array(self._zones(topologies), dtype=bool)
        if claims.late:
            late = Claims(late=claims.late)
            mask &= np.array([not volume_binding.reasons(late, node, self._storage) for node in nodes], dtype=bool)
        return mask

    def _zones(self, topologies: tuple[Topology, ...]) -> list[bool]:
        known: dict[tuple[str | None, ...], bool] = {}
        found = []
        for node in self._columns.nodes:
            place = tuple(node.labels.get(label) for label in volume_zone.LABELS)
            if place not in known:
                known[place] = not volume_zone.refuses(topologies, node)
            found.append(known[place])
        return found
