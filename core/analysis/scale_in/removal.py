"""Could this node's pods move elsewhere: asked of each node alone, and of many one after another. Which pods may move
at all is in drainability; how a place is found is in analysis/placement.

Source: simulator/cluster.go (SimulateNodeRemoval) and core/scaledown/planner of the Cluster Autoscaler."""

from collections import Counter
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView

from core.analysis.placement import Placement
from core.analysis.placement.classes import PodClass
from core.analysis.placement.trial import Trial
from core.analysis.scale_in.budgets import Allowances
from core.analysis.scale_in.drainability import Drainability, Outcome
from core.analysis.scale_in.result import BlockingPod, Drain
from core.analysis.scale_in.roster import Roster, Sort, Sorts
from core.analysis.vendors.eci import Eci
from core.kube.pod import Pod
from core.policy.rule_set import RuleSet

BLOCKED_BY_POD = "BlockedByPod"
NO_PLACE = "NoPlaceToMovePods"


class Moves(Mapping[str, str]):
    """Pod -> node, spelled out only when somebody looks: nobody looks at most nodes' moves."""

    __slots__ = ("_names", "_places", "_pods")

    def __init__(self, pods: Sequence[Pod], places: Sequence[int], names: Sequence[str]) -> None:
        self._pods, self._places, self._names = pods, places, names

    def __getitem__(self, pod: str) -> str:
        return self._spelled_out()[pod]

    def __iter__(self) -> Iterator[str]:
        return (pod.key for pod in self._pods)

    def __len__(self) -> int:
        return len(self._pods)

    def items(self) -> ItemsView[str, str]:
        return self._spelled_out().items()

    def values(self) -> ValuesView[str]:
        return self._spelled_out().values()

    def _spelled_out(self) -> dict[str, str]:
        return {pod.key: self._names[to] for pod, to in zip(self._pods, self._places, strict=True)}


class Removals:
    """Removals from one placement, which nobody else may change meanwhile and which is left as it was. Nodes are
    indexes of the placement."""

    def __init__(self, placement: Placement, rules: Drainability, rule_set: RuleSet, eci: Eci, sorts: Sorts) -> None:
        self._rules, self._placement = rules, placement
        # Since pull request 9288 (in 1.32 and newer) a node that goes stands tainted and empty while its pods look for
        # a place; before, it kept its other pods, and its domains counted to the end.
        self._ghosts = rule_set.at_least(1, 32)
        self._trial = Trial(placement, self._ghosts)
        self._roster = Roster(placement, rules, self._trial, eci, sorts)
        self._came: dict[int, list[Sort]] = {}
        self._names = [node.name for node in placement.nodes]

    def is_empty(self, node: int) -> bool:
        """Nothing on the node has to move, and nothing holds it."""
        return all(sort.stays_behind for sort in self._roster.sorts[node])

    def waits_for_completion(self, node: int) -> bool:
        """A pod on it asks to be left alone until it has finished."""
        return any(sort.ruling.outcome is Outcome.WAIT for sort in self._roster.sorts[node])

    def alone(self, node: int) -> Drain:
        """Whether the node's pods could move, with nothing else changed."""
        sorts, pods = self._roster.sorts[node], self._placement.pods[node]
        for pod, sort in zip(pods, sorts, strict=True):
            if sort.held is not None:
                return Drain(False, BLOCKED_BY_POD, BlockingPod(pod.key, *sort.held))
        for pod, sort in zip(pods, sorts, strict=True):
            if sort.unknown is not None:
                return Drain(None, blocking_pod=BlockingPod(pod.key, sort.ruling.reason), unknown=sort.unknown)
        movers = [sort.seeker for sort in sorts if sort.seeker is not None]
        places = self._trial.alone(node, self._felt(sorts), movers)
        moving = [pod for pod, sort in zip(pods, sorts, strict=True) if sort.seeker is not None]
        on_eci = tuple(pod.key for pod, sort in zip(pods, sorts, strict=True) if sort.bursts)
        if len(places) < len(moving):
            return Drain(False, NO_PLACE, unplaced=moving[len(places)].key, on_eci=on_eci)
        return Drain(True, moves_to=Moves(moving, places, self._names), on_eci=on_eci)

    def together(self, nodes: Iterable[int]) -> list[int]:
        """The nodes that can go in this order, each removal standing before the next is tried."""
        left = self._rules.budgets.allowances()
        self._trial.rewind()
        gone = [node for node in nodes if self._remove(node, left)]
        self._trial.close()
        self._came.clear()
        return gone

    def _remove(self, node: int, left: Allowances) -> bool:
        sorts = self._roster.sorts[node] + self._came.get(node, [])
        if any(self._roster.holds(sort, left) for sort in sorts):
            return False
        moving = [sort for sort in sorts if sort.seeker is not None]
        places = self._trial.remove(node, self._felt(sorts), [sort.seeker for sort in moving if sort.seeker])
        if places is None:
            return False
        for sort, to in zip(moving, places, strict=True):
            self._came.setdefault(to, []).append(sort)
            if sort.ruling.budgets:
                left.use(sort.ruling.budgets)
        return True

    def _felt(self, sorts: Iterable[Sort]) -> list[PodClass]:
        """The pods that leave the node and are felt by others."""
        felt = (sort for sort in sorts if sort.felt and (self._ghosts or sort.seeker is not None))
        return [sort.made for sort in felt if sort.made is not None]

    def risky(self, node: int) -> bool:
        """A budget lets fewer pods go at once than the node has of it."""
        movers = (sort for sort in self._roster.sorts[node] if sort.seeker is not None)
        wanted = Counter(budget for sort in movers for budget in sort.ruling.budgets)
        return bool(wanted) and not self._rules.budgets.allowances().enough(wanted)


def ordered(candidates: Sequence[int], empty: set[int], marked: set[int]) -> list[int]:
    """Candidates as the autoscaler tries them: empty nodes, then those unneeded before, each part in the order
    given."""
    return sorted(candidates, key=lambda node: (node not in empty, node not in marked))
