"""A planner that follows a changing cluster plans as one that sees it for the first time."""

import gc
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from core.analysis.planning import Replanner, plan
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.kube.interning import Shared
from core.kube.pod import Pod
from core.kube.taints import Taint
from core.views.plan import document
from tests.parity import loading


@pytest.mark.parametrize("seed", [*range(90_001, 90_013), *range(-90_012, -90_000)])
def test_following(seed: int) -> None:
    snapshot, policy = loading.snapshot(loading.generated(seed))
    planner, chance = Replanner(), random.Random(seed)
    for _ in range(7):
        assert document(planner.plan(snapshot, policy)) == document(plan(snapshot, policy))
        snapshot = _changed(snapshot, chance)
    assert planner.started_anew == 1


@pytest.mark.parametrize("seed", [*range(90_021, 90_027), *range(-90_026, -90_020)])
def test_following_a_store_through_changes_of_every_sort(seed: int) -> None:
    store, policy = loading.store(loading.generated(seed))
    planner, chance, plans = Replanner(), random.Random(seed), []
    for step in range(12):
        snapshot = store.snapshot(policy.now or 0.0)
        plans.append((found := planner.plan(snapshot, policy), fresh := document(plan(snapshot, policy))))
        assert document(found) == fresh
        for _ in range(chance.randrange(1, 4)):
            _happen(store, chance, f"{seed}-{step}")
    assert planner.started_anew < len(plans)
    for earlier, said in plans:
        assert document(earlier) == said, "an earlier plan stays what it was"


def test_a_node_that_changes_is_a_new_start() -> None:
    snapshot, policy = loading.snapshot(loading.generated(90_001))
    planner = Replanner()
    planner.plan(snapshot, policy)
    name, node = next(iter(snapshot.nodes.items()))
    cordoned = msgspec.structs.replace(node, unschedulable=not node.unschedulable)
    snapshot = snapshot.with_tables(Node={**snapshot.nodes, name: cordoned})
    found = planner.plan(snapshot, policy)
    assert planner.started_anew == 2
    assert document(found) == document(plan(snapshot, policy))


@pytest.mark.parametrize(("effect", "starts"), [("PreferNoSchedule", 1), ("NoSchedule", 2), ("NoExecute", 2)])
def test_a_soft_taint_keeps_nobody_off(effect: str, starts: int) -> None:
    snapshot, policy = loading.snapshot(loading.generated(90_001))
    planner = Replanner()
    planner.plan(snapshot, policy)
    marked = {
        name: msgspec.structs.replace(node, taints=(Taint("DeletionCandidateOfClusterAutoscaler", effect, "1"),))
        for name, node in snapshot.nodes.items()
    }
    snapshot = snapshot.with_tables(Node=dict(snapshot.nodes) | dict(list(marked.items())[-1:]))
    found = planner.plan(snapshot, policy)
    assert planner.started_anew == starts
    assert document(found) == document(plan(snapshot, policy))


def test_classes_of_pods_that_are_gone_do_not_pile_up() -> None:
    """Every job's pods are a class of their own: a placement that has seen very many is left for a new one."""
    store, policy = loading.store(loading.generated(90_001))
    planner, name = Replanner(), sorted(store.table("Node"))[0]
    model = next(iter(store.table("Pod").values()))
    for number in range(80):
        pods = [_of_a_job(model, name, f"job-{number}-{index}") for index in range(20)]
        store.upsert_all("Pod", pods)
        planner.plan(store.snapshot(policy.now or 0.0), policy)
        for pod in pods:
            store.remove("Pod", pod.key)
    assert planner.started_anew == 2


def _of_a_job(model: Pod, node: str, name: str) -> Pod:
    labels = Shared({"job-name": name})
    template = msgspec.structs.replace(model.template, labels=labels)
    return msgspec.structs.replace(model, key=f"jobs/{name}", uid=name, node=node, template=template)


def test_threads_that_share_a_planner_take_turns() -> None:
    worlds = [loading.snapshot(loading.generated(seed)) for seed in range(90_031, 90_035)]
    wanted = [document(plan(*world)) for world in worlds]
    before, planner = gc.get_threshold(), Replanner()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda world: document(planner.plan(*world)), worlds * 4))
    assert found == wanted * 4
    assert gc.get_threshold() == before


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


def _happen(store: Store, chance: random.Random, word: str) -> None:
    """One event, as a watch would bring it: of pods mostly, but of anything that a plan reads."""
    pods, nodes = store.table("Pod"), store.table("Node")
    name, key = chance.choice(sorted(nodes)), chance.choice(sorted(pods))
    node, pod = nodes[name], pods[key]
    match chance.randrange(12):
        case 0:
            store.remove("Pod", key)
        case 1 | 2:
            store.upsert("Pod", msgspec.structs.replace(pod, node=chance.choice([None, name])))
        case 3 | 4:
            twin = f"{key}-{word}"
            store.upsert("Pod", msgspec.structs.replace(pod, key=twin, uid=twin, node=chance.choice([None, name])))
        case 5 | 6:
            store.upsert("Node", msgspec.structs.replace(node, kernel_version=str(chance.random())))
        case 7:
            store.upsert("Node", msgspec.structs.replace(node, unschedulable=not node.unschedulable))
        case 8:
            taint = Taint("late", chance.choice(["NoSchedule", "PreferNoSchedule"]), word)
            store.upsert("Node", msgspec.structs.replace(node, taints=(*node.taints, taint)))
        case 9:
            store.remove("Node", name)
        case _:
            _change_another(store, chance)


def _change_another(store: Store, chance: random.Random) -> None:
    """Something that is neither a node nor a pod: a budget is used up, a controller or a claim goes, a group's limit
    is another."""
    kind = chance.choice(["PodDisruptionBudget", "ReplicaSet", "PersistentVolumeClaim", "NodeGroup", "DaemonSet"])
    table = store.table(kind)
    if not table:
        return
    key = chance.choice(sorted(table))
    match kind:
        case "PodDisruptionBudget":
            store.upsert(kind, msgspec.structs.replace(table[key], allowed=chance.randrange(3)))
        case "NodeGroup":
            store.upsert(kind, msgspec.structs.replace(table[key], max_size=table[key].max_size + 1))
        case _:
            store.remove(kind, key)
