"""The node that a group would add."""

import pytest

from core.analysis.pending.templates import Template
from core.scheduling.refusal import Refusal
from tests.unit.build import Object, at, node, pod, workload
from tests.unit.pending.small import answer, decide, pending_pod, pool, template


def made(*objects: Object, **settings: object) -> Template:
    return decide(*objects, **settings).templates["g"]


def daemonset(name: str = "ds", **spec: object) -> Object:
    containers = [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]
    inner = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, **spec}}
    found = workload("DaemonSet", name, "kube-system", template=inner)
    found["metadata"]["uid"] = f"own-{name}"
    return found


def test_a_good_node_is_the_model_and_loses_what_is_its_own() -> None:
    taints = [
        {"key": "node.kubernetes.io/not-ready", "effect": "PreferNoSchedule"},
        {"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"},
        {"key": "startup-taint.cluster-autoscaler.kubernetes.io/x", "effect": "NoSchedule"},
        {"key": "own", "effect": "NoSchedule"},
        {"key": "stay", "effect": "NoSchedule"},
    ]
    model = node("a", labels={"disk": "ssd"}, taints=taints[1:])
    found = made(model, pool("g", ("a",)), startupTaint="own")
    assert found.source == "node a"
    assert [taint.key for taint in found.node.taints] == ["stay"]
    assert found.node.labels["kubernetes.io/hostname"] == found.node.name == "template-node-for-g"
    assert found.node.labels["disk"] == "ssd"


@pytest.mark.parametrize(
    "bad",
    [
        node("a", ready="False"),
        node("a", unschedulable=True),
        node("a", taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": "1"}]),
        node("a", taints=[{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]),
    ],
)
def test_a_bad_node_is_no_model(bad: Object) -> None:
    assert made(bad, pool("g", ("a",))).source == "template"


def test_a_node_that_just_became_ready_is_no_model() -> None:
    fresh = node("a")
    fresh["status"]["conditions"][0]["lastTransitionTime"] = at(30)
    assert made(fresh, pool("g", ("a",))).source == "template"


def test_without_a_template_any_node_is_better_than_none() -> None:
    group: Object = {"kind": "NodeGroup", "metadata": {"name": "g"}, "spec": {"maxSize": 3, "nodes": ["a"]}}
    assert made(node("a", ready="False"), group).source == "node a"
    empty: Object = {"kind": "NodeGroup", "metadata": {"name": "g"}, "spec": {"maxSize": 3, "nodes": []}}
    assert decide(empty).templates == {}


def test_the_policy_may_ask_for_the_template() -> None:
    assert made(node("a"), pool("g", ("a",)), templateSource="template").source == "template"


def test_daemonsets_run_on_a_template_where_they_would() -> None:
    tainted = pool("g", taints=[{"key": "dedicated", "effect": "NoSchedule"}])
    tolerant = daemonset("all", tolerations=[{"operator": "Exists"}])
    elsewhere = daemonset("other", nodeSelector={"pool": "x"}, tolerations=[{"operator": "Exists"}])
    found = made(tainted, tolerant, elsewhere, daemonset("shy"))
    assert [one.name for one in found.pods] == ["all"]


def test_daemon_pods_take_room_on_a_new_node() -> None:
    found = decide(pool("g"), daemonset(), pending_pod("p", cpu="3500m"), pending_pod("q", cpu="3"))
    assert answer(found, "p", "g") == Refusal("NodeResourcesFit", ("Insufficient cpu",))
    assert answer(found, "q", "g") is None


def test_a_model_brings_its_own_daemon_and_static_pods_only() -> None:
    running = pod("kube-system/ds-1", on="a", owner="DaemonSet", owner_name="ds", cpu="1")
    static = pod("kube-system/s", on="a", owner="Node", annotations={"kubernetes.io/config.mirror": "x"})
    leaving = pod("kube-system/l", on="a", owner="DaemonSet", meta={"deletionTimestamp": at(0)})
    world = (node("a"), pool("g", ("a",)), running, static, leaving, pod("default/web", on="a"), daemonset("new"))
    assert [one.name for one in made(*world).pods] == ["ds-1", "s"]
    assert "new" in [one.name for one in made(*world, forceDs=True).pods]


def test_critical_daemonsets_are_added_to_models_by_newer_rules() -> None:
    critical = daemonset("crit", priorityClassName="system-node-critical")
    world = (node("a"), pool("g", ("a",)), critical)
    assert [one.name for one in made(*world).pods] == ["crit"]
    assert made(*world, ruleSet="cluster-autoscaler 1.30").pods == ()


def test_a_group_of_several_types_is_judged_type_by_type() -> None:
    small = template("g", "2", labels={"node.kubernetes.io/instance-type": "ecs.small"})
    large = template("g", "8", labels={"node.kubernetes.io/instance-type": "ecs.large"})
    group: Object = {
        "kind": "NodeGroup",
        "metadata": {"name": "g"},
        "spec": {"maxSize": 3, "nodes": [], "templates": [small, large]},
    }
    found = decide(group, pending_pod("p", cpu="4"))
    types = found.pods[0].types["g"]
    assert {name: refusal is None for name, refusal in types.items()} == {"ecs.small": False, "ecs.large": True}
    assert answer(found, "p", "g") is not None, "the first type is what comes"
