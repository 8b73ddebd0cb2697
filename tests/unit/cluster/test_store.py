"""The store: sums that follow every event, lists that replace without a flicker, snapshots that stand still."""

import random

from core.analysis.reservation import bookings
from core.cluster.store import Store
from core.kube.pod import Pod
from tests.unit.kube.pods import container, pod


def bound(name: str, node: str | None, cpu: int, phase: str = "Running", owner: str = "ReplicaSet") -> Pod:
    owners = [{"kind": owner, "name": "o", "uid": "u", "controller": True}]
    spec = {"nodeName": node, "containers": [container(requests={"cpu": f"{cpu}m"})]}
    return pod(name, spec, {"phase": phase}, ownerReferences=owners)


def test_sums_after_many_random_events_equal_a_full_recount() -> None:
    store, chance = Store(), random.Random(3)
    for _ in range(3000):
        name, node = f"p{chance.randrange(80)}", chance.choice(["n1", "n2", None])
        if chance.random() < 0.3:
            store.remove("Pod", f"default/{name}")
        else:
            phase, owner = chance.choice(["Running", "Failed"]), chance.choice(["DaemonSet", "Job"])
            store.upsert("Pod", bound(name, node, chance.randrange(1, 9), phase, owner))
    recount = bookings(store.snapshot(0.0))
    for node in ("n1", "n2"):
        ours, true = store.booking(node), recount[node]
        assert (ours.counted, ours.daemonset_pods, set(ours.pods)) == (
            true.counted,
            true.daemonset_pods,
            set(true.pods),
        )
        assert {k: v for k, v in ours.requests.items() if v} == {k: v for k, v in true.requests.items() if v}
    unbound = [one for one in store.snapshot(0.0).pods.values() if one.node is None and not one.terminated]
    assert store.waiting == len(unbound)


def test_terminated_pods_book_nothing_and_terminating_ones_do() -> None:
    store = Store()
    store.upsert("Pod", bound("done", "n1", 500, "Succeeded"))
    leaving = {"nodeName": "n1", "containers": [container(requests={"cpu": "1"})]}
    store.upsert("Pod", pod("leaving", leaving, deletionTimestamp="2026-01-01T00:00:00Z"))
    assert (store.booking("n1").requests, store.booking("n1").counted) == ({"cpu": 1000}, 1)


def test_a_new_list_replaces_the_old_in_one_go() -> None:
    store = Store()
    for name in ("a", "b"):
        store.upsert("Pod", bound(name, "n1", 100))
    store.begin("Pod")
    store.upsert("Pod", bound("b", "n1", 100))
    assert store.booking("n1").counted == 2
    store.synced("Pod")
    assert list(store.table("Pod")) == ["default/b"]
    assert store.booking("n1").requests == {"cpu": 100}


def test_a_list_that_breaks_off_loses_nothing() -> None:
    store = Store()
    store.upsert("Pod", bound("a", "n1", 100))
    store.begin("Pod")
    store.begin("Pod")
    store.upsert("Pod", bound("a", "n1", 100))
    store.synced("Pod")
    assert list(store.table("Pod")) == ["default/a"]


def test_what_may_not_be_read_any_more_is_not_there_and_not_empty() -> None:
    store = Store()
    store.upsert("Pod", bound("a", "n1", 100))
    store.unavailable("Pod", "forbidden", forget=True)
    snapshot = store.snapshot(0.0)
    assert not snapshot.pods
    assert not snapshot.has("Pod")
    assert snapshot.has("Node")


def test_a_snapshot_stands_still_and_is_numbered() -> None:
    store = Store()
    store.upsert("Pod", bound("a", "n1", 100))
    before = store.snapshot(1.0)
    store.remove("Pod", "default/a")
    after = store.snapshot(2.0)
    assert (len(before.pods), len(after.pods)) == (1, 0)
    assert before.generation < after.generation


def test_only_changed_nodes_are_dirty() -> None:
    store = Store()
    store.upsert("Pod", bound("a", "n1", 100))
    assert store.take_dirty_nodes() == {"n1"}
    assert store.take_dirty_nodes() == set()
    store.upsert("Pod", bound("a", "n2", 100))
    assert store.take_dirty_nodes() == {"n1", "n2"}


def test_a_pod_that_changes_keeps_its_place_on_its_node() -> None:
    store = Store()
    for name in ("a", "b"):
        store.upsert("Pod", bound(name, "n1", 100))
    store.upsert("Pod", bound("a", "n1", 300))
    assert list(store.booking("n1").pods) == ["default/a", "default/b"]
    assert store.booking("n1").requests == {"cpu": 400}


def test_what_nobody_asks_for_any_more_leaves_no_trace() -> None:
    store = Store()
    wants = {"nodeName": "n1", "containers": [container(requests={"nvidia.com/gpu": "1"})]}
    store.upsert("Pod", pod("gpu", wants))
    store.upsert("Pod", bound("a", "n1", 100))
    store.remove("Pod", "default/gpu")
    assert store.booking("n1").requests == {"cpu": 100}


def test_an_empty_list_is_news() -> None:
    store = Store()
    store.unavailable("PodDisruptionBudget", "not read yet")
    before = store.generation, store.version("PodDisruptionBudget")
    store.begin("PodDisruptionBudget")
    store.synced("PodDisruptionBudget")
    assert store.generation > before[0]
    assert store.version("PodDisruptionBudget") > before[1]


def test_bookings_that_become_known_or_unknown_concern_every_node() -> None:
    store = Store()
    store.unavailable("Pod", "not read yet")
    store.upsert("Pod", bound("a", "n1", 100))
    assert store.take_dirty_nodes() == set()
    store.available("Pod")
    assert store.take_dirty_nodes() == {"n1"}
    store.unavailable("Pod", "forbidden", forget=True)
    assert store.take_dirty_nodes() == {"n1"}
