"""The engine against the plain way to decide, on clusters that no reference decisions exist for: the same refusals for
every pod and node, the same places, before and after nodes leave, and all of it undone again."""

import random

import pytest

from core.analysis.placement import Placement
from core.kube.pod import Pod
from tests.bench.naive_engine import NaiveCluster, leaving
from tests.parity import loading

SEEDS = [*range(70_001, 70_031), *range(-80_030, -80_000)]


@pytest.mark.parametrize("seed", SEEDS)
def test_same_answers(seed: int) -> None:
    snapshot, _ = loading.snapshot(loading.generated(seed))
    fast, slow = Placement.from_snapshot(snapshot, (1, 30)), NaiveCluster.from_snapshot(snapshot, (1, 30))
    chance = random.Random(seed)
    waiting = [pod for pod in snapshot.pods.values() if pod.node is None]
    before = _answers(fast, waiting)
    mark = fast.mark()
    _same(fast, slow, waiting)
    for pod in waiting:
        place = slow.place(pod)
        node = fast.place(pod)
        assert (None if node is None else fast.nodes[node].name) == (None if place is None else place.node.name)
    _same(fast, slow, waiting)
    for name in chance.sample(sorted(snapshot.nodes), 2):
        _leave(fast, slow, name, ghost=chance.random() < 0.5)
        _same(fast, slow, waiting)
    fast.rollback(mark)
    assert _answers(fast, waiting) == before


def _leave(fast: Placement, slow: NaiveCluster, name: str, ghost: bool) -> None:
    node = fast.index(name)
    assert node is not None
    place = next(one for one in slow.places if one.node.name == name)
    if ghost:
        fast.haunt(node)
        slow.places[slow.places.index(place)] = leaving(place)
    else:
        fast.withdraw(node)
        slow.places.remove(place)


def _same(fast: Placement, slow: NaiveCluster, pods: list[Pod]) -> None:
    """Every pod against every node. A ghost's taint is not asked: it takes no pods whatever its taints."""
    for pod in pods:
        answers = fast.fits(pod)
        assert answers.keys() == {place.node.name for place in slow.places}
        for place in slow.places:
            if fast.index(place.node.name) not in fast.relations.ghosts:
                assert answers[place.node.name] == slow.first_failure(pod, place), (pod.key, place.node.name)


def _answers(fast: Placement, pods: list[Pod]) -> dict[str, object]:
    return {pod.key: fast.fits(pod) for pod in pods}
