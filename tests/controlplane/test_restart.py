"""Restart, delete-pod and mute with the real controllers: what they make of what is sent, and who may send it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.armed import Armed
from tests.controlplane.cluster import Cluster
from tests.controlplane.identities import ON_CALL
from tests.controlplane.objects import Pool, Template, budget, deployment, stateful_set, virtual_node
from tests.controlplane.world import World

VIRTUAL = "virtual-kubelet-cn-hangzhou-h"
TOLERANT = Template(spec={"tolerations": [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]})


@pytest.fixture
def armed(cluster: Cluster, tmp_path: Path) -> Armed:
    return Armed(cluster, tmp_path)


@pytest.fixture
def away(world: World) -> Iterator[str]:
    """A namespace whose pods go to the virtual node, until `home` is called."""
    for name in world.pool(Pool("home", 2)):
        world.api.patch("Node", name, {"spec": {"unschedulable": True}})
    world.nodes([virtual_node()])
    yield world.namespace()
    world.api.delete("Node", VIRTUAL)


def home(world: World) -> None:
    """From now on pods go to the pool."""
    for node in world.api.list_all("Node"):
        name = str(node["metadata"]["name"])
        world.api.patch("Node", name, {"spec": {"unschedulable": name == VIRTUAL}})


def places(world: World, space: str) -> set[str]:
    found = world.api.list_all("Pod", space)
    return {str(one["spec"].get("nodeName")) for one in found if "deletionTimestamp" not in one["metadata"]}


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
def test_pods_come_home(world: World, armed: Armed, away: str, kind: str) -> None:
    made = (deployment if kind == "deployment" else stateful_set)("web", away, 2, TOLERANT)
    world.create(made)
    world.wait_pods(away, 2)
    assert places(world, away) == {VIRTUAL}
    home(world)
    planned = json.loads(armed.run("restart", "--write", "--dry-run", f"{kind}/{away}/web").stdout)
    assert {one["code"] for one in planned["findings"]} == {"Tolerates"}
    done = armed.run("restart", "--write", "--yes", f"{kind}/{away}/web")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 new pods are on ECS" in done.stderr
    assert "2 had been on ECI" in done.stderr
    assert VIRTUAL not in places(world, away)
    notes = world.api.get(made["kind"], "web", away)["spec"]["template"]["metadata"]["annotations"]
    assert notes.keys() >= {"kubectl.kubernetes.io/restartedAt", "vacancy/action"}
    assert armed.journal()[-1]["outcome"] == "done"


def test_a_stuck_rollout_is_not_called_done(world: World, armed: Armed, away: str) -> None:
    """Nothing takes the new pods, and the Deployment's own deadline passes."""
    made = deployment("web", away, 1, TOLERANT)
    made["spec"]["progressDeadlineSeconds"] = 3
    made["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.create(made)
    world.wait_pods(away, 1)
    world.api.patch("Node", VIRTUAL, {"spec": {"unschedulable": True}})
    done = armed.run("restart", "--write", "--yes", f"deployment/{away}/web")
    assert done.returncode == 1, done.stderr
    assert "progress deadline has passed" in done.stderr
    assert "0 of 1 new pods are on ECS, 1 wait for a node" in done.stderr
    assert armed.journal()[-1]["outcome"] == "partly done"


def test_who_may_not_is_told_before(world: World, cluster: Cluster, tmp_path: Path) -> None:
    space = world.namespace()
    world.create(deployment("web", space, 0))
    others = Armed(cluster, tmp_path, ON_CALL)
    for words in (("restart", "--write", "--yes"), ("mute", "--write", "--yes", "--reason", "none")):
        done = others.run(*words, f"deployment/{space}/web")
        assert done.returncode == 4, done.stderr
        assert "may not patch deployments" in done.stderr


def test_one_pod_through_its_budget(world: World, armed: Armed) -> None:
    world.pool(Pool("pods", 2))
    space = world.namespace()
    world.create(deployment("web", space, 2), budget("web", space, "web", minAvailable=2))
    pods = world.wait_pods(space, 2)
    name = str(pods[0]["metadata"]["name"])
    held = armed.run("delete-pod", "--write", "--yes", "--timeout", "3", f"{space}/{name}")
    assert held.returncode == 1, held.stderr
    assert "disruption budget" in held.stderr
    done = armed.run("delete-pod", "--write", "--yes", "--delete", f"{space}/{name}")
    assert done.returncode == 0, done.stderr
    assert "runs in its place" in done.stderr
    assert name not in {str(one["metadata"]["name"]) for one in world.wait_pods(space, 2)}


def test_muted_and_not_any_more(world: World, armed: Armed) -> None:
    space = world.namespace()
    world.create(deployment("web", space, 0))
    words = ("mute", "--write", "--yes", "--reason", 'because "so"', f"deployment/{space}/web")
    assert armed.run(*words).returncode == 0
    note = world.api.get("Deployment", "web", space)["metadata"]["annotations"]["vacancy/eci-mute"]
    assert json.loads(note)["reason"] == 'because "so"'
    assert armed.run("unmute", "--write", "--yes", f"deployment/{space}/web").returncode == 0
    assert "vacancy/eci-mute" not in world.api.get("Deployment", "web", space)["metadata"].get("annotations", {})
