"""Disruption budgets as scale-in counts them: which ones hold a pod, and how they shrink while nodes are removed one
after another. What eviction itself checks is the API server's.

Source: core/scaledown/pdb/basic.go of the Cluster Autoscaler."""

from collections.abc import Iterable, Sequence

from core.kube.disruption import DisruptionBudget
from core.kube.interning import Shared


class Budgets:
    """All budgets of a cluster, found by a pod's namespace and labels; pods that share those share the answer."""

    def __init__(self, budgets: Iterable[DisruptionBudget]) -> None:
        self._all = tuple(budgets)
        self._by_namespace: dict[str, list[int]] = {}
        for index, budget in enumerate(self._all):
            if budget.selector is not None:
                self._by_namespace.setdefault(budget.namespace, []).append(index)
        self._known: dict[tuple[str, int], tuple[int, ...]] = {}

    def matching(self, namespace: str, labels: Shared) -> tuple[int, ...]:
        """The numbers of the budgets that select such a pod."""
        if namespace not in self._by_namespace:
            return ()
        key = (namespace, id(labels))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(
                index for index in self._by_namespace[namespace] if self._selects(index, labels)
            )
        return found

    def _selects(self, index: int, labels: Shared) -> bool:
        selector = self._all[index].selector
        return selector is not None and selector.matches(labels)

    def key(self, index: int) -> str:
        """`namespace/name` of a budget."""
        return self._all[index].key

    def allowances(self) -> "Allowances":
        """How many more pods may go, to be used up. A budget that doesn't say allows none."""
        return Allowances([budget.allowed or 0 for budget in self._all])


class Allowances:
    """What is left of each budget while a plan is made."""

    def __init__(self, left: list[int]) -> None:
        self._left = left

    def exhausted(self, budgets: Sequence[int]) -> int | None:
        """The first of these budgets that lets no pod go."""
        return next((index for index in budgets if self._left[index] < 1), None)

    def use(self, budgets: Iterable[int]) -> None:
        """One pod under these budgets goes."""
        for index in budgets:
            self._left[index] -= 1

    def enough(self, wanted: dict[int, int]) -> bool:
        """Whether so many pods of each budget could go at once."""
        return all(self._left[index] >= count for index, count in wanted.items())
