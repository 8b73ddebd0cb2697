"""Controllers, scheduler and kubelets: what becomes of workloads, in either cluster."""

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground


async def test_a_deployment_and_its_replica_set(ground: Ground) -> None:
    await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "web", 2, **ground.here))
    pods = await ground.pods(2, "web")
    owner = pods[0]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("ReplicaSet", True, True)
    replica_set = (await ground.admin.get(ground.at("replicasets", owner["name"]))).body
    assert replica_set["metadata"]["ownerReferences"][0]["name"] == "web"
    assert "pod-template-hash" in pods[0]["metadata"]["labels"]
    found = await ground.until(
        ground.at("deployments", "web"), lambda d: d["status"].get("availableReplicas") == 2, "two available"
    )
    assert objects.conditions(found) == {"Available": "True", "Progressing": "True"}
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    running = pods[0]["status"]
    assert running["phase"] == "Running"
    assert running["podIP"]
    assert objects.conditions(pods[0]) | {"PodReadyToStartContainers": "True"} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
        "PodScheduled": "True",
    }


async def test_a_rollout(ground: Ground) -> None:
    await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "web", 3, **ground.here))
    first = {pod["metadata"]["name"] for pod in await ground.pods(3, "web")}
    change = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    await ground.admin.patch(ground.at("deployments", "web"), change)
    await ground.until(
        ground.at("deployments", "web"),
        lambda d: (
            d["status"].get("updatedReplicas") == d["status"].get("availableReplicas") == 3
            and d["status"]["replicas"] == 3
            and d["status"]["observedGeneration"] == 2
        ),
        "the rollout",
    )
    second = {pod["metadata"]["name"] for pod in await ground.pods(3, "web")}
    assert not first & second
    sets = (await ground.admin.get(ground.at("replicasets"))).body["items"]
    assert sorted(s["spec"]["replicas"] for s in sets) == [0, 3]


async def test_scaling_in_takes_the_cheapest_pod(ground: Ground) -> None:
    await ground.node()
    await ground.make("replicasets", objects.workload("ReplicaSet", "web", 3, **ground.here))
    pods = await ground.pods(3, "web")
    cheap = pods[1]["metadata"]["name"]
    cost = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}}}
    await ground.admin.patch(ground.at("pods", cheap), cost)
    await ground.admin.patch(ground.at("replicasets", "web"), {"spec": {"replicas": 2}})
    left = {pod["metadata"]["name"] for pod in await ground.pods(2, "web")}
    assert left == {pod["metadata"]["name"] for pod in pods} - {cheap}


async def test_stateful_sets_go_in_order(ground: Ground) -> None:
    await ground.node()
    await ground.make("statefulsets", objects.workload("StatefulSet", "db", 3, **ground.here))
    pods = await ground.pods(3, "db")
    assert [pod["metadata"]["name"] for pod in pods] == ["db-0", "db-1", "db-2"]
    made = [pod["metadata"]["resourceVersion"] for pod in pods]
    assert len(set(made)) == 3
    assert pods[0]["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0"
    await ground.admin.patch(ground.at("statefulsets", "db"), {"spec": {"replicas": 1}})
    assert [pod["metadata"]["name"] for pod in await ground.pods(1, "db")] == ["db-0"]


async def test_daemon_sets_follow_nodes(ground: Ground) -> None:
    first = await ground.node()
    await ground.make("daemonsets", objects.workload("DaemonSet", "agent", None, **ground.here))
    pods = await ground.pods(1, "agent")
    assert pods[0]["spec"]["nodeName"] == first
    second = await ground.node()
    pods = await ground.pods(2, "agent")
    assert {pod["spec"]["nodeName"] for pod in pods} == {first, second}
    found = await ground.until(
        ground.at("daemonsets", "agent"), lambda d: d["status"].get("numberReady") == 2, "two daemons"
    )
    assert found["status"]["desiredNumberScheduled"] == 2
    await ground.admin.patch(f"/api/v1/nodes/{second}", {"spec": {"unschedulable": True}})
    cordoned = await ground.until(f"/api/v1/nodes/{second}", lambda n: n["spec"].get("taints"), "the cordon's taint")
    taint = cordoned["spec"]["taints"][0]
    assert (taint["key"], taint["effect"]) == ("node.kubernetes.io/unschedulable", "NoSchedule")
    assert len(await ground.pods(2, "agent")) == 2


async def test_a_job_ends(ground: Ground) -> None:
    await ground.node()
    spec = objects.template("work", restartPolicy="Never", **ground.here)
    spec["metadata"]["annotations"] = {"sim.vacancy/run-seconds": "0.1"}
    await ground.make("jobs", {"metadata": {"name": "work"}, "spec": {"completions": 2, "template": spec}})
    found = await ground.until(
        ground.at("jobs", "work"), lambda j: objects.conditions(j).get("Complete") == "True", "the end"
    )
    assert found["status"]["succeeded"] == 2
    assert found["status"]["completionTime"]
    labels = found["spec"]["template"]["metadata"]["labels"]
    assert labels["batch.kubernetes.io/job-name"] == "work"


async def test_a_job_waits_while_suspended_and_goes_after_its_time(ground: Ground) -> None:
    await ground.node()
    spec = objects.template("work", restartPolicy="Never", **ground.here)
    spec["metadata"]["annotations"] = {"sim.vacancy/run-seconds": "0.1"}
    made = {"suspend": True, "ttlSecondsAfterFinished": 1, "template": spec}
    await ground.make("jobs", {"metadata": {"name": "work"}, "spec": made})
    path = ground.at("jobs", "work")
    await ground.until(path, lambda j: objects.conditions(j).get("Suspended") == "True", "it to be suspended")
    assert (await ground.admin.get(ground.at("pods"))).body["items"] == []
    await ground.admin.patch(path, {"spec": {"suspend": False}})
    await ground.until(ground.at("jobs"), lambda found: not found["items"], "it to run, end and go")


def _unscheduled(found: Json) -> Json:
    conditions: list[Json] = found["status"].get("conditions", [])
    return next((c for c in conditions if c["type"] == "PodScheduled"), {})


async def test_a_pod_that_fits_nowhere(ground: Ground) -> None:
    await ground.node(cpu="1")
    await ground.make("pods", objects.pod("huge", "64", **ground.here))
    found = await ground.until(ground.at("pods", "huge"), _unscheduled, "a verdict")
    condition = _unscheduled(found)
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    message = condition["message"]
    assert "1 Insufficient cpu" in message
    assert message.startswith("0/1 nodes are available: 1 Insufficient cpu. ")
    assert message.endswith("preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")
    events = await ground.until(
        f"{ground.at('events')}?fieldSelector=involvedObject.name%3Dhuge,reason%3DFailedScheduling",
        lambda found: found["items"],
        "an event",
    )
    event = events["items"][0]
    assert (event["type"], event["message"]) == ("Warning", message)


async def test_each_reason_is_counted(ground: Ground) -> None:
    full, tainted, cordoned = [await ground.node(cpu=cpu) for cpu in ("1", "4", "4")]
    await ground.node(cpu="4", other="yes")
    taint = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    await ground.admin.patch(f"/api/v1/nodes/{tainted}", {"spec": {"taints": [taint]}})
    await ground.admin.patch(f"/api/v1/nodes/{cordoned}", {"spec": {"unschedulable": True}})
    wanted = {"nodeSelector": {"wire": ground.namespace, "kubernetes.io/hostname": full}}
    await ground.make("pods", objects.pod("filler", "700m", **wanted))
    await ground.pods(1, "filler")
    affinity = {"key": "other", "operator": "DoesNotExist"}
    required = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}
    }
    await ground.make("pods", objects.pod("one", "600m", affinity={"nodeAffinity": required}))

    def all_counted(found: Json) -> bool:
        return str(_unscheduled(found).get("message")).startswith("0/4 nodes")

    found = await ground.until(ground.at("pods", "one"), all_counted, "a verdict over four nodes")
    assert _unscheduled(found)["message"] == (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, "
        "preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, "
        "3 Preemption is not helpful for scheduling."
    )
    await ground.admin.patch(f"/api/v1/nodes/{cordoned}", {"spec": {"unschedulable": False}})
    await ground.pods(1, "one")


async def test_spread_and_anti_affinity(ground: Ground) -> None:
    for zone in ("a", "b"):
        await ground.node(**{"topology.kubernetes.io/zone": zone})
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "even"}},
    }
    await ground.make(
        "replicasets", objects.workload("ReplicaSet", "even", 4, **ground.here, topologySpreadConstraints=[spread])
    )
    nodes = [pod["spec"]["nodeName"] for pod in await ground.pods(4, "even")]
    assert sorted(nodes.count(node) for node in set(nodes)) == [2, 2]
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "apart"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    await ground.make("replicasets", objects.workload("ReplicaSet", "apart", 3, **ground.here, affinity=affinity))

    def two_placed(found: Json) -> bool:
        items = found["items"]
        waiting = [item for item in items if _unscheduled(item).get("message")]
        placed: list[Json] = [item for item in items if "nodeName" in item["spec"]]
        return len(placed) == 2 and len(waiting) == 1

    found = await ground.until(f"{ground.at('pods')}?labelSelector=app%3Dapart", two_placed, "two of three placed")
    waiting = next(pod for pod in found["items"] if "nodeName" not in pod["spec"])
    assert "2 node(s) didn't match pod anti-affinity rules" in _unscheduled(waiting)["message"]


async def test_owners_take_their_dependents_along(ground: Ground) -> None:
    await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "web", 2, **ground.here))
    await ground.pods(2, "web")
    reply = await ground.admin.delete(ground.at("deployments", "web"), {"propagationPolicy": "Foreground"})
    assert reply.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    for plural in ("pods", "replicasets", "deployments"):
        await ground.until(ground.at(plural), lambda found: not found["items"], f"no {plural}")


async def test_orphans_stay(ground: Ground) -> None:
    await ground.node()
    await ground.make("replicasets", objects.workload("ReplicaSet", "web", 1, **ground.here))
    await ground.pods(1, "web")
    await ground.admin.delete(ground.at("replicasets", "web"), {"propagationPolicy": "Orphan"})
    await ground.until(ground.at("replicasets"), lambda found: not found["items"], "no replica set")
    pod, *_ = await ground.pods(1, "web")
    assert "ownerReferences" not in pod["metadata"]


async def test_a_namespace_goes_with_all_it_holds(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    path = f"/api/v1/namespaces/{ground.namespace}"
    deleted = (await ground.admin.delete(path)).body
    assert deleted["status"]["phase"] == "Terminating"
    late = await ground.admin.post(ground.at("configmaps"), objects.config_map("late"))
    assert late.code in (403, 404)
    if late.code == 403:
        assert late.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"


async def test_pods_of_a_deleted_node_go(ground: Ground) -> None:
    name = await ground.node()
    await ground.make("pods", objects.pod("one", **ground.here))
    await ground.pods(1, "one")
    assert (await ground.admin.delete(f"/api/v1/nodes/{name}")).code == 200
    await ground.until(ground.at("pods"), lambda found: not found["items"], "no pods", 90)


async def test_binding_by_hand(ground: Ground) -> None:
    name = await ground.node()
    await ground.make("pods", objects.pod("one", schedulerName="nobody", **ground.here))
    target = {"metadata": {"name": "one"}, "target": {"kind": "Node", "name": name}}
    bound = await ground.admin.post(f"{ground.at('pods', 'one')}/binding", target)
    assert (bound.code, bound.body["status"]) == (201, "Success")
    again = await ground.admin.post(f"{ground.at('pods', 'one')}/binding", target)
    assert (again.code, again.reason) == (409, "Conflict")
    assert again.message.endswith(f'pod one is already assigned to node "{name}"')
