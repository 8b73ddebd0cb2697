"""HorizontalPodAutoscalers where no metric has to tell: their bounds, and what is scaled to nothing. How they follow
use is tested on the simulated cluster alone (test_living): the real one has metrics only after two scrapes."""

from typing import Any

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground

API = "autoscaling/v2"


def autoscaler(name: str, low: int, high: int) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    spec = {"minReplicas": low, "maxReplicas": high, "metrics": [{"type": "Resource", "resource": resource}]}
    return {"apiVersion": API, "metadata": {"name": name}, "spec": {"scaleTargetRef": target, **spec}}


def condition(hpa: Json, kind: str) -> Any:
    rows = (hpa.get("status") or {}).get("conditions") or ()
    return next((f"{row['status']} {row['reason']}" for row in rows if row["type"] == kind), None)


async def test_bounds_hold_whatever_is_used(ground: Ground) -> None:
    """Without a node no pod runs, so nothing is used and only the bounds count."""
    for name, replicas in (("few", 1), ("many", 6), ("none", 0)):
        made = objects.workload("Deployment", name, replicas, nodeSelector={"wire": "nowhere"})
        await ground.make("deployments", made)
        reply = await ground.admin.post(ground.at("horizontalpodautoscalers", api=API), autoscaler(name, 2, 4))
        assert reply.code == 201, reply.text

    def replicas_of(wanted: int) -> Any:
        return lambda one: one["spec"]["replicas"] == wanted

    await ground.until(ground.at("deployments", "few"), replicas_of(2), "two replicas", 60)
    await ground.until(ground.at("deployments", "many"), replicas_of(4), "four replicas", 60)
    path = ground.at("horizontalpodautoscalers", "none", API)
    off = "False ScalingDisabled"
    await ground.until(path, lambda one: condition(one, "ScalingActive") == off, "to stay out of it", 60)
    assert (await ground.admin.get(ground.at("deployments", "none"))).body["spec"]["replicas"] == 0


async def test_a_target_that_is_not_there(ground: Ground) -> None:
    await ground.admin.post(ground.at("horizontalpodautoscalers", api=API), autoscaler("absent", 1, 4))
    path = ground.at("horizontalpodautoscalers", "absent", API)
    wanted = "False FailedGetScale"
    await ground.until(path, lambda one: condition(one, "AbleToScale") == wanted, "the missing target", 60)
