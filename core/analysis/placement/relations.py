"""Who counts whom: which counters a pod feeds, and which anti-affinity of others keeps it away. Counters are made when
a class of pods first needs them, from the pods that are there, and changed by one from then on."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.analysis.placement.columns import ABSENT, Columns
from core.analysis.placement.masks import Masks
from core.analysis.placement.tallies import Domains, SpreadTally, Tally
from core.kube.interning import Shared
from core.kube.pod import Pod, Shape
from core.kube.taints import NO_SCHEDULE, TO_BE_DELETED, Taint
from core.scheduling import selection
from core.scheduling.inter_pod_affinity import Term
from core.scheduling.pod_topology_spread import Constraint
from core.scheduling.selection import Selection

_LEAVING = Taint(TO_BE_DELETED, NO_SCHEDULE)
_NO_LABELS: Mapping[str, str] = {}


@dataclass(eq=False, slots=True)
class Resident:
    """Pods with the same labels in one namespace: the same to every selector. Terminating pods are apart, because
    topology spread doesn't count them."""

    labels: Shared
    namespace: str
    terminating: bool
    prefix: str = ""
    """The namespace with its slash."""
    feeds: list[Tally | SpreadTally] = field(default_factory=list)
    repelled: list[Tally] = field(default_factory=list)
    """Pods there whose anti-affinity means these pods, per domain."""


class Population(NamedTuple):
    """The pods that a counter counts: those that all terms mean, or (topology spread) those selected in a namespace."""

    terms: tuple[Term, ...] = ()
    namespace: str | None = None
    selection: Selection = None


Change = tuple[Resident, int, int]
"""A pod that came to a node (+1) or left it (-1)."""


class Relations:
    """All residents and counters of a placement. `initial`: the pods of each node at the start, which stays as it is;
    `changes`: what came and went since."""

    def __init__(
        self,
        columns: Columns,
        masks: Masks,
        namespaces: Mapping[str, Mapping[str, str]],
        initial: Sequence[Sequence[Pod]],
        changes: Callable[[], Iterable[Change]],
    ) -> None:
        self._columns, self._masks, self._namespaces = columns, masks, namespaces
        self._initial, self._changes = initial, changes
        self._residents: dict[tuple[int, str, bool], Resident] = {}
        self._usual: dict[int, Resident] = {}
        """id of the labels -> the first resident that had them: most labels stand in one namespace only."""
        self._tallies: dict[tuple[Population, Hashable], Tally | SpreadTally] = {}
        self._repelling: dict[Term, Tally] = {}
        self._domains: dict[Hashable, Domains] = {}
        self._counted: list[tuple[Resident, list[int]]] | None = None
        self.ghosts: set[int] = set()
        """Nodes that bear the taint of a node that is being deleted."""
        self.gone: set[int] = set()
        """Nodes that left the cluster: no part of any domain."""

    @property
    def counting(self) -> bool:
        """Some pod, there or considered, asks about others."""
        return bool(self._tallies or self._repelling)

    def resident_of(self, pod: Pod) -> Resident:
        """The one for the pod's labels. New ones start to feed the counters that count them."""
        labels = pod.template.labels
        usual = self._usual.get(id(labels))
        if usual is not None and pod.rare.deletion is None and pod.key.startswith(usual.prefix):
            return usual
        return self._resident(labels, pod.namespace, pod.deletion is not None)

    def _resident(self, labels: Shared, namespace: str, terminating: bool) -> Resident:
        key = (id(labels), namespace, terminating)
        found = self._residents.get(key)
        if found is None:
            found = self._residents[key] = Resident(labels, namespace, terminating, f"{namespace}/")
            if not terminating:
                self._usual.setdefault(id(labels), found)
            found.feeds = [tally for (population, _), tally in self._tallies.items() if self._counts(population, found)]
            found.repelled = [tally for term, tally in self._repelling.items() if self._means(term, found)]
        return found

    def together(self, terms: tuple[Term, ...]) -> tuple[Tally, ...]:
        """For each term, the pods per domain that all of `terms` mean."""
        return tuple(self._tally(Population(terms), term.key) for term in terms)

    def apart(self, terms: tuple[Term, ...]) -> tuple[Tally, ...]:
        """For each term, the pods per domain that it means."""
        return tuple(self._tally(Population((term,)), term.key) for term in terms)

    def repelling(self, term: Term) -> Tally:
        """The pods per domain that have this anti-affinity themselves. The caller counts those that are there."""
        found = self._repelling.get(term)
        if found is None:
            found = self._repelling[term] = Tally(self._columns.column(term.key))
            for resident in self._residents.values():
                if self._means(term, resident):
                    resident.repelled.append(found)
        return found

    def spread(
        self, constraint: Constraint, keys: frozenset[str], namespace: str, shape: Shape, pin: str | None
    ) -> SpreadTally:
        """The pods per domain for one constraint of a pod that has constraints on `keys`."""
        domains = self._domains_of(constraint, keys, shape, pin)
        population = Population(namespace=namespace, selection=constraint.selection)
        found = self._tallies.get((population, id(domains)))
        if found is None:
            found = self._tallies[population, id(domains)] = SpreadTally(domains)
            self._fill(population, found)
        assert isinstance(found, SpreadTally)
        return found

    def enter(self, node: int) -> None:
        """A node is there, or there again, without pods as yet."""
        self.gone.discard(node)
        for domains in self._domains.values():
            domains.enter(node)

    def leave(self, node: int) -> None:
        """A node, without pods by now, is no part of a domain any more."""
        self.gone.add(node)
        for domains in self._domains.values():
            domains.leave(node)

    def pop(self) -> None:
        """The last node is gone."""
        for domains in self._domains.values():
            domains.pop()

    def haunt(self, node: int, ghost: bool) -> None:
        """A node without pods gets, or loses, the taint of a node that is being deleted."""
        (self.ghosts.add if ghost else self.ghosts.discard)(node)
        for domains in self._domains.values():
            if domains.honors_taints:
                domains.leave(node)
                domains.enter(node)

    def start_over(self) -> None:
        """What was there from the start is different now; the counters know already."""
        self._counted = None

    def _tally(self, population: Population, key: str) -> Tally:
        found = self._tallies.get((population, key))
        if found is None:
            found = self._tallies[population, key] = Tally(self._columns.column(key))
            self._fill(population, found)
        assert isinstance(found, Tally)
        return found

    def _fill(self, population: Population, tally: Tally | SpreadTally) -> None:
        """Count the pods that are there, and let those that come be counted."""
        for resident, nodes in self._census():
            if self._counts(population, resident):
                for node in nodes:
                    tally.add(node, 1)
        for resident, node, change in self._changes():
            if self._counts(population, resident):
                tally.add(node, change)
        for resident in self._residents.values():
            if self._counts(population, resident):
                resident.feeds.append(tally)

    def _census(self) -> list[tuple[Resident, list[int]]]:
        """The pods that were there from the start, by what selectors see of them, with their nodes."""
        if self._counted is None:
            templates: dict[Hashable, tuple[Pod, list[int]]] = {}
            for node, pods in enumerate(self._initial):
                for pod in pods:
                    key: Hashable = (id(pod.template), pod.rare.deletion is None)
                    entry = templates.get(key)
                    if entry is not None and pod.template.owner is None and entry[0].namespace != pod.namespace:
                        key = (key, pod.namespace)
                        entry = templates.get(key)
                    if entry is None:
                        entry = templates[key] = (pod, [])
                    entry[1].append(node)
            self._counted = _merged(templates.values())
        return self._counted

    def _counts(self, population: Population, resident: Resident) -> bool:
        if population.namespace is not None:
            return (
                resident.namespace == population.namespace
                and not resident.terminating
                and population.selection != selection.EVERYTHING
                and selection.selects(population.selection, resident.labels)
            )
        return all(self._means(term, resident) for term in population.terms)

    def _means(self, term: Term, resident: Resident) -> bool:
        labels = self._namespaces.get(resident.namespace, _NO_LABELS)
        return term.covers(resident.namespace, labels, resident.labels)

    def _domains_of(self, constraint: Constraint, keys: frozenset[str], shape: Shape, pin: str | None) -> Domains:
        affinity = self._masks.affinity_key(shape, pin) if constraint.honor_affinity else None
        tolerations = shape.tolerations if constraint.honor_taints else None
        key = (constraint.key, keys, affinity, tolerations)
        found = self._domains.get(key)
        if found is None:
            rule = self._eligible(constraint, keys, shape, pin)
            found = self._domains[key] = Domains(self._columns.column(constraint.key), rule, constraint.honor_taints)
            for node in range(len(self._columns.nodes)):
                found.enter(node)
        return found

    def _eligible(
        self, constraint: Constraint, keys: frozenset[str], shape: Shape, pin: str | None
    ) -> Callable[[int], bool]:
        """Whether a node counts: it has all the labels, and the constraint's policies let it."""
        codes = [self._columns.column(key).codes for key in keys]
        affinity = self._masks.affinity(shape, pin) if constraint.honor_affinity else None
        taints = self._masks.taints(shape.tolerations) if constraint.honor_taints else None
        tolerated = any(toleration.tolerates(_LEAVING) for toleration in shape.tolerations)

        def eligible(node: int) -> bool:
            if node in self.gone or any(column[node] == ABSENT for column in codes):
                return False
            if affinity is not None and not affinity[node]:
                return False
            return taints is None or (taints[node] and (tolerated or node not in self.ghosts))

        return eligible


def _merged(templates: Iterable[tuple[Pod, list[int]]]) -> list[tuple[Resident, list[int]]]:
    """Pods of one template, by labels, namespace, and whether they are terminating."""
    found: dict[tuple[int, str, bool], tuple[Resident, list[int]]] = {}
    for pod, nodes in templates:
        key = (id(pod.labels), pod.namespace, pod.deletion is not None)
        entry = found.get(key)
        if entry is None:
            found[key] = (Resident(pod.labels, pod.namespace, key[2]), nodes)
        else:
            entry[1].extend(nodes)
    return list(found.values())
