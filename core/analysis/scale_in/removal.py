"""Could this node's pods move elsewhere: asked of each node alone, and of many one after another. Which pods may move
at all is in drainability; how a place is found is in analysis/placement.

Source: simulator/cluster.go (SimulateNodeRemoval) and core/scaledown/planner of the Cluster Autoscaler."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.analysis.placement import Placement
from core.analysis.scale_in.budgets import Allowances
from core.analysis.scale_in.drainability import Drainability, Outcome, Ruling
from core.analysis.scale_in.result import BlockingPod, Drain
from core.kube.pod import Pod
from core.policy.rule_set import RuleSet

BLOCKED_BY_POD = "BlockedByPod"
NO_PLACE = "NoPlaceToMovePods"


@dataclass(slots=True)
class _Asked:
    """What the rules say of one node's pods."""

    movers: list[Pod] = field(default_factory=list)
    budgets: list[int] = field(default_factory=list)
    """Of each mover, those that count it."""
    blocking: BlockingPod | None = None
    unknown: str | None = None


class Removals:
    """Removals from one placement, which is left as it was. Nodes are indexes of the placement."""

    def __init__(self, placement: Placement, rules: Drainability, rule_set: RuleSet) -> None:
        self._placement, self._rules = placement, rules
        self._ghosts = rule_set.at_least(1, 32)

    def is_empty(self, node: int) -> bool:
        """Nothing on the node has to move, and nothing holds it."""
        return all(self._rules.stays_behind(pod) for pod in self._placement.pods[node])

    def waits_for_completion(self, node: int) -> bool:
        """A pod on it asks to be left alone until it has finished."""
        return any(self._rules.ruling(pod).outcome is Outcome.WAIT for pod in self._placement.pods[node])

    def alone(self, node: int) -> Drain:
        """Whether the node's pods could move, with nothing else changed."""
        asked = self._asked(node, self._rules.budgets.allowances())
        if asked.blocking is not None:
            return Drain(False, BLOCKED_BY_POD, asked.blocking)
        if asked.unknown is not None:
            return Drain(None, None, unknown=asked.unknown)
        mark = self._placement.mark()
        self._placement.cursor = 0
        self._take_off(node, asked.movers)
        moves = self._placement.move(asked.movers)
        self._placement.rollback(mark)
        if moves.stuck is not None:
            return Drain(False, NO_PLACE, unplaced=moves.stuck.key)
        names = self._placement.nodes
        where = {pod.key: names[to].name for pod, to in zip(asked.movers, moves.nodes, strict=True)}
        return Drain(True, moves_to=where)

    def together(self, nodes: Iterable[int]) -> list[int]:
        """The nodes that can go in this order, each removal standing before the next is tried."""
        placement, left = self._placement, self._rules.budgets.allowances()
        start = placement.mark()
        placement.cursor = 0
        gone = [node for node in nodes if self._remove(node, left)]
        placement.rollback(start)
        return gone

    def _remove(self, node: int, left: Allowances) -> bool:
        asked = self._asked(node, left)
        if asked.blocking is not None or asked.unknown is not None:
            return False
        mark = self._placement.mark()
        self._take_off(node, asked.movers)
        if self._placement.move(asked.movers).stuck is not None:
            self._placement.rollback(mark)
            return False
        if self._ghosts:
            self._placement.withdraw(node)
        left.use(asked.budgets)
        return True

    def _take_off(self, node: int, movers: Sequence[Pod]) -> None:
        """The node without the pods that move. Since pull request 9288 (in 1.32 and newer) it stands there tainted and
        empty; before, it kept its other pods, and its domains counted to the end."""
        if self._ghosts:
            self._placement.haunt(node)
            return
        self._placement.bar(node)
        for pod in movers:
            self._placement.remove(pod, node)

    def risky(self, node: int) -> bool:
        """A budget lets fewer pods go at once than the node has of it."""
        asked = self._asked(node, left := self._rules.budgets.allowances())
        return not left.enough(Counter(asked.budgets))

    def _asked(self, node: int, left: Allowances) -> _Asked:
        """The rules' answer, ending at the first pod that holds the node."""
        asked, rules = _Asked(), self._rules
        for pod in self._placement.pods[node]:
            ruling = rules.ruling(pod)
            if (held := rules.blocked(ruling, left)) is not None:
                asked.blocking = BlockingPod(pod.key, *held)
                return asked
            if ruling.outcome is Outcome.MOVE:
                asked.movers.append(pod)
                asked.budgets += ruling.budgets
            asked.unknown = asked.unknown or self._unknown(pod, ruling)
        return asked

    def _unknown(self, pod: Pod, ruling: Ruling) -> str | None:
        """What keeps us from saying whether the pod could move."""
        if ruling.outcome is Outcome.UNKNOWN:
            return ruling.by
        if ruling.outcome is not Outcome.MOVE:
            return None
        refusal = self._placement.classes.of(pod).unknown
        return f"{refusal.plugin} ({', '.join(refusal.reasons)})" if refusal is not None else None


def ordered(candidates: Sequence[int], empty: set[int], marked: set[int]) -> list[int]:
    """Candidates as the autoscaler tries them: empty nodes, then those unneeded before, each part in the order
    given."""
    return sorted(candidates, key=lambda node: (node not in empty, node not in marked))
