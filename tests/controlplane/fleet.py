"""A mixed fleet for a test: pools full of pods in every shape in which pods ask for something.

How nodes and pods come into the cluster is `world.py`; what is expected of the fleet is in the tests.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.controlplane.kinds import Json
from tests.controlplane.objects import Pool, Template, daemon_set, deployment, pod
from tests.controlplane.world import World

PODS_A_NODE = 30
LEVEL_POOL = "level"
LEVEL_MORE = {"cpu": (700, 2000), "memory": (448 << 20, 0)}
"""By how much a pod of `LEVEL_POOL` exceeds the sum of its containers: requests, limits (millicores, bytes)."""
FINISHED, TERMINATING, RESIZED = 24, 12, 6
_SANDBOX = "vacancy-sandbox"
_AGE = datetime.timedelta(days=3)
_GPU = "nvidia.com/gpu"
_PATIENCE = 300
"""Seconds that raising may take where two cores have much else to do."""


@dataclass(frozen=True)
class Fleet:
    """What was raised. Each of `level_nodes` holds `level_pods` pods with pod-level resources."""

    namespace: str
    nodes: list[str]
    level_nodes: list[str]
    level_pods: int


@contextmanager
def mixed_fleet(world: World, nodes: int) -> Iterator[Fleet]:
    """`nodes` nodes (a multiple of 30) of 30 pods each, and then terminated, terminating and resized ones."""
    _runtime_class(world, create=True)
    try:
        pools = {pool.name: world.pool(pool, _AGE) for pool in _pools(nodes)}
        space, everywhere = world.namespace(), [name for names in pools.values() for name in names]
        world.create(*(daemon_set(name, space, template) for name, template in _DAEMONS.items()))
        world.wait_pods(space, len(_DAEMONS) * nodes, seconds=_PATIENCE)
        world.fill(_deployments(space, pools), _AGE)
        _disturb(world, space, everywhere)
        yield Fleet(space, everywhere, pools[LEVEL_POOL], PODS_A_NODE - len(_DAEMONS))
    finally:
        _runtime_class(world, create=False)


def _pools(nodes: int) -> list[Pool]:
    part = nodes // 30
    return [
        Pool("web", 12 * part),
        Pool("batch", 11 * part, 16, 64, instance_type="ecs.g7.4xlarge", zone="cn-hangzhou-i", charge_type="PrePaid"),
        Pool("memory", 4 * part, 8, 64, instance_type="ecs.r7.2xlarge", zone="cn-hangzhou-k"),
        Pool("gpu", 2 * part, 32, 128, gpus=8, instance_type="ecs.gn7i-c32g1.8xlarge"),
        Pool(LEVEL_POOL, part, 32, 128, instance_type="ecs.g7.8xlarge"),
    ]


def _container(name: str = "main", requests: Json | None = None, limits: Json | None = None, **more: Any) -> Json:
    resources = {"requests": requests or {}, "limits": limits or {}}
    return {"name": name, "image": "registry.example/app:1", "resources": resources, **more}


def _shaped(*containers: Json, **spec: Any) -> Template:
    return Template(usage_cpu="35m", usage_memory="48Mi", spec={"containers": list(containers), **spec})


_MAIN = _container(requests={"cpu": "100m", "memory": "128Mi"})
_SIDECAR = _container("proxy", {"cpu": "50m", "memory": "64Mi"}, {"cpu": "100m"}, restartPolicy="Always")
_SHAPES = {
    "plain": Template("150m", "192Mi", usage_cpu="60m", usage_memory="150Mi"),
    "limited": Template("100m", "128Mi", "500m", "256Mi", usage_cpu="250m", usage_memory="200Mi"),
    "only-limits": _shaped(_container(limits={"cpu": "120m", "memory": "96Mi"})),
    "best-effort": _shaped(_container()),
    "two": _shaped(_container("a", {"cpu": "70m", "memory": "100M"}), _container("b", {"cpu": "0.03"}, {"cpu": "1"})),
    "init": _shaped(_MAIN, initContainers=[_container("load", {"cpu": "300m", "memory": "64Mi"}, {"cpu": "2"})]),
    "sidecar": _shaped(_MAIN, initContainers=[_SIDECAR]),
    "sidecar-then-init": _shaped(
        _MAIN, initContainers=[_SIDECAR, _container("load", {"cpu": "90m", "memory": "256Mi"}, {"memory": "1Gi"})]
    ),
    "sandboxed": _shaped(_container(requests={"cpu": "80m"}, limits={"memory": "128Mi"}), runtimeClassName=_SANDBOX),
    "disk": _shaped(_container(requests={"ephemeral-storage": "1500M"}, limits={"ephemeral-storage": "2Gi"})),
    "huge": _shaped(_container(requests={"cpu": "50m"}, limits={"memory": "64Mi", "hugepages-2Mi": "4Mi"})),
    "odd": _shaped(_container(requests={"cpu": "0.0125e1", "memory": "123456789"}, limits={"memory": "0.25Gi"})),
}  # fmt: skip
"""For nodes of any pool but the last two."""
_GPU_SHAPES = {
    "train": _shaped(_container(requests={"cpu": "1", "memory": "2Gi"}, limits={_GPU: "1"})),
    "plain": _SHAPES["plain"],
    "init": _SHAPES["init"],
    "small": Template("50m", "64Mi"),
}
_LEVEL_SHAPES = {
    "level": _shaped(_MAIN, resources={"requests": {"cpu": "800m", "memory": "576Mi"}, "limits": {"cpu": "2"}})
}
_DAEMONS = {
    "network": Template("100m", "64Mi", "200m", usage_cpu="20m", usage_memory="60Mi"),
    "logs": Template("25m", "100Mi", "", "200Mi", usage_cpu="10m", usage_memory="90Mi"),
}


def _deployments(space: str, pools: dict[str, list[str]]) -> Iterator[tuple[Json, list[str]]]:
    """One Deployment for each shape and round through a pool's nodes."""
    for pool, names in pools.items():
        shapes = {"gpu": _GPU_SHAPES, LEVEL_POOL: _LEVEL_SHAPES}.get(pool, _SHAPES)
        rounds = zip(range(PODS_A_NODE - len(_DAEMONS)), itertools.cycle(shapes.items()), strict=False)
        for number, (shape, template) in rounds:
            yield deployment(f"{pool}-{shape}-{number}", space, len(names), template), names


def _disturb(world: World, space: str, nodes: list[str]) -> None:
    """Pods that have ended (they don't count), pods on their way out (they do), and pods resized in place."""
    node = itertools.cycle(nodes)
    ended = [pod(f"ended-{at}", space, Template(stay="running"), next(node)) for at in range(FINISHED)]
    leaving = [pod(f"leaving-{at}", space, Template(stay="terminating"), next(node)) for at in range(TERMINATING)]
    resized = [pod(f"resized-{at}", space, Template("300m", "256Mi"), next(node)) for at in range(RESIZED)]
    world.create(*ended, *leaving, *resized)
    expected = PODS_A_NODE * len(nodes) + len(ended) + len(leaving) + len(resized)
    world.wait_pods(space, expected, seconds=_PATIENCE)
    for at, thing in enumerate(ended):
        phase = "Failed" if at % 3 else "Succeeded"
        world.api.patch("Pod", thing["metadata"]["name"], {"status": {"phase": phase}}, space, sub="status")
    for thing in leaving:
        world.api.delete("Pod", thing["metadata"]["name"], space)
    for at, thing in enumerate(resized):
        _resize(world, thing["metadata"]["name"], space, "450m" if at % 2 else "120m")
    world.wait_pods(space, expected - len(ended), seconds=_PATIENCE)


def _resize(world: World, name: str, space: str, cpu: str) -> None:
    """Ask for another size while the kubelet still gives the old one."""
    change = {"spec": {"containers": [_container(requests={"cpu": cpu, "memory": "256Mi"})]}}
    status = world.api.get("Pod", name, space)["status"]["containerStatuses"][0]
    now = {"requests": {"cpu": "300m", "memory": "256Mi"}}
    seen = {**status, "resources": now, "allocatedResources": now["requests"]}
    world.api.patch("Pod", name, {"status": {"containerStatuses": [seen]}}, space, sub="status")
    world.api.patch("Pod", name, change, space, sub="resize")


def _runtime_class(world: World, create: bool) -> None:
    thing = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": _SANDBOX},
        "handler": "sandbox",
        "overhead": {"podFixed": {"cpu": "120m", "memory": "160Mi"}},
    }
    if create:
        world.api.ensure(thing)
    else:
        world.api.delete("RuntimeClass", _SANDBOX)
