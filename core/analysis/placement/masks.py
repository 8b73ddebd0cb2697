"""Which nodes pass the filters that only look at the node: evaluated once for all pods that ask for the same.

A mask is a list with one bool per node; it grows on demand when nodes are added and is cut when they go again."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from core.analysis.placement import vectors
from core.analysis.placement.columns import Columns
from core.kube.node import Node
from core.kube.pod import Pod, Shape
from core.kube.selectors import Requirement
from core.kube.taints import Taint, Toleration
from core.scheduling import node_affinity, node_unschedulable, taint_toleration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


class Mask:
    """One bool per node."""

    def __init__(self, columns: Columns, passes: list[bool]) -> None:
        self._columns = columns
        self.passes = passes

    def __getitem__(self, index: int) -> bool:
        if len(self.passes) <= index:
            self.grow()
        return self.passes[index]

    def grow(self) -> list[bool]:
        """The answers for all nodes, those that were added included."""
        for node in self._columns.nodes[len(self.passes) :]:
            self.passes.append(self._passes(node))
        return self.passes

    def _passes(self, node: Node) -> bool:
        raise NotImplementedError


class AffinityMask(Mask):
    """Node selector and required node affinity of a shape, with the pin of a DaemonSet pod."""

    def __init__(self, columns: Columns, shape: Shape, pin: str | None) -> None:
        self._columns, self._shape, self._pin = columns, shape, pin
        super().__init__(columns, self._evaluated().tolist())

    def _passes(self, node: Node) -> bool:
        return node_affinity.matches(self._shape, self._pin, node)

    def _evaluated(self) -> "Bools":
        import numpy as np

        mask = np.ones(len(self._columns.nodes), dtype=bool)
        for key, value in (self._shape.node_selector or {}).items():
            mask &= vectors.requirement(self._columns, Requirement(key, "In", (value,)))
        required = self._shape.node_affinity.required if self._shape.node_affinity is not None else None
        return mask & vectors.selector(self._columns, required, self._pin) if required is not None else mask


class TaintMask(Mask):
    """Hard taints against one set of tolerations."""

    def __init__(self, columns: Columns, tolerations: tuple[Toleration, ...]) -> None:
        super().__init__(columns, [])
        self._tolerations = tolerations
        self._known: dict[tuple[Taint, ...], bool] = {}

    def _passes(self, node: Node) -> bool:
        if not node.taints:
            return True
        known = self._known.get(node.taints)
        if known is None:
            known = taint_toleration.first_untolerated(node.taints, self._tolerations) is None
            self._known[node.taints] = known
        return known


class Masks:
    """All masks of a placement, each kept once for equal rules."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._affinity: dict[Hashable, AffinityMask] = {}
        self._taints: dict[Hashable, TaintMask] = {}
        self._numbers: dict[Hashable, int] = {}
        self._whole: dict[int, Bools] = {}

    def affinity_key(self, shape: Shape, pin: str | None) -> Hashable:
        """Equal for shapes that ask the same of a node's labels and name; None when they ask nothing."""
        required = shape.node_affinity.required if shape.node_affinity is not None else None
        if required is None and not shape.node_selector:
            return None
        pinned = pin if node_affinity.pinned(shape, pin) is not None else None
        return (tuple(sorted((shape.node_selector or {}).items())), required, pinned)

    def affinity(self, shape: Shape, pin: str | None) -> AffinityMask | None:
        """None when the shape asks nothing of a node."""
        key = self.affinity_key(shape, pin)
        if key is None:
            return None
        found = self._affinity.get(key)
        if found is None:
            found = self._affinity[key] = AffinityMask(self._columns, shape, pin)
        return found

    def taints(self, tolerations: tuple[Toleration, ...]) -> TaintMask:
        found = self._taints.get(tolerations)
        if found is None:
            found = self._taints[tolerations] = TaintMask(self._columns, tolerations)
        return found

    def search_number(self, shape: Shape, pin: str | None) -> int:
        """Equal for shapes that may go to the same nodes."""
        return self._numbers.setdefault((self.affinity_key(shape, pin), shape.tolerations), len(self._numbers))

    def search(self, shape: Shape, pin: str | None) -> "Bools":
        """The nodes that a search for a place may try: not cordoned (the autoscaler skips them even for pods that
        tolerate it), tolerated, wanted."""
        import numpy as np

        key = self.search_number(shape, pin)
        size = len(self._columns.nodes)
        found = self._whole.get(key)
        if found is None or len(found) != size:
            found = np.array([not node.unschedulable for node in self._columns.nodes], dtype=bool)
            affinity = self.affinity(shape, pin)
            found &= np.array(self.taints(shape.tolerations).grow(), dtype=bool)
            if affinity is not None:
                found &= np.array(affinity.grow(), dtype=bool)
            self._whole[key] = found
        return found

    def allows(self, pod: Pod, index: int, cordoned: bool) -> bool:
        """The same for one node. `cordoned`: such a node counts where the pod tolerates it, as for the scheduler."""
        node, shape = self._columns.nodes[index], pod.shape
        if node.unschedulable and not (cordoned and not node_unschedulable.refuses(node, shape.tolerations)):
            return False
        affinity = self.affinity(shape, pod.pin)
        return self.taints(shape.tolerations)[index] and (affinity is None or affinity[index])

    def cut(self, size: int) -> None:
        """Nodes behind `size` are gone again."""
        for mask in (*self._affinity.values(), *self._taints.values()):
            del mask.passes[size:]
