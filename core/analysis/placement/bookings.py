"""What many bound pods take from their nodes, summed at once. Single pods that come and go later are counted one by one
in placement."""

from collections.abc import Iterator

from core.kube.pod import Shape
from core.scheduling import node_resources_fit

_EXACT = 2**52
"""Sums up to here are exact in the floating point arithmetic that is fastest."""


EXPENDABLE = -1


def expendable(shape: Shape, below: int | None) -> bool:
    """Its priority is lower than the autoscaler's cutoff."""
    return below is not None and shape.priority is not None and shape.priority < below


class Bookings:
    """Pods as two lists, node and number of the shape; and what each shape takes."""

    def __init__(self, expendable_below: int | None) -> None:
        self._expendable_below = expendable_below
        self.nodes: list[int] = []
        self.numbers: list[int] = []
        self.kinds: dict[int, int] = {}
        """id of the shape -> its number, or EXPENDABLE."""
        self.marked: set[int] = set()
        """Numbers of shapes that need more than counting: anti-affinity, ports, disks."""
        self._demands: list[dict[str, int]] = []

    def add(self, shape: Shape) -> int:
        """A shape that is new."""
        if expendable(shape, self._expendable_below):
            self.kinds[id(shape)] = EXPENDABLE
            return EXPENDABLE
        number = self.kinds[id(shape)] = len(self._demands)
        self._demands.append(dict(node_resources_fit.demand(shape.requests)))
        if shape.pod_anti_affinity or shape.host_ports or shape.volumes:
            self.marked.add(number)
        return number

    def sums(self, size: int) -> Iterator[tuple[str, list[int]]]:
        """(resource, what is taken of it on each of `size` nodes)."""
        import numpy as np

        nodes, numbers = np.array(self.nodes, dtype=np.intp), np.array(self.numbers, dtype=np.intp)
        for resource in {name: None for demand in self._demands for name in demand}:
            amounts = [demand.get(resource, 0) for demand in self._demands]
            if max(amounts) * max(1, len(nodes)) < _EXACT or self._largest(amounts) < _EXACT:
                weights = np.array(amounts, dtype=np.float64)[numbers]
                yield resource, np.bincount(nodes, weights, size).astype(np.int64).tolist()
            else:
                yield resource, self._one_by_one(amounts, size)

    def _largest(self, amounts: list[int]) -> int:
        """All that is taken of a resource in the whole cluster: no node has more."""
        return sum(amounts[number] for number in self.numbers)

    def _one_by_one(self, amounts: list[int], size: int) -> list[int]:
        taken = [0] * size
        for node, number in zip(self.nodes, self.numbers, strict=True):
            taken[node] += amounts[number]
        return taken
