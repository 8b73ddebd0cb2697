"""Pods written in bulk are as good as pods made the long way: the controllers find nothing to mend."""

from __future__ import annotations

import datetime
import time
from collections import Counter

from tests.controlplane.components import SYSTEM_MEBIBYTES
from tests.controlplane.objects import Pool
from tests.controlplane.processes import wait_until
from tests.controlplane.world import World


def test_bulk_is_left_alone_alive_and_measured(world: World) -> None:
    names = world.pool(Pool("bulk", 20), age=datetime.timedelta(days=2))
    space = world.crowd(names, 600)
    before = {item["metadata"]["uid"] for item in world.wait_pods(space, 600, seconds=10)}
    counts = Counter(item["spec"]["nodeName"] for item in world.api.list_all("Pod", space))
    assert counts == Counter(dict.fromkeys(names, 30))
    time.sleep(5)
    assert {item["metadata"]["uid"] for item in world.api.list_all("Pod", space)} == before
    assert _ready(world, space) == [30] * 20
    usage = {item["usage"]["memory"] for item in world.wait_node_metrics(names).values()}
    assert usage == {f"{30 * 64 + SYSTEM_MEBIBYTES}Mi"}
    assert len(world.wait_pod_metrics(space, 600)) == 600
    world.api.patch("Deployment", "app-0", {"spec": {"replicas": 33}}, space, sub="scale")
    world.wait_pods(space, 603)
    wait_until(lambda: max(_ready(world, space)) == 33, 20, "the scaled Deployment ready")


def _ready(world: World, space: str) -> list[int]:
    return [item["status"]["readyReplicas"] for item in world.api.list_all("Deployment", space)]
