"""The pods of each node by what the rules and the scheduler make of them, worked out once per sort of pods: what a
removal reads instead of the pods themselves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.analysis.placement import Placement
from core.analysis.placement.classes import PodClass
from core.analysis.placement.trial import Seeker, Trial
from core.analysis.scale_in.budgets import Allowances
from core.analysis.scale_in.drainability import KUBE_SYSTEM, Drainability, Outcome, Ruling
from core.analysis.vendors.eci import Eci
from core.kube.pod import NOTHING_RARE, Pod, Template


class Fate(NamedTuple):
    """What the rules make of a pod, whatever it requests."""

    ruling: Ruling
    held: tuple[str, str] | None
    stays_behind: bool
    bursts: bool


_UNJUDGED = Ruling(Outcome.SKIP)


@dataclass(eq=False, slots=True)
class Sort:
    """Pods that are the same to every rule. What the rules make of them is judged anew for each roster. `held`:
    (reason, object behind it) when they hold their node while no budget has been used; `unknown`: what keeps us from
    saying whether they could move; `seeker`: how they look for a place, None when they don't."""

    pod: Pod
    """One of them."""
    namespace: str
    """With its slash."""
    ordinary: bool
    """Their template and namespace say all about them."""
    ruling: Ruling = _UNJUDGED
    made: PodClass | None = None
    """None where nothing but their size tells them from others: most of them."""
    stays_behind: bool = False
    held: tuple[str, str] | None = None
    unknown: str | None = None
    bursts: bool = False
    """ECI would take them."""
    seeker: Seeker | None = None
    felt: bool = False


class Sorts:
    """Which pods of one placement are of one sort. Rules don't matter for that, so it is kept from one judgement to the
    next, and only nodes whose pods are others are looked at again."""

    def __init__(self) -> None:
        self._others: dict[tuple[object, ...], Sort] = {}
        self._ordinary: dict[Template, Sort] = {}
        self._nodes: dict[int, tuple[list[Pod], list[Sort]]] = {}

    def of_node(self, node: int, pods: Sequence[Pod]) -> list[Sort]:
        """The sorts of a node's pods, in their order."""
        kept = self._nodes.get(node)
        if kept is None or kept[0] != pods:
            kept = self._nodes[node] = (list(pods), self._sorted(pods))
        return kept[1]

    def all(self) -> Iterator[Sort]:
        """Every sort that was met."""
        yield from self._others.values()
        yield from self._ordinary.values()

    def __len__(self) -> int:
        return len(self._others) + len(self._ordinary)

    def _sorted(self, pods: Iterable[Pod]) -> list[Sort]:
        found = []
        for pod in pods:
            sort = self._ordinary.get(pod.template)
            if sort is None or pod.rare is not NOTHING_RARE or not pod.key.startswith(sort.namespace):
                sort = self._sort(pod)
            found.append(sort)
        return found

    def _sort(self, pod: Pod) -> Sort:
        """Pods of one template in one namespace, with the same rarities, are of one sort. Age matters only for system
        pods, and the node that a pod is meant for only if it may leave it."""
        namespace, rare, template = pod.key.partition("/")[0], pod.rare, pod.template
        daemon = template.owner is not None and template.owner.kind == "DaemonSet"
        pin = None if daemon else pod.pin
        ages = namespace == KUBE_SYSTEM and not daemon
        if rare is NOTHING_RARE and pin is None and not ages and template not in self._ordinary:
            sort = self._ordinary[template] = Sort(pod, f"{namespace}/", True)
            return sort
        age = pod.created if ages else None
        key = (template, namespace, rare.annotations, rare.deletion, rare.grace, rare.claims, pin, age)
        found = self._others.get(key)
        if found is None:
            found = self._others[key] = Sort(pod, f"{namespace}/", False)
        return found


class Roster:
    """All nodes' pods as sorts, in their order, by index of the placement."""

    def __init__(self, placement: Placement, rules: Drainability, trial: Trial, eci: Eci, sorts: Sorts) -> None:
        self._placement, self._rules, self._eci = placement, rules, eci
        self._untouched = rules.budgets.allowances()
        self._fates: dict[tuple[object, ...], Fate] = {}
        self.sorts = [sorts.of_node(node, pods) for node, pods in enumerate(placement.pods)]
        for sort in sorts.all():
            self._judge(sort)
        for sort in sorts.all():
            self._finish(sort, trial)

    @staticmethod
    def holds(sort: Sort, left: Allowances) -> bool:
        """Whether such a pod holds its node with so much left of the budgets, or nobody knows."""
        if sort.ruling.held_by:
            return left.exhausted(sort.ruling.held_by) is not None or sort.unknown is not None
        return sort.held is not None or sort.unknown is not None

    def _judge(self, sort: Sort) -> None:
        """What the rules make of it."""
        pod = sort.pod
        sort.ruling, sort.held, sort.stays_behind, sort.bursts = self._fate(pod) if sort.ordinary else self._judged(pod)
        sort.made = None if self._placement.classes.unremarkable(pod) else self._placement.classes.of(pod)
        sort.unknown = _unknown(sort.ruling, sort.made)

    def _finish(self, sort: Sort, trial: Trial) -> None:
        """What can only be said when all classes are known: who is noticed by others, and how they look for a place."""
        if sort.made is None and trial.noticed(sort.pod):
            sort.made = self._placement.classes.of(sort.pod)
        sort.felt = sort.made is not None and trial.felt(sort.made)
        sort.seeker = None
        if sort.ruling.outcome is Outcome.MOVE:
            sort.seeker = trial.seeker_of(sort.pod) if sort.made is None else trial.seeker(sort.made)

    def _fate(self, pod: Pod) -> Fate:
        """Of an ordinary pod: the same for all sizes of an application."""
        template = pod.template
        key = (id(template.labels), id(template.owner), pod.namespace, template.shape.volumes, pod.state.phase)
        found = self._fates.get(key)
        if found is None:
            found = self._fates[key] = self._judged(pod)
        return found

    def _judged(self, pod: Pod) -> Fate:
        ruling = self._rules.ruling(pod)
        bursts = ruling.outcome is Outcome.MOVE and self._eci.takes(pod) is not None
        return Fate(ruling, self._rules.blocked(ruling, self._untouched), self._rules.stays_behind(pod), bursts)


def _unknown(ruling: Ruling, made: PodClass | None) -> str | None:
    if ruling.outcome is Outcome.UNKNOWN:
        return ruling.by
    if ruling.outcome is not Outcome.MOVE or made is None or made.unknown is None:
        return None
    return f"{made.unknown.plugin} ({', '.join(made.unknown.reasons)})"
