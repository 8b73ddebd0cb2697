"""What happens by itself: scale-out for waiting pods, scale-in of idle nodes, bursting to ECI and coming home."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from alibabacloud_cs20151215 import models as cs_models

from sim.scenario import registered
from sim.world.autoscaler.status import NAME, NAMESPACE
from sim.world.scripts import VARIABLES
from sim.world.traffic import Alarms
from sim.world.world import Options, World, build
from tests.wire.cloud.account import cs
from tests.wire.cloud.conftest import in_thread, until

Obj = dict[str, Any]


@asynccontextmanager
async def living(**options: Any) -> AsyncIterator[World]:
    world = build(Options(**{"speed": 200, **options}))
    await world.start()
    try:
        yield world
    finally:
        await world.stop()


def pods(world: World, namespace: str, prefix: str) -> list[Obj]:
    return [pod for pod in world.registry.list("Pod", namespace) if pod["metadata"]["name"].startswith(f"{prefix}-")]


def on_nodes(world: World, namespace: str, prefix: str) -> list[str]:
    return [str(pod["spec"].get("nodeName", "")) for pod in pods(world, namespace, prefix)]


def said(world: World, reason: str) -> list[str]:
    return [event["message"] for event in world.registry.list("Event") if event["reason"] == reason]


async def test_the_autoscaler_makes_room_where_it_can_and_says_why_where_it_cannot() -> None:
    async with living() as world:
        await until(lambda: all(on_nodes(world, "ml", "render-farm")), 20)
        assert any("pod triggered scale-up: [{asg-" in text for text in said(world, "TriggeredScaleUp"))
        await until(lambda: said(world, "NotTriggerScaleUp"), 20)
        assert any("max node group size reached" in text for text in said(world, "NotTriggerScaleUp"))
        await until(lambda: said(world, "FailedToScaleUpGroup"), 20)
        assert "OperationDenied.NoStock" in said(world, "FailedToScaleUpGroup")[0]
        await until(lambda: "Backoff" in world.registry.get("ConfigMap", NAME, NAMESPACE)["data"]["status"], 20)


async def test_idle_nodes_go_after_their_time() -> None:
    async with living() as world:
        idle = world.planted.candidates[2]
        await until(lambda: said(world, "ScaleDown"), 20)
        await until(lambda: world.registry.find("Node", idle) is None, 20)
        blocked = {node for reason, node in world.planted.blocked.items() if reason.startswith("BlockedByPod")}
        assert all(world.registry.find("Node", node) is not None for node in blocked)


async def test_a_restart_brings_bursting_pods_home_and_forced_ones_stay() -> None:
    async with living(lives=False) as world:
        stamp = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
        for name in ("recommend-train", "recommend-canary"):
            world.registry.patch("Deployment", name, stamp, "shop")
        virtual = world.planted.origins["virtual"]
        both = [*pods(world, "shop", "recommend-train"), *pods(world, "shop", "recommend-canary")]
        old = {pod["metadata"]["uid"] for pod in both}

        def replaced(name: str) -> bool:
            found = pods(world, "shop", name)
            ready = all(pod["status"].get("phase") == "Running" for pod in found)
            return bool(found) and ready and not old & {pod["metadata"]["uid"] for pod in found}

        await until(lambda: replaced("recommend-train") and replaced("recommend-canary"), 20)
        assert on_nodes(world, "shop", "recommend-canary") == virtual
        assert on_nodes(world, "shop", "recommend-train") != virtual
        (pod,) = pods(world, "shop", "recommend-canary")
        assert pod["metadata"]["annotations"]["k8s.aliyun.com/eci-instance-spec"] == "4.0-8.0Gi"


async def test_a_bursting_pod_without_room_goes_to_eci() -> None:
    async with living(lives=False) as world:
        spec = {"containers": [{"name": "big", "image": "big", "resources": {"requests": {"cpu": "30"}}}]}
        notes = {"alibabacloud.com/burst-resource": "eci"}
        meta = {"name": "spike", "namespace": "jobs", "annotations": notes}
        world.registry.create("Pod", {"metadata": meta, "spec": spec})
        await until(lambda: world.registry.get("Pod", "spike", "jobs")["spec"].get("nodeName"), 10)
        await until(lambda: world.registry.get("Pod", "spike", "jobs")["status"].get("phase") == "Running", 10)


async def test_an_alarm_sees_the_load_of_its_group() -> None:
    async with living(lives=False) as world:
        alarms = Alarms(world.cloud, world.registry, world.machines, world.manager.usage)
        world.cloud.alarms.change("asg-alarm-1", threshold=0.5)
        alarms.look()
        assert world.cloud.alarms["asg-alarm-1"].state == "ALARM"
        assert [activity.trigger[0] for activity in world.cloud.activities if activity.status == "InProgress"] == [
            "Cms"
        ]


@pytest.mark.parametrize(
    ("script", "joins"), [("attach-node.sh", True), ("attach-node-old.sh", True), ("", False)], ids=str
)
async def test_a_registered_cluster_joins_machines_by_its_own_script(script: str, joins: bool) -> None:
    async with living(flavour="registered") as world:
        path = {"data": {"addNodeScriptPath": f"{world.scripts.url}/{script}" if script else ""}}
        world.registry.patch("ConfigMap", registered.AGENT_CONFIG, path, "kube-system")
        (pool,) = world.cloud.pools
        request = cs_models.ScaleClusterNodePoolRequest(count=1)
        client = cs(world.clouds)
        body = (await in_thread(client.scale_cluster_node_pool, registered.CLUSTER, pool.id, request)).body
        await until(lambda: world.cloud.tasks[body.task_id].state != "running", 20)
        task = world.cloud.tasks[body.task_id]
        assert task.state == ("success" if joins else "fail")
        node = world.registry.find("Node", world.machines.node_name(task.results[0][0]) or "")
        assert (node is not None) == joins
        if node is not None:
            forgot = set(world.planted.scripts[script])
            assert ("providerID" in node["spec"]) == ("ALIBABA_CLOUD_PROVIDER_ID" not in forgot)
            assert all((name in world.scripts.texts[script]) == (name not in forgot) for name in VARIABLES)


async def test_one_seed_gives_one_cluster_and_all_that_is_planted_stands() -> None:
    start = datetime(2026, 1, 15, 9, tzinfo=UTC)
    first, again, other = (build(Options(seed=seed, start=start)) for seed in (5, 5, 6))
    assert names(first, "Node") == names(again, "Node")
    assert names(first, "Pod") == names(again, "Pod")
    assert names(first, "Pod") != names(other, "Pod")
    assert [machine.id for machine in first.cloud.instances] == [machine.id for machine in again.cloud.instances]
    for case in first.planted.cases:
        namespace, _, name = case.object.partition("/")
        assert first.registry.find(case.kind, name, namespace) is not None, case
    known = set(names(first, "Node"))
    assert set(first.planted.blocked.values()) | {n for ns in first.planted.origins.values() for n in ns} <= known
    assert len(known) == sum(len(nodes) for nodes in first.planted.origins.values())


def names(world: World, kind: str) -> list[str]:
    return [obj["metadata"]["name"] for obj in world.registry.list(kind)]


async def test_a_large_cluster_is_as_large_as_asked() -> None:
    world = build(Options(size=(120, 2000)))
    bound = [pod for pod in world.registry.list("Pod") if pod["spec"].get("nodeName")]
    assert (len(world.registry.list("Node")), len(bound)) == (120, 2000)
    assert (len(world.cloud.instances), len(world.cloud.groups)) == (120, 6)
    for owner in world.registry.list("ReplicaSet"):
        assert len(world.registry.dependents(owner["metadata"]["uid"])) == owner["spec"]["replicas"]


async def test_cluster_info_is_signed_and_anybody_may_read_it() -> None:
    async with living(lives=False) as world:
        info = world.registry.get("ConfigMap", "cluster-info", "kube-public")["data"]
        secrets = [
            s for s in world.registry.list("Secret", "kube-system") if "bootstrap-token" in s["metadata"]["name"]
        ]
        assert [("expiration" in secret["data"]) for secret in sorted(secrets, key=lambda s: len(s["data"]))] == [
            False,
            True,
        ]
        for secret in secrets:
            name, key = (base64.b64decode(secret["data"][part]) for part in ("token-id", "token-secret"))
            header, empty, tail = info[f"jws-kubeconfig-{name.decode()}"].split(".")
            assert json.loads(base64.b64decode(header + "==")) == {"alg": "HS256", "kid": name.decode()}
            content = base64.urlsafe_b64encode(info["kubeconfig"].encode()).rstrip(b"=")
            made = hmac.new(key, header.encode() + b"." + content, hashlib.sha256).digest()
            assert (empty, tail) == ("", base64.urlsafe_b64encode(made).decode().rstrip("="))
        url = f"{world.kube.url}/api/v1/namespaces/kube-public/configmaps/cluster-info"
        async with aiohttp.ClientSession() as session, session.get(url, ssl=False) as answer:
            assert (answer.status, (await answer.json())["data"]) == (200, info)
