"""The state of a placement: what is free on each node and which pods are there; placing, moving and taking back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from core.analysis.placement import inputs
from core.analysis.placement.bookings import EXPENDABLE, Bookings
from core.analysis.placement.classes import Classes, PodClass
from core.analysis.placement.columns import Columns
from core.analysis.placement.judge import Judge
from core.analysis.placement.masks import Masks
from core.analysis.placement.occupancy import Occupancy
from core.analysis.placement.openings import Openings, rooms
from core.analysis.placement.reach import Reach
from core.analysis.placement.relations import Change, Relations
from core.analysis.placement.ring import Ring
from core.analysis.placement.slots import Slots
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.pod import TERMINAL_PHASES, Pod
from core.scheduling.refusal import Refusal
from core.scheduling.volumes import Storage


class Moves(NamedTuple):
    """Where pods went, in their order: node indexes. `stuck` is the first that found no place (then nothing moved)."""

    nodes: tuple[int, ...]
    stuck: Pod | None = None


def has_room(made: PodClass, node: int) -> bool:
    """Whether enough of every resource is free."""
    for free, amount in made.need:  # noqa: SIM110  # a generator takes three times as long
        if free[node] < amount:
            return False
    return True


class Placement:
    """Nodes by index, in their order, and the pods on them.

    A search for a place goes round from `cursor` and takes the first node that passes, as the autoscaler does; nodes
    that are cordoned, barred or gone are passed over. Every change is undone by `rollback(mark)`.

    Of `pods` those count that are bound to one of the nodes, not finished, and not of a priority below
    `expendable_below` (None: all of them): the autoscaler doesn't see the others."""

    def __init__(
        self,
        nodes: Sequence[Node],
        pods: Iterable[Pod] = (),
        storage: Storage | None = None,
        namespaces: Mapping[str, Mapping[str, str]] | None = None,
        kubernetes: tuple[int, int] = (1, 35),
        expendable_below: int | None = None,
    ) -> None:
        storage = storage or Storage()
        self.columns = Columns(nodes)
        self.pods: list[list[Pod]] = [[] for _ in nodes]
        """The pods of each node, in the order in which they came. Read only."""
        self._ring = Ring(len(nodes))
        self.masks = Masks(self.columns)
        self._initial: list[list[Pod]] = []
        self.relations = Relations(self.columns, self.masks, namespaces or {}, self._initial, self._changes)
        self._slots = Slots(nodes, storage)
        self.occupancy = Occupancy(storage, self._slots)
        self._reach = Reach(self.columns, storage)
        self.classes = Classes(self.masks, self.relations, storage, self._reach, self._slots, namespaces, self.free)
        self.judge = Judge(self.columns, self.masks, self.occupancy, kubernetes)
        self._free: dict[str, list[int]] = {}
        self._journal: list[tuple[Any, ...]] = []
        self._openings = Openings(self.masks, self._reach, self._journal)
        self._barred: set[int] = set()
        self._load(pods, expendable_below)

    @classmethod
    def from_snapshot(
        cls, snapshot: Snapshot, kubernetes: tuple[int, int] = (1, 35), expendable_below: int | None = -10
    ) -> "Placement":
        """All nodes of a snapshot with the pods that count there."""
        nodes, pods = list(snapshot.nodes.values()), snapshot.pods.values()
        storage, namespaces = inputs.storage(snapshot), inputs.namespaces(snapshot)
        return cls(nodes, pods, storage, namespaces, kubernetes, expendable_below)

    @property
    def cursor(self) -> int:
        """Where the next search starts: a position among the nodes that are not gone."""
        return self._ring.cursor

    @cursor.setter
    def cursor(self, position: int) -> None:
        self._ring.cursor = position

    @property
    def nodes(self) -> Sequence[Node]:
        return self.columns.nodes

    def index(self, name: str) -> int | None:
        return self.columns.index.get(name)

    def free(self, resource: str) -> list[int]:
        """What is free of a resource on each node (`pods`: how many more); below zero where a node is overbooked."""
        found = self._free.get(resource)
        if found is None:
            found = self._free[resource] = [node.allocatable.get(resource, 0) for node in self.nodes]
        return found

    # asking

    def first_failure(self, pod: Pod, node: int) -> Refusal | None:
        """The first filter that refuses the pod on the node as it is now, with its reasons; None: it fits."""
        return self.judge.first_refusal(self.classes.of(pod), node)

    def fits(self, pod: Pod) -> dict[str, Refusal | None]:
        """`first_failure` for every node that is not gone, by name."""
        made = self.classes.of(pod)
        return {self.nodes[node].name: self.judge.first_refusal(made, node) for node in self._ring.nodes}

    def takes(self, pod: Pod, node: int) -> bool:
        """Whether the node, as it is now, takes the pod: `first_failure` is None, found faster."""
        made = self.classes.of(pod)
        return made.refused is None and made.unknown is None and self._passes(made, node, cordoned=True)

    def present(self) -> list[int]:
        """The nodes that are not gone, in their order."""
        return list(self._ring.nodes)

    def opening(self, made: PodClass) -> bytearray:
        """1 for every node that may take such a pod as far as labels, taints and free resources go: barred nodes and
        those that are gone don't. A copy."""
        if made.refused is not None or made.unknown is not None:
            return bytearray(len(self.nodes))
        opening = bytearray(self._openings.of(made))
        for node in (*self._barred, *self.relations.gone):
            opening[node] = 0
        return opening

    def opening_from(self, pod: Pod, first: int) -> bytearray:
        """The same for the nodes from `first` on, which are copies of one another; the others are closed."""
        made = self.classes.of(pod)
        opening = bytearray(len(self.nodes))
        if first < len(opening) and self._allows(made, first, cordoned=False):
            for node in rooms(made, first, len(opening)):
                opening[node] = 1
        return opening

    def measure(self) -> None:
        """What is remembered about free room is read anew, so that an `opening` is exact until the next change."""
        self._openings.renew()

    def next_fitting(self, made: PodClass, opening: bytearray | None = None) -> int | None:
        """The node that a search would take now, of those that `opening` leaves open (else all). Moves neither pod nor
        cursor."""
        if made.refused is not None or made.unknown is not None or not self.nodes:
            return None
        start = self._ring.start()
        if opening is None:
            opening = self._openings.of(made)
        for low, high in ((start, len(self.nodes)), (0, start)):
            node = opening.find(1, low, high)
            while node >= 0:
                if not has_room(made, node):
                    self._close(opening, node)
                elif self._open_to(made, node):
                    return node
                node = opening.find(1, node + 1, high)
        return None

    # changing

    def place(self, pod: Pod, opening: bytearray | None = None) -> int | None:
        """Put the pod on the next node that takes it, and the cursor behind it; None when no node does. Only nodes that
        `opening` leaves open are tried."""
        made = self.classes.of(pod)
        node = self.next_fitting(made, opening)
        if node is not None:
            self._ring.advance(node)
            self._put(made, pod, node)
        return node

    def put(self, pod: Pod, node: int) -> None:
        """Put the pod on the node without asking."""
        self._put(self.classes.of(pod), pod, node)

    def remove(self, pod: Pod, node: int) -> None:
        """Take the pod off its node."""
        if node not in self._barred and node not in self.relations.gone:
            self._openings.renew()
        self._take(pod, node)

    def add_node(self, node: Node, pods: Iterable[Pod] = ()) -> int:
        """A node more, behind the others; its index."""
        index = self.columns.append(node)
        for resource, column in self._free.items():
            column.append(node.allocatable.get(resource, 0))
        self.pods.append([])
        self._slots.append(node)
        self._ring.append(index)
        self.relations.enter(index)
        self._journal.append((self._pop_node,))
        for pod in pods:
            self.put(pod, index)
        return index

    def bar(self, node: int) -> None:
        """The node takes no more pods; those on it stay, and its domains count."""
        if node not in self._barred:
            self._barred.add(node)
            self._journal.append((self._barred.discard, node))

    def withdraw(self, node: int) -> None:
        """The node is gone, with the pods on it, and so is its part in every domain."""
        for pod in list(self.pods[node]):
            self._take(pod, node)
        self._ring.leave(node)
        self.relations.leave(node)
        self._journal.append((self._return_node, node))

    def haunt(self, node: int) -> None:
        """The node stays without its pods, barred and with the taint of a node that is being deleted: a ghost that
        keeps its place in the domains."""
        for pod in list(self.pods[node]):
            self._take(pod, node)
        self.bar(node)
        self.relations.haunt(node, True)
        self._journal.append((self.relations.haunt, node, False))

    def move(self, pods: Sequence[Pod]) -> Moves:
        """Place pods that were taken off their node, all or none; the cursor stays where the search ended."""
        mark, places = self.mark(), []
        for pod in pods:
            node = self.place(pod)
            if node is None:
                self.rollback(mark)
                return Moves((), pod)
            places.append(node)
        return Moves(tuple(places))

    def mark(self) -> int:
        """A point to come back to."""
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        """Undo everything since `mark`, except the movement of the cursor."""
        journal = self._journal
        self._openings.back_to(mark)
        while len(journal) > mark:
            undo, *what = journal.pop()
            undo(*what)

    def rebase(
        self, nodes: Sequence[Node], leaving: Sequence[Pod], coming: Sequence[Pod], ranks: Mapping[str, int]
    ) -> None:
        """Change what is there from the start: `nodes` are the same but for what no filter reads, bound pods leave and
        come. `ranks` orders the pods of a node. Only where nothing else is to be rolled back."""
        assert not self._journal
        index = self.columns.index
        moves = [(self.classes.of(pod), pod, -1) for pod in leaving] + [
            (self.classes.of(pod), pod, 1) for pod in coming
        ]
        self.columns.nodes[:] = nodes
        for made, pod, change in moves:
            node = index[pod.node or ""]
            self._count(made, node, change)
            if change > 0:
                self.pods[node].append(pod)
            else:
                self.pods[node] = [one for one in self.pods[node] if one is not pod]
        for node in {index[pod.node or ""] for pod in coming}:
            self.pods[node].sort(key=lambda pod: ranks[pod.key])
        for node in {index[pod.node or ""] for _, pod, _ in moves}:
            self._initial[node] = list(self.pods[node])
        self.relations.start_over()
        self._openings.renew()
        self.cursor = 0

    # within

    def _load(self, pods: Iterable[Pod], expendable_below: int | None) -> None:
        """The pods that are there from the start. Counters are filled when somebody asks, from the lists made here."""
        booked, particular = Bookings(expendable_below), []
        index, lists, kinds, marked = self.columns.index, self.pods, booked.kinds, booked.marked
        for pod in pods:
            node = index.get(pod.node or "")
            if pod.rare.claims:
                self._slots.mounts(pod)
            if node is None or pod.state.phase in TERMINAL_PHASES:
                continue
            shape = pod.template.shape
            kind = kinds.get(id(shape))
            if kind is None:
                kind = booked.add(shape)
            if kind == EXPENDABLE:
                continue
            lists[node].append(pod)
            booked.nodes.append(node)
            booked.numbers.append(kind)
            if kind in marked or pod.rare.claims:
                particular.append((pod, node))
        for resource, taken in booked.sums(len(self.nodes)):
            free = self.free(resource)
            free[:] = [amount - less for amount, less in zip(free, taken, strict=True)]
        self._initial.extend(map(list, lists))
        for pod, node in particular:
            made = self.classes.of(pod)
            for tally in made.repels:
                tally.add(node, 1)
            self._slots.settle(made.mounts.claims, self.nodes[node], node)
            for free, amount in made.need[len(made.kind.need) :]:
                free[node] -= amount
            if made.sticky:
                self.occupancy.change(made, node, 1)

    def _changes(self) -> Iterator[Change]:
        """What the journal knows of pods that came and went."""
        for undo, *what in self._journal:
            if undo == self._unput:
                yield what[0].resident, what[1], 1
            elif undo == self._untake:
                yield what[0].resident, what[2], -1

    def _passes(self, made: PodClass, node: int, cordoned: bool = False) -> bool:
        """Resources, labels, taints and particulars. A search passes over every cordoned node; a single question only
        where the pod doesn't tolerate it."""
        if not has_room(made, node) or not self._allows(made, node, cordoned):
            return False
        return not (made.particular or made.resident.repelled) or self.judge.passes_particulars(made, node)

    def _allows(self, made: PodClass, node: int, cordoned: bool) -> bool:
        """What depends on nothing but the node itself."""
        number = made.mounts.number
        reached = number < 0 or self._reach.passes(number, self.nodes[node])
        return reached and self.masks.allows(made.pod, node, cordoned)

    def _is_open(self, node: int) -> bool:
        return node not in self._barred and node not in self.relations.gone

    def _open_to(self, made: PodClass, node: int) -> bool:
        if not self._is_open(node):
            return False
        return not (made.particular or made.resident.repelled) or self.judge.passes_particulars(made, node)

    def _close(self, opening: bytearray, node: int) -> None:
        opening[node] = 0
        self._journal.append((opening.__setitem__, node, 1))

    def _put(self, made: PodClass, pod: Pod, node: int) -> None:
        self._count(made, node, 1)
        self.pods[node].append(pod)
        self._journal.append((self._unput, made, node))

    def _unput(self, made: PodClass, node: int) -> None:
        self._count(made, node, -1)
        self.pods[node].pop()

    def _take(self, pod: Pod, node: int) -> None:
        made = self.classes.of(pod)
        place = next(place for place, one in enumerate(self.pods[node]) if one is pod)
        del self.pods[node][place]
        self._count(made, node, -1)
        self._journal.append((self._untake, made, pod, node, place))

    def _untake(self, made: PodClass, pod: Pod, node: int, place: int) -> None:
        self.pods[node].insert(place, pod)
        self._count(made, node, 1)

    def _count(self, made: PodClass, node: int, change: int) -> None:
        for free, amount in made.need:
            free[node] -= change * amount
        for tally in made.resident.feeds:
            tally.add(node, change)
        for tally in made.repels:
            tally.add(node, change)
        if made.sticky:
            self.occupancy.change(made, node, change)

    def _pop_node(self) -> None:
        self.relations.pop()
        self.columns.pop()
        self.pods.pop()
        self._slots.pop()
        for column in self._free.values():
            column.pop()
        self._ring.pop()
        self.masks.cut(len(self.nodes))

    def _return_node(self, node: int) -> None:
        self._ring.give_back(node)
        self.relations.enter(node)
