"""Drains of many nodes with real evictions: through budgets, cancelled half-way, and while the server is away."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from tests.controlplane.armed import Armed
from tests.controlplane.cluster import Cluster
from tests.controlplane.kinds import Json
from tests.controlplane.objects import Pool, Template, budget, deployment
from tests.controlplane.processes import wait_until
from tests.controlplane.world import World

BATCH, PODS_EACH = 20, 30


@pytest.fixture
def armed(cluster: Cluster, tmp_path: Path) -> Armed:
    return Armed(cluster, tmp_path)


def where(world: World, namespace: str) -> dict[str, str]:
    """Pod -> node, of those that are not on their way out."""
    pods = world.api.list_all("Pod", namespace)
    return {
        str(pod["metadata"]["name"]): str(pod["spec"].get("nodeName"))
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }


def cordoned(world: World, names: list[str]) -> set[str]:
    return {name for name in names if world.api.get("Node", name)["spec"].get("unschedulable")}


def evicted(journal: list[Json]) -> set[str]:
    """Pods whose eviction was accepted, by the journal."""
    asked = {line["number"]: line["about"] for line in journal if line["event"] == "intent" and line["step"] == "evict"}
    accepted = {line["number"] for line in journal if line["event"] == "result" and line["ok"]}
    return {str(pod).partition("/")[2] for number, pod in asked.items() if number in accepted}


def test_twenty_nodes_cancelled_half_way(world: World, armed: Armed) -> None:
    """600 pods under budgets leave 20 nodes, four at a time; a person stops it; the cluster and the journal agree."""
    names = world.pool(Pool("large", 2 * BATCH))
    batch = names[:BATCH]
    space = world.crowd(batch, BATCH * PODS_EACH, template=Template(cpu="50m", memory="32Mi"))
    apps = {str(one["metadata"]["labels"]["app"]) for one in world.api.list_all("Pod", space)}
    world.create(*(budget(app, space, app, maxUnavailable="20%") for app in sorted(apps)))
    wait_until(lambda: _allow(world, space) == len(apps), 60, "budgets")
    before = where(world, space)
    process = armed.start("drain", "--write", "--yes", "--max-nodes", str(BATCH), *batch)
    wait_until(lambda: len(set(before) - set(where(world, space))) > 120, 120, "the first pods to go", pause=0.2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    journal = armed.journal()
    assert journal[-1]["outcome"] == "cancelled"
    phases = {one["name"]: one["phase"] for one in journal[-1]["summary"]["nodes"]}
    assert set(phases.values()) <= {"drained", "cancelled", "not begun"}
    wait_until(lambda: evicted(journal) == set(before) - set(where(world, space)), 60, "the evicted pods to be gone")
    assert cordoned(world, names) == {name for name, phase in phases.items() if phase != "not begun"}
    claims = [world.api.get("Node", name)["metadata"].get("annotations", {}).get("vacancy/action") for name in names]
    assert claims == [None] * len(names)
    assert len({phases[before[pod]] for pod in evicted(journal)} & {"not begun"}) == 0


def test_the_server_goes_away_in_between(world: World, armed: Armed, cluster: Cluster) -> None:
    """The API server restarts while pods leave: the drain goes on when it is back, and evicts nothing twice."""
    node, *_ = world.pool(Pool("away", 3))
    space = world.namespace()
    world.create(deployment("web", space, 8), budget("web", space, "web", maxUnavailable=1))
    world.wait_pods(space, 8)
    wait_until(lambda: _allow(world, space) == 1, 30, "budget")
    restart = threading.Timer(1.5, cluster.restart_apiserver)
    process = armed.start("drain", "--write", "--yes", node)
    wait_until(lambda: _cordoned(world, node), 60, "the cordon")
    restart.start()
    _, told = process.communicate(timeout=180)
    restart.join()
    assert process.returncode == 0, told
    journal = armed.journal()
    assert journal[-1]["outcome"] == "done"
    assert node not in where(world, space).values()
    accepted = [line for line in journal if line["event"] == "result" and line["ok"]]
    assert len(accepted) == len(evicted(journal)) + 2


def _cordoned(world: World, node: str) -> bool:
    return bool(cordoned(world, [node]))


def _allow(world: World, space: str) -> int:
    """Budgets that let a pod go."""
    found = world.api.list_all("PodDisruptionBudget", space)
    return sum(1 for one in found if (one.get("status") or {}).get("disruptionsAllowed", 0) > 0)
