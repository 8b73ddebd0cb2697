"""Single pods in either cluster: how they end, what gives them their priority, and what a taint does to them."""

from typing import Any

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground


async def running(ground: Ground, name: str, **spec: Any) -> Json:
    """A ready pod on a node of this test's own."""
    await ground.make("pods", objects.pod(name, **ground.here, **spec))
    ready = lambda pod: objects.conditions(pod).get("Ready") == "True"  # noqa: E731
    return await ground.until(ground.at("pods", name), ready, "the pod to be ready")


async def test_a_deleted_pod_has_its_grace(ground: Ground) -> None:
    """On a node without a kubelet, which would end the grace as soon as it can."""
    await ground.make("pods", objects.pod("one", nodeName=f"{ground.namespace}-ghost", terminationGracePeriodSeconds=7))
    answer = (await ground.admin.delete(ground.at("pods", "one"))).body
    assert (answer["kind"], answer["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 7)
    assert answer["metadata"]["deletionTimestamp"] > answer["metadata"]["creationTimestamp"]
    shorter = (await ground.admin.delete(ground.at("pods", "one"), {"gracePeriodSeconds": 3})).body
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 3
    longer = (await ground.admin.delete(ground.at("pods", "one"), {"gracePeriodSeconds": 20})).body
    assert longer["metadata"]["deletionGracePeriodSeconds"] == 3
    await ground.admin.delete(ground.at("pods", "one"), {"gracePeriodSeconds": 0})
    assert (await ground.admin.get(ground.at("pods", "one"))).code == 404


async def test_a_pod_that_runs_nowhere_goes_at_once(ground: Ground) -> None:
    await ground.make("pods", objects.pod("one", nodeSelector={"wire": "nowhere"}))
    assert (await ground.admin.delete(ground.at("pods", "one"))).code == 200
    assert (await ground.admin.get(ground.at("pods", "one"))).code == 404


async def test_an_eviction_means_one_pod(ground: Ground) -> None:
    await ground.node()
    pod = await running(ground, "one")
    path = ground.at("pods", "one") + "/eviction"
    alien = {"uid": "11111111-2222-3333-4444-555555555555"}
    refused = await ground.admin.post(path, objects.eviction("one", preconditions=alien))
    assert (refused.code, refused.reason) == (409, "Conflict")
    assert (await ground.admin.get(ground.at("pods", "one"))).body["metadata"].get("deletionTimestamp") is None
    right = {"uid": pod["metadata"]["uid"]}
    assert (await ground.admin.post(path, objects.eviction("one", preconditions=right))).code == 201


async def test_a_taint_drives_out_who_does_not_tolerate_it(ground: Ground) -> None:
    node = await ground.node()
    await running(ground, "leaves")
    stays = {"key": "wire", "operator": "Exists", "effect": "NoExecute"}
    await running(ground, "stays", tolerations=[stays])
    taint = {"spec": {"taints": [{"key": "wire", "value": "x", "effect": "NoExecute"}]}}
    await ground.admin.patch(f"/api/v1/nodes/{node}", taint)

    def left(found: Json) -> bool:
        return [pod["metadata"]["name"] for pod in found["items"]] == ["stays"]

    await ground.until(ground.at("pods"), left, "one pod to leave")


async def test_priority_comes_from_a_class(ground: Ground) -> None:
    name = f"{ground.namespace}-high"
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    made = await ground.admin.post(classes, {"metadata": {"name": name}, "value": 1000})
    assert made.body["preemptionPolicy"] == "PreemptLowerPriority"
    try:
        pod = await ground.make("pods", objects.pod("one", priorityClassName=name, nodeSelector={"wire": "nowhere"}))
        assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (1000, "PreemptLowerPriority")
        refused = await ground.admin.post(ground.at("pods"), objects.pod("two", priorityClassName="none-such"))
        assert refused.code == 403
        assert "no PriorityClass with name none-such was found" in refused.message
        system = await ground.make("pods", objects.pod("three", nodeSelector={"wire": "nowhere"}))
        assert system["spec"]["priority"] == 0
    finally:
        await ground.admin.delete(f"{classes}/{name}")


async def test_the_status_of_a_node_may_bring_metadata(ground: Ground) -> None:
    path = f"/api/v1/nodes/{await ground.node()}"
    condition = {"type": "Wire", "status": "True", "reason": "Test", "message": "words"}
    patch = {"metadata": {"annotations": {"wire": "1"}}, "spec": {"unschedulable": True}}
    answer = await ground.admin.patch(f"{path}/status", {**patch, "status": {"conditions": [condition]}})
    assert answer.code == 200
    assert answer.body["metadata"]["annotations"]["wire"] == "1"
    assert "unschedulable" not in answer.body["spec"]
    assert objects.conditions(answer.body)["Wire"] == "True"


async def test_pods_go_after_their_owner(ground: Ground) -> None:
    await ground.node()
    await ground.make("replicasets", objects.workload("ReplicaSet", "web", 2, **ground.here))
    await ground.pods(2, "web")
    await ground.admin.delete(ground.at("replicasets", "web"), {"propagationPolicy": "Background"})
    assert (await ground.admin.get(ground.at("replicasets", "web"))).code == 404
    await ground.until(ground.at("pods"), lambda found: not found["items"], "the pods to go")
