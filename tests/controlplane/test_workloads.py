"""Scheduler, controllers and kubelets (kwok's) do their work on what the helpers make."""

from __future__ import annotations

import datetime
from contextlib import closing

import pytest

from tests.controlplane.api import ApiError
from tests.controlplane.cluster import Cluster
from tests.controlplane.components import STAY
from tests.controlplane.objects import (
    Pool,
    Template,
    budget,
    daemon_set,
    deployment,
    pod,
    stateful_set,
    virtual_node,
)
from tests.controlplane.processes import wait_until
from tests.controlplane.world import World


def test_a_pool_looks_like_ack(world: World) -> None:
    pool = Pool("web", 2, charge_type="PrePaid", zone="cn-hangzhou-k", labels={"team": "web"})
    names = world.pool(pool, age=datetime.timedelta(days=30))
    node = world.api.get("Node", names[0])
    labels = node["metadata"]["labels"]
    assert labels["alibabacloud.com/nodepool-id"] == pool.id
    assert labels["node.alibabacloud.com/instance-charge-type"] == "PrePaid"
    assert labels["topology.kubernetes.io/zone"] == "cn-hangzhou-k"
    assert labels["team"] == "web"
    assert node["spec"]["providerID"].startswith("cn-hangzhou.i-bp1")
    assert int(node["status"]["allocatable"]["cpu"].removesuffix("m")) < 1000 * int(node["status"]["capacity"]["cpu"])
    created = datetime.datetime.fromisoformat(node["metadata"]["creationTimestamp"])
    assert datetime.datetime.now(datetime.UTC) - created > datetime.timedelta(days=29)


def test_the_scheduler_places_and_kwok_runs(world: World) -> None:
    names = world.pool(Pool("place", 2, cpu=4))
    space = world.namespace()
    world.create(deployment("web", space, 5, Template(cpu="1")))
    pods = world.wait_pods(space, 5)
    assert {item["spec"]["nodeName"] for item in pods} == set(names)
    assert world.wait_event(space, "Scheduled")["reportingComponent"] == "default-scheduler"


def test_what_does_not_fit_is_said_by_the_scheduler(world: World) -> None:
    world.pool(Pool("small", 1, cpu=2))
    space = world.namespace()
    world.create(pod("huge", space, Template(cpu="64")))
    event = world.wait_event(space, "FailedScheduling")
    assert "0/1 nodes are available: 1 Insufficient cpu" in event["message"]
    assert world.wait_pods(space, 1, phase="Pending")[0]["status"]["conditions"][0]["reason"] == "Unschedulable"


def test_daemon_and_stateful_sets(world: World) -> None:
    names = world.pool(Pool("sets", 3))
    space = world.namespace()
    world.create(daemon_set("agent", space), stateful_set("store", space, 2))
    pods = world.wait_pods(space, 5)
    agents = [item for item in pods if item["metadata"]["name"].startswith("agent-")]
    assert sorted(item["spec"]["nodeName"] for item in agents) == sorted(names)
    assert {"store-0", "store-1"} <= {item["metadata"]["name"] for item in pods}


def test_a_budget_refuses_the_second_eviction(world: World) -> None:
    (node,) = world.pool(Pool("budget", 1))
    space = world.namespace()
    world.create(deployment("web", space, 2), budget("web", space, "web", minAvailable=1))
    first, second = (item["metadata"]["name"] for item in world.wait_pods(space, 2))
    wait_until(lambda: _allowed(world, space) == 1, 20, "budget counted")
    world.api.patch("Node", node, {"spec": {"unschedulable": True}})  # the first one's successor must stay pending
    world.api.evict(first, space)
    with pytest.raises(ApiError, match="would violate the pod's disruption budget") as refused:
        world.api.evict(second, space)
    assert refused.value.status == 429


def _allowed(world: World, space: str) -> int:
    return int(world.api.get("PodDisruptionBudget", "web", space)["status"].get("disruptionsAllowed", -1))


def test_a_watch_tells_of_a_new_pod(world: World) -> None:
    space = world.namespace()
    version = world.api.request("GET", f"/api/v1/namespaces/{space}/pods")["metadata"]["resourceVersion"]
    world.create(pod("seen", space))
    with closing(world.api.watch("Pod", space, resourceVersion=version, timeoutSeconds=20)) as events:
        event = next(events)
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "seen")


@pytest.mark.parametrize(("stay", "phase"), [("pending", "Pending"), ("", "Running")])
def test_a_pod_can_be_held_back(world: World, stay: str, phase: str) -> None:
    (node,) = world.pool(Pool("held", 1))
    space = world.namespace()
    world.create(pod("marker", space, node=node), pod("held", space, Template(stay=stay), node=node))
    wait_until(lambda: _phase(world, "marker", space) == "Running", 20, "marker running")
    wait_until(lambda: _phase(world, "held", space) == phase, 5, f"held pod {phase}")


def test_a_terminating_pod_can_be_held_back(world: World) -> None:
    (node,) = world.pool(Pool("ending", 1))
    space = world.namespace()
    world.create(pod("slow", space, Template(stay="terminating"), node=node), pod("quick", space, node=node))
    world.wait_pods(space, 2)
    for name in ("slow", "quick"):
        world.api.delete("Pod", name, space)
    wait_until(lambda: len(world.api.list_all("Pod", space)) == 1, 20, "quick pod gone")
    assert world.api.get("Pod", "slow", space)["metadata"]["deletionTimestamp"]
    world.api.patch("Pod", "slow", {"metadata": {"annotations": {STAY: None}}}, space)
    wait_until(lambda: not world.api.list_all("Pod", space), 20, "slow pod gone")


def test_a_node_can_be_made_unready_and_recovers(world: World) -> None:
    (node,) = world.pool(Pool("sick", 1))
    world.set_ready(node, False)
    wait_until(lambda: "node.kubernetes.io/not-ready" in _taints(world, node), 20, "not-ready taint")
    world.set_ready(node, True)
    wait_until(lambda: not _taints(world, node), 20, "taint gone")


def test_the_virtual_node_takes_what_tolerates_it(world: World) -> None:
    world.nodes([virtual_node()])
    space = world.namespace()
    toleration = {"key": "virtual-kubelet.io/provider", "operator": "Exists"}
    world.create(pod("eci", space, Template(spec={"tolerations": [toleration]})))
    assert world.wait_pods(space, 1)[0]["spec"]["nodeName"] == "virtual-kubelet-cn-hangzhou-h"


def test_the_cluster_is_empty_again(cluster: Cluster) -> None:
    with World(cluster) as world:
        world.pool(Pool("gone", 2))
        space = world.namespace()
        world.create(deployment("web", space, 4))
        world.wait_pods(space, 4)
    assert cluster.api().list_all("Node") == []
    wait_until(lambda: not cluster.api().list_all("Pod"), 10, "no pods")
    with pytest.raises(ApiError, match="404"):
        cluster.api().get("Namespace", space)


def _phase(world: World, name: str, space: str) -> str:
    return str(world.api.get("Pod", name, space)["status"]["phase"])


def _taints(world: World, node: str) -> list[str]:
    return [taint["key"] for taint in world.api.get("Node", node)["spec"].get("taints", [])]
