"""How many more volumes each CSI driver may attach to each node (CSINode, VolumeAttachment).

The volume of a claim that one pod mounts is counted like a resource of the node. Volumes that several pods mount are
told apart by handle, for they count once on each node."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.kube.node import Node
from core.kube.pod import Pod
from core.scheduling.node_volume_limits import Handle
from core.scheduling.volumes import Claims, Storage

UNLIMITED = 2**62


class Volumes(NamedTuple):
    """The volumes of a class that some node limits. `own`: (driver, number) of those that no other pod mounts;
    `shared`: handles of the others."""

    own: tuple[tuple[str, int], ...] = ()
    shared: tuple[Handle, ...] = ()


class Slots:
    """`free(driver)[node]` is what is left, UNLIMITED where the driver has no limit."""

    def __init__(self, nodes: Sequence[Node], storage: Storage) -> None:
        self._storage = storage
        self._lasting = _attachments(storage)
        self._uses: Counter[str] = Counter()
        self._users: defaultdict[int, Counter[Handle]] = defaultdict(Counter)
        drivers = {driver for one in storage.csi_nodes.values() for driver in one.limits}
        self._free: dict[str, list[int]] = {driver: [] for driver in drivers}
        for node in nodes:
            self.append(node)

    def free(self, driver: str) -> list[int]:
        return self._free[driver]

    def append(self, node: Node) -> None:
        """A node more. Volumes that are attached without a pod on the node keep their slots."""
        found = self._storage.csi_nodes.get(node.name)
        lasting = self._lasting.get(node.name, set())
        for driver, column in self._free.items():
            limit = found.limits.get(driver) if found is not None else None
            attached = sum(handle[0] == driver for handle in lasting)
            column.append(UNLIMITED if limit is None else limit - attached)

    def pop(self) -> None:
        """The last node is gone."""
        for column in self._free.values():
            column.pop()

    def mounts(self, pod: Pod) -> None:
        """Take note of a pod's claims, before anything is asked about them."""
        if self._free:
            namespace = pod.namespace
            self._uses.update(f"{namespace}/{claim}" for claim in pod.claims)

    def volumes(self, claims: Claims) -> Volumes:
        """What of a pod's volumes is limited."""
        own: Counter[str] = Counter()
        shared = []
        for claim, handle in claims.handles:
            if handle[0] in self._free:
                if self._uses[claim] > 1:
                    shared.append(handle)
                else:
                    own[handle[0]] += 1
        return Volumes(tuple(sorted(own.items())), tuple(shared))

    def settle(self, claims: Claims, node: Node, index: int) -> None:
        """A pod that is there from the start uses these: what is attached for it counts once."""
        lasting = self._lasting.get(node.name, set())
        for _, handle in claims.handles:
            if handle in lasting:
                lasting.discard(handle)
                self._take(handle[0], index, -1)

    def change(self, shared: Iterable[Handle], node: int, by: int) -> None:
        """A pod that mounts shared volumes came (+1) or went (-1)."""
        users = self._users[node]
        for handle in shared:
            before = users[handle]
            users[handle] = before + by
            if before == 0 or before + by == 0:
                self._take(handle[0], node, by)

    def exceeded(self, volumes: Volumes, node: int) -> bool:
        """Whether all that the pod mounts is too much, shared volumes that are there already left out."""
        wanted = Counter(dict(volumes.own))
        wanted.update(driver for driver, handle in volumes.shared if not self._users[node][driver, handle])
        return any(self._free[driver][node] < count for driver, count in wanted.items())

    def _take(self, driver: str, node: int, count: int) -> None:
        column = self._free.get(driver)
        if column is not None and column[node] < UNLIMITED // 2:
            column[node] -= count


def _attachments(storage: Storage) -> dict[str, set[Handle]]:
    """Node -> the volumes that are attached to it, as far as their driver is known."""
    found: dict[str, set[Handle]] = {}
    for attachment in storage.attachments:
        volume = storage.volumes.get(attachment.volume)
        if volume is not None and volume.driver:
            found.setdefault(attachment.node, set()).add((volume.driver, volume.handle))
    return found
