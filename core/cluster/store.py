"""The one live state. Events change it in O(1); per-node sums are kept as pods come and go; `snapshot()` freezes it.
Lives on the event loop: nobody else writes it. What the sums mean on a screen is in analysis/reservation."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.cluster.booking import Booking
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod


class Store:
    """Tables of objects by kind, and the booking of each node."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {}
        self._unavailable: dict[str, str] = {}
        self._bookings: dict[str, Booking] = {}
        self._dirty_nodes: set[str] = set()
        self._seen: dict[str, set[str]] = {}
        self._waiting = 0
        self._versions: Counter[str] = Counter()
        self.generation = 0

    def upsert(self, kind: str, obj: Any) -> None:
        """An object came or changed. It keeps its place when it was there already."""
        self.upsert_all(kind, (obj,))

    def upsert_all(self, kind: str, objects: Iterable[Any]) -> None:
        """Some objects came or changed."""
        table, seen, changed = self._tables.setdefault(kind, {}), self._seen.get(kind), self._follower(kind)
        for obj in objects:
            key = obj.key
            changed(table.get(key), obj)
            table[key] = obj
            if seen is not None:
                seen.add(key)
        self._noted(kind)

    def remove(self, kind: str, key: str) -> None:
        """An object is gone."""
        previous = self._tables.get(kind, {}).pop(key, None)
        if previous is not None:
            self._follower(kind)(previous, None)
            self._noted(kind)

    def begin(self, kind: str) -> None:
        """A full list of `kind` starts: what is there stays until `synced`."""
        if self._tables.setdefault(kind, {}):
            self._seen[kind] = set()

    def synced(self, kind: str) -> None:
        """The list is complete: what it didn't hold is gone, in one go."""
        seen = self._seen.pop(kind, None)
        self._now_known(kind)
        if seen is not None:
            for key in [key for key in self._tables.get(kind, {}) if key not in seen]:
                self.remove(kind, key)

    def unavailable(self, kind: str, why: str, forget: bool = False) -> None:
        """The kind can't be read (any more). `forget` drops what was known, as for a permission taken away."""
        self._seen.pop(kind, None)
        if forget:
            for key in list(self._tables.get(kind, {})):
                self.remove(kind, key)
        self._unavailable[kind] = why
        self._noted(kind)

    def available(self, kind: str) -> None:
        """The kind is known to be complete, even if it is empty."""
        self._now_known(kind)
        self._tables.setdefault(kind, {})

    def is_available(self, kind: str) -> bool:
        """Whether the kind was read: only then does an empty table mean that there are none."""
        return kind not in self._unavailable

    @property
    def unavailable_kinds(self) -> Mapping[str, str]:
        """The kinds that can't be read, and why."""
        return self._unavailable

    def table(self, kind: str) -> Mapping[str, Any]:
        """The living table: to be read on the event loop only."""
        return self._tables.get(kind, {})

    def version(self, *kinds: str) -> int:
        """Grows with every change of these kinds: whoever works something out from them sees whether to do it again."""
        return sum(self._versions[kind] for kind in kinds)

    def booking(self, node: str) -> Booking:
        """What is booked on a node now. Also kept for nodes that are not known (yet)."""
        return self._bookings.get(node) or Booking()

    def take_dirty_nodes(self) -> set[str]:
        """The names of the nodes whose object, booking or metrics changed since the last call."""
        dirty, self._dirty_nodes = self._dirty_nodes, set()
        return dirty

    def snapshot(self, as_of: float) -> Snapshot:
        """The state as it is now, unaffected by what comes later."""
        tables = {kind: table.copy() for kind, table in self._tables.items()}
        return Snapshot(self.generation, as_of, tables, dict(self._unavailable))

    def take_over(self, other: "Store") -> None:
        """Become what another store is, which must not be used any more (a dump, loaded elsewhere)."""
        self.__dict__.update(other.__dict__)

    @property
    def waiting(self) -> int:
        """Pods that nobody has bound to a node yet."""
        return self._waiting

    def _now_known(self, kind: str) -> None:
        if self._unavailable.pop(kind, None) is not None:
            self._noted(kind)
            if kind == "Pod":
                self._dirty_nodes.update(self._bookings)

    def _noted(self, kind: str) -> None:
        self.generation += 1
        self._versions[kind] += 1

    def _follower(self, kind: str) -> Callable[[Any, Any], None]:
        """What a change of such an object entails: called with (previous or None, now or None)."""
        if kind == "Pod":
            return self._rebook
        return self._note_node if kind in ("Node", "NodeMetrics") else _nothing

    def _note_node(self, previous: Any, now: Any) -> None:
        self._dirty_nodes.add((now or previous).key)

    def _rebook(self, previous: Pod | None, now: Pod | None) -> None:
        if previous is not None and now is not None and previous.node is not None and previous.node == now.node:
            self._bookings[now.node].replace(previous, now)
            self._note_booking(now.node)
            return
        if previous is not None:
            self._book(previous, -1)
        if now is not None:
            self._book(now, 1)

    def _book(self, pod: Pod, sign: int) -> None:
        node = pod.node
        if node is None:
            self._waiting += 0 if pod.terminated else sign
            return
        booking = self._bookings.get(node)
        if booking is None:
            booking = self._bookings[node] = Booking()
        booking.change(pod, sign)
        if not booking.pods:
            del self._bookings[node]
        self._note_booking(node)

    def _note_booking(self, node: str) -> None:
        if "Pod" not in self._unavailable:  # until all pods are read, what is booked is unknown and nothing to show
            self._dirty_nodes.add(node)


def _nothing(previous: Any, now: Any) -> None:
    """Most kinds are only kept."""
