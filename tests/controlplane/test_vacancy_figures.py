"""`vacancy nodes` on up to 300 nodes and 9,000 pods says what kubectl says, node by node: `describe` and `top`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import fleet
from tests.controlplane.cluster import Cluster
from tests.controlplane.described import Described, described, topped
from tests.controlplane.fleet import Fleet, mixed_fleet
from tests.controlplane.identities import ON_CALL
from tests.controlplane.kinds import Json
from tests.controlplane.objects import Template, pod
from tests.controlplane.processes import wait_until
from tests.controlplane.program import asked, document, vacancy
from tests.controlplane.world import World

NODES = 300 if os.environ.get("VACANCY_CONTROLPLANE") == "require" else 60
"""`make controlplane` proves it at full size, which takes two and a half minutes; other runs at a fifth of it."""


@pytest.fixture(scope="module")
def raised(cluster: Cluster) -> Iterator[tuple[World, Fleet]]:
    with World(cluster) as world, mixed_fleet(world, NODES) as made:
        yield world, made


def test_what_is_booked_is_what_kubectl_describes(cluster: Cluster, raised: tuple[World, Fleet]) -> None:
    world, made = raised
    assert len(world.api.list_all("Pod")) > NODES * fleet.PODS_A_NODE
    expected = described(cluster.kubectl("describe", "nodes", context=ON_CALL))
    said = _said(document(cluster, "nodes"), expected)
    assert sorted(said) == sorted(expected) == sorted(made.nodes)
    for name in made.level_nodes:
        expected[name] = _with_pod_level(expected[name], made.level_pods)
    assert {name: (said[name], told) for name, told in expected.items() if said[name] != told} == {}


def test_every_shape_of_pod_is_on_a_node(raised: tuple[World, Fleet]) -> None:
    """What the comparison would not notice if it were missing."""
    world, made = raised
    pods = world.api.list_all("Pod", made.namespace)
    assert sum(item["status"]["phase"] in ("Succeeded", "Failed") for item in pods) == fleet.FINISHED
    assert sum("deletionTimestamp" in item["metadata"] for item in pods) == fleet.TERMINATING
    assert sum("overhead" in item["spec"] for item in pods) > NODES
    assert sum("resources" in item["spec"] for item in pods) == made.level_pods * len(made.level_nodes)
    changing = [item for item in pods if "resources" in item["status"]["containerStatuses"][0]]
    assert len(changing) == fleet.RESIZED


def test_what_is_used_is_what_kubectl_tops(cluster: Cluster, raised: tuple[World, Fleet]) -> None:
    world, made = raised
    world.wait_node_metrics(made.nodes)
    for _ in range(5):
        before = _scrape(world)
        said = document(cluster, "nodes")["items"]
        told = topped(cluster.kubectl("top", "nodes", "--no-headers", context=ON_CALL))
        if before == _scrape(world):
            break
    else:
        pytest.fail("metrics-server scraped in between, five times")
    used = {
        item["name"]: (item["resources"]["cpu"]["used"], item["resources"]["memory"]["used"] >> 20) for item in said
    }
    assert len(told) == NODES
    assert used == told


def test_a_recorded_dump_says_the_same(cluster: Cluster, raised: tuple[World, Fleet], tmp_path: Path) -> None:
    path = tmp_path / "dump.json.gz"
    done = asked(cluster, "record", str(path))
    assert done.returncode == 0, done.stderr
    live, read = document(cluster, "nodes"), vacancy("nodes", "--from", str(path), "-o", "json")
    assert read.returncode == 0, read.stderr
    assert [_booked(item) for item in json.loads(read.stdout)["items"]] == [_booked(item) for item in live["items"]]


def _booked(item: Json) -> Json:
    """Everything about a node but its usage, which was measured a moment later."""
    resources = {name: {**figures, "used": None} for name, figures in item["resources"].items()}
    return {**item, "resources": resources}


def test_totals_are_the_sum_of_the_nodes(cluster: Cluster, raised: tuple[World, Fleet]) -> None:
    answer = document(cluster, "nodes", "--group-by=pool")
    for resource, total in answer["totals"]["resources"].items():
        parts = [item["resources"].get(resource, {}) for item in answer["items"]]
        for part in ("allocatable", "requested", "used"):
            known = [one[part] for one in parts if one.get(part) is not None]
            assert total[part] == (sum(known) if known else None), (resource, part)
    assert sorted(group["nodes"] for group in answer["groups"]) == [NODES * share // 30 for share in (1, 2, 4, 11, 12)]
    assert answer["totals"]["nodes"] == NODES


def test_the_scheduler_agrees_to_the_millicore(cluster: Cluster, raised: tuple[World, Fleet]) -> None:
    """What is left on a node is enough for a pod that asks for exactly that, and not for a millicore more."""
    world, made = raised
    items = {item["name"]: item["resources"]["cpu"] for item in document(cluster, "nodes")["items"]}
    for name in (made.nodes[0], made.level_nodes[0]):
        room = items[name]["allocatable"] - items[name]["requested"]
        assert "Insufficient cpu" in _scheduled(world, made.namespace, name, room + 1)
        assert _scheduled(world, made.namespace, name, room) == name


def _scheduled(world: World, space: str, node: str, cpu: int) -> str:
    """Where a pod comes that only this node will do for, or why it doesn't."""
    name = f"asks-{cpu}m"
    home = {"nodeSelector": {"kubernetes.io/hostname": node}}
    world.create(pod(name, space, Template(f"{cpu}m", "1Mi", spec=home)))

    def outcome() -> str:
        found = world.api.get("Pod", name, space)
        messages = [one.get("message", "") for one in found["status"].get("conditions", ())]
        return found["spec"].get("nodeName") or "".join(messages)

    wait_until(lambda: bool(outcome()), 20, f"{name} judged")
    return outcome()


def _said(answer: Json, expected: dict[str, Described]) -> dict[str, Described]:
    """The same as kubectl describes, of the resources that kubectl names."""
    found = {}
    for item in answer["items"]:
        figures = item["resources"]
        named = expected[item["name"]].resources
        booked = {name: (figures[name]["requested"], figures[name]["limits"]) for name in named}
        found[item["name"]] = Described(figures["pods"]["requested"], booked)
    return found


def _with_pod_level(told: Described, pods: int) -> Described:
    """kubectl 1.35 still sums up containers where the scheduler counts pod-level resources."""
    more = {name: (pods * requests, pods * limits) for name, (requests, limits) in fleet.LEVEL_MORE.items()}
    added = {
        name: (requests + more.get(name, (0, 0))[0], limits + more.get(name, (0, 0))[1])
        for name, (requests, limits) in told.resources.items()
    }
    return Described(told.pods, added)


def _scrape(world: World) -> dict[str, str]:
    return {item["metadata"]["name"]: item["timestamp"] for item in world.api.list_all("NodeMetrics")}
