"""Counters of pods per domain of a label, changed by one as a pod comes or goes. Which pods a counter counts is decided
in relations."""

from collections.abc import Callable

from core.analysis.placement.columns import ABSENT, Column


class Tally:
    """Pods per domain. Pods on nodes without the label don't count."""

    def __init__(self, column: Column) -> None:
        self.codes = column.codes
        self.counts: dict[int, int] = {}
        self.total = 0

    def add(self, node: int, change: int) -> None:
        code = self.codes[node]
        if code != ABSENT:
            self.counts[code] = self.counts.get(code, 0) + change
            self.total += change

    def at(self, node: int) -> int:
        """The pods in the node's domain; 0 when it is in none."""
        return self.counts.get(self.codes[node], 0)


class Domains:
    """The domains of one label that topology spread looks at: those with a node that the pod's policies let count."""

    def __init__(self, column: Column, eligible: Callable[[int], bool], honors_taints: bool) -> None:
        self.codes = column.codes
        self._rule = eligible
        self.honors_taints = honors_taints
        self.eligible: list[bool] = []
        self.nodes: dict[int, int] = {}
        """Domain -> number of its nodes that count."""
        self.tallies: list[SpreadTally] = []

    def enter(self, node: int) -> None:
        """A node is there (the last one, or one that left before)."""
        counts = self._rule(node)
        if node == len(self.eligible):
            self.eligible.append(counts)
        self.eligible[node] = counts
        if counts:
            self._more(self.codes[node])

    def leave(self, node: int) -> None:
        """A node without pods doesn't count any more."""
        if self.eligible[node]:
            self.eligible[node] = False
            self._fewer(self.codes[node])

    def pop(self) -> None:
        """The last node is gone."""
        self.leave(len(self.eligible) - 1)
        self.eligible.pop()

    def _more(self, code: int) -> None:
        count = self.nodes[code] = self.nodes.get(code, 0) + 1
        if count == 1:
            for tally in self.tallies:
                tally.open(code)

    def _fewer(self, code: int) -> None:
        self.nodes[code] -= 1
        if self.nodes[code] == 0:
            del self.nodes[code]
            for tally in self.tallies:
                tally.close(code)


class SpreadTally:
    """Pods per domain with the smallest of these counts at hand. Only pods on eligible nodes count."""

    def __init__(self, domains: Domains) -> None:
        self.domains = domains
        self.codes = domains.codes
        self.counts = dict.fromkeys(domains.nodes, 0)
        self._having: dict[int, int] = {0: len(self.counts)} if self.counts else {}
        """Count -> number of domains with it."""
        self.minimum = 0
        domains.tallies.append(self)

    def add(self, node: int, change: int) -> None:
        if not self.domains.eligible[node]:
            return
        code = self.codes[node]
        before = self.counts[code]
        after = self.counts[code] = before + change
        self._gone(before)
        self._come(after)
        self._settle()

    def at(self, node: int) -> int:
        return self.counts.get(self.codes[node], 0)

    def open(self, code: int) -> None:
        self.counts[code] = 0
        self._come(0)
        self._settle()

    def close(self, code: int) -> None:
        self._gone(self.counts.pop(code))
        self._settle()

    def _come(self, count: int) -> None:
        self._having[count] = self._having.get(count, 0) + 1
        self.minimum = min(self.minimum, count)

    def _gone(self, count: int) -> None:
        left = self._having[count] - 1
        if left:
            self._having[count] = left
        else:
            del self._having[count]

    def _settle(self) -> None:
        if self._having and self.minimum not in self._having:
            self.minimum = min(self._having)
