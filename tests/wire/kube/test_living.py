"""What the simulated cluster does on its own that the real control plane leaves to parts it doesn't have: disks in
zones, kubelets that misbehave, ECI instances, autoscaling by use; and the store and the clock below it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sim.clock import SimClock, rfc3339
from sim.controllers.kubelet import Delays
from sim.controllers.manager import Manager
from sim.controllers.usage import level, read_profile
from sim.controllers.virtual import billed_size
from sim.kube.deletion import DeleteOptions
from sim.kube.registry import Registry
from sim.kube.request import Filter
from sim.kube.watch import Watch, WatchRequest
from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Sim

NOON = datetime(2026, 1, 15, 4, tzinfo=UTC)  # in China


def settled(speed: float = 1.0) -> tuple[Registry, Manager]:
    """A cluster that isn't running: it is stepped by `Manager.settle`."""
    registry = Registry(SimClock(NOON, speed))
    registry.create("Namespace", {"metadata": {"name": "default"}})
    manager = Manager(registry, delays=Delays.none())
    return registry, manager


def node(registry: Registry, name: str, **labels: str) -> None:
    registry.create("Node", objects.node(name, **labels))


@pytest_asyncio.fixture
async def world() -> AsyncIterator[tuple[Registry, Manager]]:
    registry, manager = settled()
    yield registry, manager
    await manager.stop()


Made = tuple[Registry, Manager]


async def test_disks_keep_pods_in_their_zone(world: Made) -> None:
    registry, manager = world
    zone = "topology.kubernetes.io/zone"
    for name, where in (("n1", "a"), ("n2", "b")):
        node(registry, name, **{zone: where})
    registry.create(
        "StorageClass",
        {"metadata": {"name": "disk"}, "provisioner": "disk", "volumeBindingMode": "WaitForFirstConsumer"},
    )
    made = objects.workload("StatefulSet", "db", 1)
    claim = {
        "storageClassName": "disk",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "20Gi"}},
    }
    made["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    registry.create("StatefulSet", made)
    assert manager.settle()
    home = registry.get("Pod", "db-0", "default")["spec"]["nodeName"]
    bound = registry.get("PersistentVolumeClaim", "data-db-0", "default")
    assert bound["status"]["phase"] == "Bound"
    registry.patch("Node", home, {"spec": {"unschedulable": True}})
    registry.delete("Pod", "db-0", "default")
    assert manager.settle()
    conditions = registry.get("Pod", "db-0", "default")["status"]["conditions"]
    assert "1 node(s) didn't match PersistentVolume's node affinity" in conditions[0]["message"]
    assert "1 node(s) were unschedulable" in conditions[0]["message"]


@pytest.mark.parametrize(
    ("behaviour", "phase", "reason"),
    [
        ("crash-loop", "Running", "CrashLoopBackOff"),
        ("image-pull-error", "Pending", "ImagePullBackOff"),
        ("never-ready", "Running", ""),
    ],
)
async def test_pods_that_misbehave(world: Made, behaviour: str, phase: str, reason: str) -> None:
    registry, manager = world
    node(registry, "n1")
    pod = objects.pod("one")
    pod["metadata"]["annotations"] = {"sim.vacancy/behaviour": behaviour}
    registry.create("Pod", pod)
    manager.settle()
    found = registry.get("Pod", "one", "default")
    assert found["status"]["phase"] == phase
    assert objects.conditions(found)["Ready"] == "False"
    state = found["status"]["containerStatuses"][0]["state"]
    assert state.get("waiting", {}).get("reason", "") == reason


async def test_a_pod_that_ignores_sigterm_takes_its_whole_grace(tmp_path: Path) -> None:
    sim = Sim(tmp_path)
    await sim.start()
    node(sim.registry, "n1")
    pod = objects.pod("one", terminationGracePeriodSeconds=30)
    pod["metadata"]["annotations"] = {"sim.vacancy/behaviour": "ignores-sigterm"}
    sim.registry.create("Pod", pod)
    await until(lambda: sim.registry.get("Pod", "one", "default")["status"]["phase"] == "Running")
    sim.registry.delete("Pod", "one", "default", DeleteOptions())
    sim.registry.clock.advance(25)
    await asyncio.sleep(0.1)
    assert sim.registry.find("Pod", "one", "default") is not None
    sim.registry.clock.advance(6)
    await until(lambda: sim.registry.find("Pod", "one", "default") is None)
    await sim.stop()


async def until(done: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 (what it waits for has no event)
            await asyncio.sleep(0.01)


async def test_eci_pods_carry_their_instance(world: Made) -> None:
    registry, manager = world
    made = objects.node("virtual-kubelet-cn-hangzhou-h", cpu="1k", type="virtual-kubelet")
    made["spec"] = {"taints": [{"key": "virtual-kubelet.io/provider", "value": "alibabacloud", "effect": "NoSchedule"}]}
    registry.create("Node", made)
    registry.create("Pod", objects.pod("one", "1500m", tolerations=[{"operator": "Exists"}]))
    assert manager.settle()
    annotations = registry.get("Pod", "one", "default")["metadata"]["annotations"]
    assert annotations["k8s.aliyun.com/eci-instance-spec"] == "2.0-1.0Gi"
    assert annotations["k8s.aliyun.com/eci-instance-id"].startswith("eci-")
    assert manager.usage.nodes() == []


@pytest.mark.parametrize(
    ("request_", "billed"),
    [((0, 0), (2, 4)), ((0.1, 0.1), (0.25, 0.5)), ((1.5, 3), (2, 4)), ((4, 9), (4, 16)), ((900, 900), (64, 512))],
)
def test_sizes_are_rounded_up(request_: tuple[float, float], billed: tuple[float, float]) -> None:
    assert billed_size(*request_) == billed


async def test_use_follows_the_hour_and_the_autoscaler_the_use(world: Made) -> None:
    registry, manager = world
    for number in range(3):
        node(registry, f"n{number}", cpu="8")
    made = objects.workload("Deployment", "web", 2, cpu="1")
    made["spec"]["template"]["metadata"]["annotations"] = {"sim.vacancy/usage": "cpu=0.1..0.9 shape=office"}
    registry.create("Deployment", made)
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5, "metrics": [metric]}
    registry.create("HorizontalPodAutoscaler", {"metadata": {"name": "web"}, "spec": spec})
    assert manager.settle()
    replicas = []
    for hours in (10, 4, 0.5, 0.5, 8):  # 22:00, 02:00, 02:30, 03:00, 11:00
        registry.clock.advance(hours * 3600)
        manager.autoscaler.look()
        manager.settle()
        replicas.append(registry.get("Deployment", "web", "default")["spec"]["replicas"])
    assert replicas == [2, 2, 2, 2, 4]
    status = registry.get("HorizontalPodAutoscaler", "web", "default")["status"]
    assert status["desiredReplicas"] == 4
    assert status["currentMetrics"][0]["resource"]["current"]["averageUtilization"] > 50


def test_shapes_and_profiles() -> None:
    assert level("office", 10.5) > 0.9 > 0.1 > level("office", 3)
    assert level("night", 2.5) > 0.9 > 0.1 > level("night", 14)
    assert level("night", 23.9) == pytest.approx(level("night", 0.0), abs=0.05)
    profile = read_profile("cpu=0.2..0.8 memory=0.5 shape=shop nonsense cpu=x")
    assert (profile.shares["cpu"], profile.shares["memory"], profile.shape) == ((0.2, 0.8), (0.5, 0.5), "shop")


async def test_the_clock_runs_fast_jumps_and_stamps() -> None:
    clock = SimClock(NOON, speed=100)
    began = time.monotonic()
    await clock.sleep(20)
    assert 0.19 <= time.monotonic() - began < 1
    assert clock.now() > NOON
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0.01)
    clock.advance(3600)
    async with asyncio.timeout(1):
        await sleeper
    slow = asyncio.create_task(clock.sleep(1000))
    await asyncio.sleep(0.01)
    clock.speed = 1e6
    async with asyncio.timeout(1):
        await slow
    assert rfc3339(NOON) == "2026-01-15T04:00:00Z"
    assert clock.at_least(10, 0.5) == 0.5e6
    with pytest.raises(ValueError, match="speed"):
        clock.speed = 0
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_objects_are_never_changed_in_place() -> None:
    registry, _ = settled()
    first = registry.create("ConfigMap", objects.config_map("one", a="1"))
    listed = registry.list("ConfigMap")
    registry.patch("ConfigMap", "one", {"data": {"b": "2"}}, "default")
    assert first["data"] == {"a": "1"}
    assert listed == [first]
    assert registry.get("ConfigMap", "one", "default")["data"] == {"a": "1", "b": "2"}


async def test_a_change_before_the_first_line_is_told_once() -> None:
    registry, _ = settled()
    resource, start = registry.catalog.kind("ConfigMap"), str(registry.version)
    request = WatchRequest(
        resource=resource,
        kind="ConfigMap",
        namespace="default",
        wanted=Filter(),
        version=start,
        bookmarks=False,
        initial_events=False,
        timeout=0.2,
        path="",
        form="",
        show=lambda obj: obj,
    )
    watch = Watch(registry, request, bookmark_every=60)
    registry.create("ConfigMap", objects.config_map("one"))
    lines = b"".join([chunk async for chunk in watch.lines()])
    assert lines.count(b"ADDED") == 1


def test_the_same_seed_gives_the_same_names() -> None:
    def names(seed: int) -> list[str]:
        registry = Registry(SimClock(NOON), seed=seed)
        registry.create("Namespace", {"metadata": {"name": "default"}})
        made = [registry.create("ConfigMap", {"metadata": {"generateName": "c-"}}) for _ in range(3)]
        return [obj["metadata"]["name"] + obj["metadata"]["uid"] for obj in made]

    assert names(1) == names(1) != names(2)


def test_many_objects_load_fast_and_share_their_parts() -> None:
    registry, _ = settled()
    spec: Json = objects.template("web")["spec"]
    pods = ({"metadata": {"name": f"p{i}"}, "spec": spec, "status": {"phase": "Running"}} for i in range(20_000))
    began = time.process_time()
    assert registry.load("Pod", pods) == 20_000
    assert time.process_time() - began < 5
    found = registry.list("Pod")
    assert all(pod["spec"] is spec for pod in found)
    assert [pod["metadata"]["name"] for pod in found[:3]] == ["p0", "p1", "p10"]
