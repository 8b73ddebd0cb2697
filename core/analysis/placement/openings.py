"""For pods that ask the same of a node's labels, taints, volumes and free resources: the nodes that may have room, as
bytes in which the next one is found at machine speed.

Free room only shrinks while pods are being placed, so a node that was full once stays closed until the change that
filled it is undone. Where room grows otherwise, everything is evaluated anew."""

from collections.abc import Hashable, Iterable, Sized
from typing import TYPE_CHECKING

from core.analysis.placement.classes import PodClass
from core.analysis.placement.masks import Masks
from core.analysis.placement.reach import Reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST = 2**62
_FEW = 24
"""Below so many nodes plain Python is faster."""


class Openings:
    """`of(class)[node]` is 0 when the node surely has no room for it, 1 when it may have."""

    def __init__(self, masks: Masks, reach: Reach, journal: Sized) -> None:
        self._masks, self._reach, self._journal = masks, reach, journal
        self._open: dict[Hashable, bytearray] = {}
        self._base: dict[str, NDArray[np.int64]] = {}
        self._since = 0

    def of(self, made: PodClass) -> bytearray:
        key = made.opening
        found = self._open.get(key)
        size = len(made.need[0][0])
        if found is None or len(found) != size:
            found = self._open[key] = self._evaluated(made, size)
        return found

    def renew(self) -> None:
        """Room may have grown."""
        self._open.clear()
        self._base.clear()

    def back_to(self, mark: int) -> None:
        """Changes since `mark` are about to be undone."""
        if self._base and mark < self._since:
            self.renew()

    def _evaluated(self, made: PodClass, size: int) -> bytearray:
        mask = self._masks.search(made.pod.shape, made.pod.pin).copy()
        if made.mounts.number >= 0:
            mask &= self._reach.mask(made.mounts.number)
        names = (*(name for name, _ in made.demand), *(f"slots of {driver}" for driver, _ in made.mounts.volumes.own))
        for name, (free, amount) in zip(names, made.need, strict=True):
            mask &= self._amounts(name, free, size) >= min(amount, _LARGEST)
        return bytearray(mask.tobytes())

    def _amounts(self, name: str, column: list[int], size: int) -> "NDArray[np.int64]":
        import numpy as np

        if not self._base:
            self._since = len(self._journal)
        found = self._base.get(name)
        if found is None or len(found) != size:
            if max(column, default=0) > _LARGEST or min(column, default=0) < -_LARGEST:
                column = [max(-_LARGEST, min(_LARGEST, amount)) for amount in column]
            found = self._base[name] = np.array(column, dtype=np.int64)
        return found


def rooms(made: PodClass, first: int, end: int) -> Iterable[int]:
    """The nodes from `first` to before `end` with enough free of every resource."""
    if end - first < _FEW:
        return [node for node in range(first, end) if all(free[node] >= amount for free, amount in made.need)]
    import numpy as np

    enough = np.ones(end - first, dtype=bool)
    for free, amount in made.need:
        enough &= np.array(free[first:end]) >= amount
    found: list[int] = (np.flatnonzero(enough) + first).tolist()
    return found
