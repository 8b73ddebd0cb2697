"""The fast removals against the plain ones: the same decisions as taking pods off, haunting, moving and withdrawing on
a placement, step by step, on clusters with every sort of constraint and by older and newer rules."""

from collections.abc import Iterator

import pytest

from core.analysis.placement import Placement
from core.analysis.scale_in.drainability import Drainability, Outcome
from core.analysis.scale_in.removal import Removals
from core.analysis.scale_in.roster import Sorts
from core.analysis.vendors.eci import Eci
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.policy import Policy, RuleSet
from tests.parity import loading

STEP = 5


class Plain:
    """Removals as `Placement` alone would do them."""

    def __init__(self, taken: Snapshot, policy: Policy, rules: RuleSet) -> None:
        self.placement = Placement.from_snapshot(taken, rules.version)
        self.rules = Drainability(taken, policy, taken.as_of)
        self.ghosts = rules.at_least(1, 32)

    def movers(self, node: int) -> list[Pod]:
        pods = self.placement.pods[node]
        return [pod for pod in pods if self.rules.ruling(pod).outcome is Outcome.MOVE]

    def held(self, node: int) -> bool:
        left = self.rules.budgets.allowances()
        rulings = [self.rules.ruling(pod) for pod in self.placement.pods[node]]
        return any(self.rules.blocked(ruling, left) for ruling in rulings)

    def go(self, node: int, movers: list[Pod]) -> tuple[int, ...] | None:
        """Where the movers went; None, and nothing changed, when one of them found no place."""
        mark = self.placement.mark()
        if self.ghosts:
            self.placement.haunt(node)
        else:
            self.placement.bar(node)
            for pod in movers:
                self.placement.remove(pod, node)
        moves = self.placement.move(movers)
        if moves.stuck is not None:
            self.placement.rollback(mark)
            return None
        if self.ghosts:
            self.placement.withdraw(node)
        return moves.nodes

    def alone(self, node: int) -> list[str] | None:
        mark = self.placement.mark()
        self.placement.cursor = 0
        places = self.go(node, self.movers(node))
        self.placement.rollback(mark)
        return None if places is None else [self.placement.nodes[to].name for to in places]

    def together(self) -> list[int]:
        self.placement.cursor = 0
        return [
            node
            for node in range(len(self.placement.nodes))
            if not self.held(node) and self.go(node, self.movers(node)) is not None
        ]


def _clusters() -> Iterator[tuple[Snapshot, Policy]]:
    for case in loading.cases(STEP):
        yield loading.snapshot(case["input"])


@pytest.mark.parametrize("version", [(1, 31), (1, 35)], ids=["standing", "ghost"])
def test_fast_removals_decide_as_plain_ones_do(version: tuple[int, int]) -> None:
    rules, compared, stuck = RuleSet(version), 0, 0
    for taken, policy in _clusters():
        plain = Plain(taken, policy, rules)
        placement = Placement.from_snapshot(taken, rules.version)
        fast = Removals(placement, Drainability(taken, policy, taken.as_of), rules, Eci(taken), Sorts())
        for node in range(len(placement.nodes)):
            if not plain.held(node):
                drain, expected = fast.alone(node), plain.alone(node)
                assert (list(drain.moves_to.values()) if drain.removable else None) == expected
                compared, stuck = compared + 1, stuck + (expected is None)
    assert compared > 300
    assert stuck > 50


@pytest.mark.parametrize("version", [(1, 31), (1, 35)], ids=["standing", "ghost"])
def test_fast_sequences_end_with_the_same_nodes(version: tuple[int, int]) -> None:
    rules, removed = RuleSet(version), 0
    for taken, policy in _clusters():
        no_budgets = taken.with_tables(PodDisruptionBudget={})
        fast = Removals(
            Placement.from_snapshot(no_budgets, rules.version),
            Drainability(no_budgets, policy, taken.as_of),
            rules,
            Eci(taken),
            Sorts(),
        )
        plain = Plain(no_budgets, policy, rules)
        gone = fast.together(range(len(plain.placement.nodes)))
        assert gone == plain.together()
        removed += len(gone)
    assert removed > 100
