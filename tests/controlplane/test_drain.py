"""A drain with real evictions: who leaves, who stays, what the cluster looks like afterwards, and what is on record."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.controlplane.api import ApiError
from tests.controlplane.armed import Armed, findings
from tests.controlplane.cluster import Cluster
from tests.controlplane.identities import ON_CALL
from tests.controlplane.kinds import Json
from tests.controlplane.objects import Pool, Template, budget, daemon_set, deployment, pod
from tests.controlplane.processes import wait_until
from tests.controlplane.world import World


@pytest.fixture
def armed(cluster: Cluster, tmp_path: Path) -> Armed:
    return Armed(cluster, tmp_path)


def on(node: str, **spec: object) -> dict[str, object]:
    """Pod spec fields that put a pod on this node without the scheduler."""
    return {"nodeName": node, **spec}


def pods_on(world: World, node: str, namespace: str) -> list[str]:
    """The names of the namespace's pods there."""
    found = world.api.list_all("Pod", namespace, fieldSelector=f"spec.nodeName={node}")
    return sorted(str(one["metadata"]["name"]) for one in found)


def cordoned(world: World, node: str) -> bool:
    return bool(world.api.get("Node", node)["spec"].get("unschedulable"))


def claim(world: World, node: str) -> str | None:
    found: str | None = world.api.get("Node", node)["metadata"].get("annotations", {}).get("vacancy/action")
    return found


def steps(journal: list[Json], step: str) -> list[Json]:
    return [line for line in journal if line["event"] == "intent" and line["step"] == step]


def test_pods_move_and_others_stay(world: World, armed: Armed) -> None:
    """Pods of a Deployment and finished ones leave; those of DaemonSets stay; the node is cordoned and nobody's."""
    first, *_ = world.pool(Pool("moving", 3))
    space = world.namespace()
    world.create(deployment("web", space, 6), daemon_set("agent", space))
    world.wait_pods(space, 9)
    before = set(pods_on(world, first, space))
    done = armed.drain(first)
    assert done.returncode == 0, done.stderr
    left = pods_on(world, first, space)
    assert len(left) == 1
    assert left[0].startswith("agent-")
    assert cordoned(world, first)
    assert claim(world, first) is None
    journal = armed.journal()
    evicted = {str(line["about"]).partition("/")[2] for line in steps(journal, "evict")}
    assert evicted == before - set(left)
    assert journal[-1]["outcome"] == "done"
    assert all(line["request"] for line in journal if line["event"] == "result")


def test_nothing_is_touched_without_write(world: World, armed: Armed) -> None:
    (node,) = world.pool(Pool("safe", 1))
    done = armed.run("drain", "--yes", node)
    assert done.returncode == 4
    assert "read-only" in done.stderr
    assert not cordoned(world, node)


def test_who_may_not_evict_is_told_before(world: World, cluster: Cluster, tmp_path: Path) -> None:
    (node,) = world.pool(Pool("forbidden", 1))
    space = world.namespace()
    world.create(deployment("web", space, 1))
    world.wait_pods(space, 1)
    done = Armed(cluster, tmp_path, ON_CALL).drain(node)
    assert done.returncode == 4
    assert "may not" in done.stderr
    assert not cordoned(world, node)


@pytest.mark.parametrize(
    ("spec", "code", "option"),
    [
        ({}, "BarePod", "--force"),
        ({"volumes": [{"name": "tmp", "emptyDir": {}}]}, "LocalData", "--delete-emptydir-data"),
    ],
)
def test_what_would_be_lost_is_refused(
    world: World, armed: Armed, spec: dict[str, object], code: str, option: str
) -> None:
    """kubectl's filters: bare pods and local data want to be named; the node stays as it was."""
    node, _ = world.pool(Pool("lost", 2))
    space = world.namespace()
    if code == "BarePod":
        world.create(pod("alone", space, Template(spec=on(node, **spec))))
        name = "alone"
    else:
        world.create(deployment("cache", space, 1, Template(spec=on(node, **spec))))
        name = ""
    world.wait_pods(space, 1)
    refused = armed.drain(node)
    assert refused.returncode == 4, refused.stderr
    assert option in refused.stderr
    assert not cordoned(world, node)
    assert claim(world, node) is None
    found = findings(armed.plan(node))
    assert {one for one, _ in found} == {code}
    assert f"{space}/{name}" in {about if name else f"{space}/" for _, about in found}
    if code == "BarePod":
        done = armed.drain(option, node)
        assert done.returncode == 0, done.stderr
        assert pods_on(world, node, space) == []


def test_a_budget_that_never_gives_way_is_seen_before(world: World, armed: Armed) -> None:
    first, *_ = world.pool(Pool("stiff", 2))
    space = world.namespace()
    world.create(deployment("web", space, 2), budget("web", space, "web", maxUnavailable=0))
    world.wait_pods(space, 2)
    wait_until(
        lambda: world.api.get("PodDisruptionBudget", "web", space)["status"].get("expectedPods") == 2, 20, "budget"
    )
    node = next(one for one in (first, *_) if pods_on(world, one, space))
    done = armed.drain(node)
    assert done.returncode == 4, done.stderr
    assert "never lets a pod go" in done.stderr
    assert not cordoned(world, node)


def test_two_budgets_for_one_pod_are_seen_before(world: World, armed: Armed) -> None:
    """The API server answers such an eviction with 500."""
    node, _ = world.pool(Pool("twice", 2))
    space = world.namespace()
    budgets = [budget(name, space, "web", maxUnavailable=1) for name in ("one", "two")]
    world.create(deployment("web", space, 2, Template(spec=on(node))), *budgets)
    world.wait_pods(space, 2)
    plan = armed.plan(node)
    assert {code for code, _ in findings(plan)} == {"SeveralBudgets"}
    assert armed.drain(node).returncode == 4
    assert not cordoned(world, node)


def test_a_shared_budget_slows_a_batch_and_holds(world: World, armed: Armed) -> None:
    """429, and then success: two nodes whose pods share a budget, of which one pod may be away at a time."""
    names = world.pool(Pool("shared", 4))
    space = world.namespace()
    world.create(deployment("web", space, 4), budget("web", space, "web", maxUnavailable=1))
    world.wait_pods(space, 4)
    wait_until(
        lambda: world.api.get("PodDisruptionBudget", "web", space)["status"].get("disruptionsAllowed") == 1,
        20,
        "budget",
    )
    full = [name for name in names if pods_on(world, name, space)][:2]
    plan = armed.plan(*full)
    assert ("BudgetSlows", f"PodDisruptionBudget {space}/web") in findings(plan, "warning")
    done = armed.drain(*full)
    assert done.returncode == 0, done.stderr
    assert [pods_on(world, name, space) for name in full] == [[], []]
    refused = [line for line in armed.journal() if line["event"] == "result" and not line["ok"]]
    assert {line["after"]["status"] for line in refused} <= {429}


def test_a_name_that_is_none_and_a_batch_too_large(world: World, armed: Armed) -> None:
    names = world.pool(Pool("batch", 3))
    assert armed.drain("nowhere").returncode == 2
    done = armed.drain("--max-nodes", "2", *names)
    assert done.returncode == 4
    assert "the guard allows 2" in done.stderr
    assert not any(cordoned(world, name) for name in names)


def test_a_claimed_node_is_left_to_its_owner(world: World, armed: Armed) -> None:
    """Two sessions don't collide; a claim that has run out holds nobody."""
    (node,) = world.pool(Pool("claimed", 1))
    mine = '{"id":"other","who":"somebody","until":%d}'
    world.api.patch("Node", node, {"metadata": {"annotations": {"vacancy/action": mine % 9_999_999_999}}})
    done = armed.drain(node)
    assert done.returncode == 4
    assert "somebody is acting on it" in done.stderr
    world.api.patch("Node", node, {"metadata": {"annotations": {"vacancy/action": mine % 1}}})
    assert armed.drain(node).returncode == 0
    assert claim(world, node) is None


def test_cordon_and_uncordon(world: World, armed: Armed) -> None:
    (node,) = world.pool(Pool("cordon", 1))
    assert armed.run("cordon", "--write", "--yes", node).returncode == 0
    assert cordoned(world, node)
    assert armed.run("cordon", "--write", "--yes", node).returncode == 0
    assert not [line for line in armed.journal() if line["event"] == "intent"]
    assert armed.run("uncordon", "--write", "--yes", node).returncode == 0
    assert not cordoned(world, node)
    listed = armed.run("journal", "-o", "name")
    assert len(listed.stdout.split()) == 3


def test_a_pod_with_a_finalizer_is_named_when_time_is_up(world: World, armed: Armed) -> None:
    node, _ = world.pool(Pool("stuck", 2))
    space = world.namespace()
    made = deployment("web", space, 1, Template(spec=on(node)))
    made["spec"]["template"]["metadata"]["finalizers"] = ["example.org/held"]
    world.create(made)
    (held,) = world.wait_pods(space, 1)
    world.api.patch("Deployment", "web", {"spec": {"replicas": 0}}, space)
    try:
        done = armed.drain("--timeout", "4", node)
        assert done.returncode == 1, done.stderr
        assert held["metadata"]["name"] in done.stderr
        assert "finalizer" in done.stderr
        assert cordoned(world, node)
        assert claim(world, node) is None
        assert armed.journal()[-1]["outcome"] == "failed"
    finally:
        _free(world, held, space)


def _free(world: World, held: Json, space: str) -> None:
    with contextlib.suppress(ApiError):  # it may have gone
        world.api.patch("Pod", held["metadata"]["name"], {"metadata": {"finalizers": None}}, space)
