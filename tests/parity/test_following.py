"""A planner that follows a changing cluster plans as one that sees it for the first time."""

import random
from typing import Any

import msgspec
import pytest

from core.analysis.planning import Replanner, plan
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.views.plan import document
from tests.parity import loading


@pytest.mark.parametrize("seed", [*range(90_001, 90_013), *range(-90_012, -90_000)])
def test_following(seed: int) -> None:
    snapshot, policy = loading.snapshot(loading.generated(seed))
    planner, chance = Replanner(), random.Random(seed)
    followed = 0
    for _ in range(6):
        found = planner.plan(snapshot, policy)
        assert document(found) == document(plan(snapshot, policy))
        before = found.pending.placement
        snapshot = _changed(snapshot, chance)
        followed += planner.plan(snapshot, policy).pending.placement is before
    assert followed == 6


def test_a_node_that_changes_is_a_new_start() -> None:
    snapshot, policy = loading.snapshot(loading.generated(90_001))
    planner = Replanner()
    before = planner.plan(snapshot, policy).pending.placement
    name, node = next(iter(snapshot.nodes.items()))
    cordoned = msgspec.structs.replace(node, unschedulable=not node.unschedulable)
    snapshot = snapshot.with_tables(Node={**snapshot.nodes, name: cordoned})
    found = planner.plan(snapshot, policy)
    assert found.pending.placement is not before
    assert document(found) == document(plan(snapshot, policy))


def _changed(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """Some pods are gone, bound, moved, or doing otherwise; some are new; a node only feels different."""
    pods: dict[str, Pod] = dict(snapshot.pods)
    nodes: dict[str, Any] = dict(snapshot.nodes)
    for key in chance.sample(sorted(pods), min(4, len(pods))):
        pod = pods[key]
        match chance.randrange(4):
            case 0:
                del pods[key]
            case 1:
                pods[key] = msgspec.structs.replace(pod, node=chance.choice([None, *nodes]))
            case 2:
                pods[key] = msgspec.structs.replace(pod, created=(pod.created or 0) + 1)
            case _:
                twin = f"{key}-{chance.randrange(10**6)}"
                pods[twin] = msgspec.structs.replace(pod, key=twin, uid=twin)
    name = chance.choice(sorted(nodes))
    nodes[name] = msgspec.structs.replace(nodes[name], kernel_version=str(chance.random()))
    return snapshot.with_tables(Pod=pods, Node=nodes)
