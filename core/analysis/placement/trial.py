"""Removals tried by the thousand over one placement: pods of a node settle elsewhere for a moment, or for the length of
a sequence. It decides as `Placement` does (take off, `haunt`, `move`, `withdraw`) and only keeps its books more
cheaply: no journal, no lists of pods."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.analysis.placement.classes import Kind, Need, PodClass
from core.analysis.placement.placement import Placement
from core.kube.pod import Pod


@dataclass(eq=False, slots=True)
class Seeker:
    """A class of pods that looks for a place. `opening` is 1 for the nodes that may take one, as long as rooms only
    fill; `particular`: more must be looked at; `felt`: others notice where such a pod is."""

    made: PodClass
    opening: bytearray
    need: Need
    particular: bool
    felt: bool


class _Gone(NamedTuple):
    """A removal that stands."""

    node: int
    felt: Sequence[PodClass]
    movers: Sequence[Seeker]
    places: Sequence[int]


class Trial:
    """`ghosts`: a node that goes stands empty and tainted until its pods have settled, and is gone then; else it stays,
    with its other pods, and only takes none.

    All seekers must be asked for before the first removal is tried. While a trial runs, nobody else may change the
    placement; `close` leaves it as it was."""

    def __init__(self, placement: Placement, ghosts: bool) -> None:
        placement.measure()
        self._placement, self._ghosts = placement, ghosts
        self._size = len(placement.nodes)
        self._present = placement.present()
        self._openings: dict[tuple[object, ...], bytearray] = {}
        self._plain: dict[Kind, Seeker] = {}
        """Of pods that nobody notices and that look at nothing particular: one for all of a kind."""
        self._shut: list[tuple[bytearray, int]] = []
        self._gone: list[_Gone] = []
        self._start = 0
        self.rewind()

    def seeker(self, made: PodClass) -> Seeker:
        """How such pods look for a place. All classes of the cluster must be known by now."""
        plain = made.mounts.number < 0 and not (
            made.particular or made.resident.repelled or self.felt(made) or made.refused or made.unknown
        )
        if plain and made.kind in self._plain:
            return self._plain[made.kind]
        key = (made.opening, made.refused is None and made.unknown is None)
        if key not in self._openings:
            self._openings[key] = self._placement.opening(made)
        found = Seeker(
            made=made,
            opening=self._openings[key],
            need=made.need,
            particular=bool(made.particular or made.resident.repelled),
            felt=self.felt(made),
        )
        if plain:
            self._plain[made.kind] = found
        return found

    def noticed(self, pod: Pod) -> bool:
        """Others count it or keep it away."""
        relations = self._placement.relations
        if not relations.counting:
            return False
        resident = relations.resident_of(pod)
        return bool(resident.feeds or resident.repelled)

    def seeker_of(self, pod: Pod) -> Seeker:
        """The same for an unremarkable pod that nobody notices: one for all of a kind."""
        classes = self._placement.classes
        return self._plain.get(classes.kind(pod.template.shape, pod.pin)) or self.seeker(classes.of(pod))

    @staticmethod
    def felt(made: PodClass) -> bool:
        """Others notice where such a pod is."""
        return bool(made.resident.feeds or made.repels or made.sticky)

    def rewind(self) -> None:
        """The next search starts at the first node."""
        self._start = self._present[0] if self._present else 0

    def alone(self, node: int, felt: Sequence[PodClass], movers: Sequence[Seeker]) -> list[int]:
        """Where the movers of this node would go, up to the first that finds no place; nothing is kept. `felt`: the
        pods that leave the node (all of them, or the movers) and are felt. To be asked before any removal is made."""
        self._start = self._present[0] if self._present else 0
        self._empty(node, felt)
        places = self._stroll(node, movers)
        if places is None:
            places = self._settle(node, movers)
            self._unsettle(movers, places)
        self._refill(node, felt)
        return places

    def remove(self, node: int, felt: Sequence[PodClass], movers: Sequence[Seeker]) -> list[int] | None:
        """The node goes and its movers settle elsewhere, for good; None (nothing changed) when one of them can't."""
        self._empty(node, felt)
        places = self._settle(node, movers)
        if len(places) < len(movers):
            self._unsettle(movers, places)
            self._refill(node, felt)
            return None
        self._shut.clear()
        self._gone.append(_Gone(node, felt, movers, places))
        self._leave(node)
        return places

    def close(self) -> None:
        """Undo everything."""
        while self._gone:
            gone = self._gone.pop()
            if self._ghosts:
                self._placement.relations.enter(gone.node)
            self._unsettle(gone.movers, gone.places)
            self._refill(gone.node, gone.felt)

    def _empty(self, node: int, felt: Iterable[PodClass]) -> None:
        for made in felt:
            self._count(made, node, -1)
        if self._ghosts:
            self._placement.relations.haunt(node, True)

    def _refill(self, node: int, felt: Iterable[PodClass]) -> None:
        if self._ghosts:
            self._placement.relations.haunt(node, False)
        for made in felt:
            self._count(made, node, 1)

    def _leave(self, node: int) -> None:
        """The node takes no more. Where it leaves the list, all behind it move up; the search's place in it stays."""
        for opening in self._openings.values():
            opening[node] = 0
        if self._ghosts:
            self._placement.relations.leave(node)
            position = bisect_left(self._present, self._start)
            self._present.remove(node)
            self._start = self._present[position % len(self._present)] if self._present else 0

    def _stroll(self, node: int, movers: Iterable[Seeker]) -> list[int] | None:
        """As `_settle` from the first node on, but only as far as the last: on the way nobody meets a node twice, so no
        books on free room are needed. None (and nothing changed) when somebody would have to go round."""
        places: list[int] = []
        counted: list[tuple[PodClass, int]] = []
        at = self._start
        for mover in movers:
            at = mover.opening.find(1, at)
            while at == node or (mover.particular and at >= 0 and not self._takes(mover.made, at)):
                at = mover.opening.find(1, at + 1)
            if at < 0:
                break
            if mover.felt:
                self._count(mover.made, at, 1)
                counted.append((mover.made, at))
            places.append(at)
            at += 1
        for made, to in reversed(counted):
            self._count(made, to, -1)
        return None if at < 0 else places

    def _settle(self, node: int, movers: Iterable[Seeker]) -> list[int]:
        """Put the movers down one by one, until one finds no place."""
        places: list[int] = []
        start = self._start
        for mover in movers:
            to = self._next(mover, node, start)
            if to < 0:
                break
            for free, amount in mover.need:
                free[to] -= amount
            if mover.felt:
                self._count(mover.made, to, 1)
            places.append(to)
            start = to + 1
        self._start = start
        return places

    def _unsettle(self, movers: Iterable[Seeker], places: Sequence[int]) -> None:
        """Take back those that were put down, at these places. Nodes full because of them are open again."""
        for mover, to in zip(movers, places, strict=False):
            for free, amount in mover.need:
                free[to] += amount
            if mover.felt:
                self._count(mover.made, to, -1)
        again = set(places)
        for opening, to in self._shut:
            if to in again:
                opening[to] = 1
        self._shut.clear()

    def _next(self, mover: Seeker, but: int, start: int) -> int:
        """The next node that takes such a pod, going round from `start`; -1 when none does."""
        opening, need = mover.opening, mover.need
        to, end, round_again = opening.find(1, start), self._size, True
        while True:
            if to < 0:
                if not round_again:
                    return -1
                end, round_again = start, False
                to = opening.find(1, 0, end)
                continue
            for free, amount in need:
                if free[to] < amount:
                    opening[to] = 0
                    self._shut.append((opening, to))
                    break
            else:
                if to != but and (not mover.particular or self._takes(mover.made, to)):
                    return to
            to = opening.find(1, to + 1, end)

    def _takes(self, made: PodClass, node: int) -> bool:
        return self._placement.judge.passes_particulars(made, node)

    def _count(self, made: PodClass, node: int, change: int) -> None:
        for tally in made.resident.feeds:
            tally.add(node, change)
        for repelling in made.repels:
            repelling.add(node, change)
        if made.sticky:
            self._placement.occupancy.change(made, node, change)
