"""What is booked and what is used, per node and in sum: figures, not text. Pods' own requests are in
core/kube/pod_requests, the sums per node in core/cluster/booking."""

from collections.abc import Iterable, Mapping

import msgspec

from core.cluster.booking import Booking
from core.cluster.snapshot import Snapshot
from core.kube.metrics import NodeMetrics
from core.kube.node import Node


class Figures(msgspec.Struct, frozen=True, gc=False):
    """One resource of one node, or of many. CPU in millicores, the rest in base units; None is unknown.

    `daemonsets` is the part of `requested` that DaemonSet pods book. `measured` is the allocatable of the nodes whose
    usage is known: what `used` is a share of."""

    capacity: int = 0
    allocatable: int = 0
    requested: int | None = 0
    limits: int | None = 0
    used: int | None = None
    daemonsets: int | None = 0
    measured: int = 0

    @property
    def booked_share(self) -> float | None:
        """requested / allocatable; None when either is unknown or nothing can be allocated."""
        return self.requested / self.allocatable if self.requested is not None and self.allocatable > 0 else None

    @property
    def used_share(self) -> float | None:
        """used / allocatable of the nodes that were measured."""
        return self.used / self.measured if self.used is not None and self.measured > 0 else None

    @property
    def headroom(self) -> int | None:
        """What can still be booked; negative when more is booked than there is."""
        return None if self.requested is None else self.allocatable - self.requested


Reservation = Mapping[str, Figures]
"""Resource name -> figures."""

_FIRST = ("cpu", "memory", "ephemeral-storage", "pods")


def of_node(node: Node, booking: Booking | None, metrics: NodeMetrics | None) -> dict[str, Figures]:
    """The reservation of one node. `booking` None: the pods could not be read, so what is booked is unknown."""
    usage = metrics.usage if metrics is not None else {}
    booked = {**booking.requests, "pods": booking.counted} if booking is not None else {}
    return {
        name: _figures(name, node, booking, usage) for name in _ordered({**node.allocatable, **node.capacity, **booked})
    }


def _ordered(names: Iterable[str]) -> list[str]:
    found = set(names)
    return [name for name in _FIRST if name in found] + sorted(found.difference(_FIRST))


def _figures(name: str, node: Node, booking: Booking | None, usage: Mapping[str, int]) -> Figures:
    allocatable, used = node.allocatable.get(name, 0), usage.get(name)
    requested, limits, daemonsets = _booked(name, booking) if booking is not None else (None, None, None)
    return Figures(
        capacity=node.capacity.get(name, 0),
        allocatable=allocatable,
        requested=requested,
        limits=limits,
        used=used,
        daemonsets=daemonsets,
        measured=allocatable if used is not None else 0,
    )


def _booked(name: str, booking: Booking) -> tuple[int, int | None, int]:
    """Requests, limits and the DaemonSets' part. Pod slots are booked by number and have no limit."""
    if name == "pods":
        return booking.counted, None, booking.daemonset_pods
    return booking.requests.get(name, 0), booking.limits.get(name, 0), booking.daemonsets.get(name, 0)


class Tally:
    """A running sum of reservations: nodes come and go one by one. A booking that is unknown anywhere makes the sum
    unknown; usage is summed over the nodes that were measured, and `measured` says how much of the whole they are."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def add(self, reservation: Reservation, sign: int = 1) -> None:
        """Add a node's reservation, or with -1 take away what was added."""
        for name, figures in reservation.items():
            sums = self._sums.get(name)
            if sums is None:
                sums = self._sums[name] = [0] * (2 * len(_PARTS) + 1)
            for place, part in enumerate(_PARTS):
                value = getattr(figures, part)
                if value is None:
                    sums[len(_PARTS) + place] += sign
                else:
                    sums[place] += sign * value
            sums[-1] += sign

    def figures(self) -> dict[str, Figures]:
        """The sum as it is now."""
        return {name: _summed(self._sums[name]) for name in _ordered(self._held())} if self._held() else {}

    def _held(self) -> list[str]:
        return [name for name, sums in self._sums.items() if sums[-1]]


_PARTS = ("capacity", "allocatable", "measured", "used", "requested", "limits", "daemonsets")


def _summed(sums: list[int]) -> Figures:
    unknown, count = dict(zip(_PARTS, sums[len(_PARTS) : -1], strict=True)), sums[-1]
    capacity, allocatable, measured, used, *booked = sums[: len(_PARTS)]
    requested, limits, daemonsets = (
        None if unknown[part] else value for part, value in zip(_PARTS[4:], booked, strict=True)
    )
    return Figures(
        capacity, allocatable, requested, limits, None if unknown["used"] == count else used, daemonsets, measured
    )


def total(parts: Iterable[Reservation]) -> dict[str, Figures]:
    """The sum of several reservations, as Tally has it."""
    tally = Tally()
    for part in parts:
        tally.add(part)
    return tally.figures()


def bookings(snapshot: Snapshot) -> dict[str, Booking]:
    """The booking of every node of a snapshot, summed from its pods."""
    sums: dict[str, Booking] = {}
    for pod in snapshot.pods.values():
        if pod.node is not None:
            sums.setdefault(pod.node, Booking()).change(pod, 1)
    return sums
