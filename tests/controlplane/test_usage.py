"""Usage that pods carry as annotations comes back through kwok, metrics-server and metrics.k8s.io.

The node adds its own 50m (`components.SYSTEM_MILLICORES`).
"""

from __future__ import annotations

from tests.controlplane.cluster import Cluster
from tests.controlplane.components import SYSTEM_MEBIBYTES
from tests.controlplane.identities import ON_CALL
from tests.controlplane.objects import Pool, Template, deployment
from tests.controlplane.processes import wait_until
from tests.controlplane.world import World


def test_usage_is_measured_and_follows(cluster: Cluster, world: World) -> None:
    (node,) = world.pool(Pool("usage", 1))
    space = world.namespace()
    world.create(deployment("web", space, 2, Template(usage_cpu="250m", usage_memory="512Mi")))
    names = [item["metadata"]["name"] for item in world.wait_pods(space, 2)]
    world.wait_pod_metrics(space, 2)
    world.wait_node_metrics([node])
    assert 530 <= _node_cpu(cluster, node) <= 570
    rows = {row.split()[0]: row.split() for row in _top(cluster, "pods", "-n", space)}
    assert rows.keys() == set(names)
    assert {row[2] for row in rows.values()} == {"512Mi"}
    world.set_usage(names[0], space, cpu="1250m", memory="1Gi")
    wait_until(lambda: 1530 <= _node_cpu(cluster, node) <= 1570, 60, "usage of 1550m", pause=1)
    assert {row.split()[2] for row in _top(cluster, "pods", "-n", space)} == {"512Mi", "1024Mi"}


def test_an_empty_node_uses_what_a_system_uses(world: World) -> None:
    (node,) = world.pool(Pool("empty", 1))
    usage = world.wait_node_metrics([node])[node]["usage"]
    assert usage["memory"] == f"{SYSTEM_MEBIBYTES}Mi"
    assert 45e6 < int(usage["cpu"].removesuffix("n")) < 55e6


def _node_cpu(cluster: Cluster, node: str) -> int:
    """Millicores by `kubectl top`, as on-call."""
    return next(int(row.split()[1].removesuffix("m")) for row in _top(cluster, "nodes") if row.startswith(node))


def _top(cluster: Cluster, *arguments: str) -> list[str]:
    return cluster.kubectl("top", *arguments, "--no-headers", context=ON_CALL).splitlines()
