"""What each kind keeps of its JSON. Broken objects are in test_hostile, pods in test_pod_wire."""

from typing import Any

import msgspec
import pytest

from core.errors import InputError
from core.kube import kinds, timestamps
from core.kube.own_kinds import written
from tests.unit.kube.samples import BY_KIND, WHEN, Object

AT = timestamps.seconds(WHEN)


def read(kind: str, document: Object | None = None) -> Any:
    return kinds.BY_NAME[kind].codec.item(msgspec.json.encode(BY_KIND[kind] if document is None else document))


def test_a_node_in_integers_with_what_its_labels_and_provider_say() -> None:
    node = read("Node")
    assert (node.capacity["cpu"], node.allocatable["cpu"], node.allocatable["memory"]) == (4000, 3900, 15 * 2**30)
    assert (node.pool, node.region, node.instance_id) == ("np1", "cn-hangzhou", "i-bp1abc")
    assert (node.ready, node.unschedulable, node.virtual, node.created) == (True, True, False, AT)
    assert [(taint.key, taint.value, taint.effect) for taint in node.taints] == [("k", "v", "NoSchedule")]


def test_a_node_without_a_status_has_nothing_and_is_neither_ready_nor_not() -> None:
    node = read("Node", {"metadata": {"name": "a"}})
    assert (node.allocatable, node.ready, node.labels, node.taints) == ({}, None, {}, ())


def test_what_a_node_can_give_is_what_it_has_where_nothing_else_is_said() -> None:
    node = read("Node", {"metadata": {"name": "a"}, "status": {"capacity": {"cpu": "2"}}})
    assert node.allocatable == {"cpu": 2000}


@pytest.mark.parametrize(
    ("provider", "instance"),
    [("cn-a.i-1", "i-1"), ("alicloud://cn-a.i-1", "i-1"), ("cn-a/i-1", "i-1"), ("kwok://x", ""), ("aws:///z/i-0", "")],
)
def test_the_instance_of_a_node(provider: str, instance: str) -> None:
    assert read("Node", {"metadata": {"name": "a"}, "spec": {"providerID": provider}}).instance_id == instance


def test_usage_of_nodes_and_of_pods_container_by_container() -> None:
    node, pod = read("NodeMetrics"), read("PodMetrics")
    assert (node.key, node.at, node.usage) == ("a", AT, {"cpu": 1500, "memory": 2 * 2**30})
    assert (pod.key, pod.usage) == ("ns/a", {"cpu": 1500, "memory": 2 * 2**30})
    assert read("PodMetrics", {"metadata": {"name": "p", "namespace": "n"}}).usage == {}


def test_nanocores_round_up() -> None:
    assert read("NodeMetrics", {"metadata": {"name": "a"}, "usage": {"cpu": "1n"}}).usage == {"cpu": 1}


@pytest.mark.parametrize(
    ("kind", "replicas", "current", "ready"),
    [
        ("Deployment", 3, 3, 2),
        ("StatefulSet", 3, 3, 2),
        ("DaemonSet", None, 3, 2),
        ("Job", 2, 1, None),
        ("CronJob", None, None, None),
    ],
)
def test_how_many_pods_a_workload_wants_and_has(
    kind: str, replicas: int | None, current: int | None, ready: int | None
) -> None:
    workload = read(kind)
    assert (workload.replicas, workload.current, workload.ready) == (replicas, current, ready)


def test_a_workload_wants_one_where_it_doesnt_say() -> None:
    assert read("Deployment", {"metadata": {"name": "a"}, "spec": {}}).replicas == 1
    assert read("Deployment", {"metadata": {"name": "a"}, "spec": {"replicas": 0}}).replicas == 0


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob", "DaemonSet", "CloneSet"])
def test_a_workloads_template_is_a_pod_as_it_would_make_it(kind: str) -> None:
    template = read(kind).template
    assert (template.key, template.labels) == ("ns/a", {"app": "web"})
    assert template.shape.requests == {"cpu": 1650, "memory": 2 * 2**30}


def test_selectors_old_and_new() -> None:
    assert read("ReplicationController").selector.matches({"app": "web"})
    new = read("Deployment").selector
    assert new.matches({"app": "web", "tier": "front"})
    assert not new.matches({"app": "web"})
    assert read("Deployment", {"metadata": {"name": "a"}, "spec": {"selector": None}}).selector is None


def test_command_lines_are_kept_of_autoscalers_only() -> None:
    named = {**BY_KIND["Deployment"], "metadata": {"name": "cluster-autoscaler", "namespace": "kube-system"}}
    assert read("Deployment", named).programs[0].arguments == ("--v=1",)
    assert read("Deployment").programs == ()


def test_a_budget_says_how_many_may_go_or_that_nobody_knows() -> None:
    budget = read("PodDisruptionBudget")
    assert (budget.allowed, budget.current_healthy, budget.expected) == (1, 3, 3)
    assert (budget.min_available, budget.max_unavailable, budget.namespace) == ("50%", "", "ns")
    assert read("PodDisruptionBudget", {"metadata": {"name": "a"}}).allowed is None


def test_no_selector_is_nobody_and_an_empty_one_is_everybody() -> None:
    assert read("PodDisruptionBudget", {"metadata": {"name": "a"}, "spec": {}}).selector is None
    everybody = read("PodDisruptionBudget", {"metadata": {"name": "a"}, "spec": {"selector": {}}})
    assert everybody.selector.matches({"any": "thing"})


def test_kruises_budgets_count_what_is_unavailable() -> None:
    spec = {"targetRef": {"kind": "CloneSet", "name": "w"}, "maxUnavailable": 1}
    status = {"unavailableAllowed": 0, "currentAvailable": 2, "desiredAvailable": 2, "totalReplicas": 3}
    budget = read("PodUnavailableBudget", {"metadata": {"name": "a"}, "spec": spec, "status": status})
    assert (budget.allowed, budget.current_healthy, budget.expected, budget.target) == (0, 2, 3, ("CloneSet", "w"))


def test_claims_and_volumes() -> None:
    claim, volume = read("PersistentVolumeClaim"), read("PersistentVolume")
    assert (claim.key, claim.volume, claim.requested, claim.phase) == ("ns/a", "pv", 20 * 2**30, "Bound")
    assert (volume.key, volume.claim, volume.capacity, volume.handle) == ("a", "ns/data", 20 * 2**30, "d-1")


def test_no_class_and_the_empty_class_are_not_the_same() -> None:
    bare: Object = {"metadata": {"name": "a"}, "spec": {}}
    assert read("PersistentVolumeClaim", bare).storage_class is None
    assert read("PersistentVolumeClaim", {**bare, "spec": {"storageClassName": ""}}).storage_class == ""


def test_classes_drivers_and_attachments() -> None:
    found = read("StorageClass")
    assert (found.late, found.default, found.allowed_topologies) == (True, True, ((("zone", ("a",)),),))
    assert read("CSINode").limits == {"d": 15}
    assert read("CSIDriver").storage_capacity is True
    capacity = read("CSIStorageCapacity")
    assert (capacity.storage_class, capacity.capacity, capacity.maximum) == ("fast", 100 * 2**30, 10 * 2**30)
    attachment = read("VolumeAttachment")
    assert (attachment.driver, attachment.node, attachment.volume) == ("d", "n1", "pv")


def test_an_event_and_what_it_is_about() -> None:
    event = read("Event")
    assert (event.type, event.reason, event.count, event.source) == (
        "Warning",
        "FailedScheduling",
        4,
        "default-scheduler",
    )
    assert (event.about_kind, event.about, event.first, event.last) == ("Pod", "ns/p", AT, (AT or 0) + 300)


def test_an_event_on_a_node_is_about_its_bare_name() -> None:
    document = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Node", "namespace": "default", "name": "n1"}}
    assert read("Event", document).about == "n1"


def test_an_event_of_the_new_sort_counts_its_series() -> None:
    series = {"count": 9, "lastObservedTime": "2026-01-15T12:10:00Z"}
    document = {"metadata": {"name": "e"}, "eventTime": WHEN, "series": series, "reportingComponent": "x"}
    event = read("Event", document)
    assert (event.count, event.first, event.last, event.source) == (9, AT, (AT or 0) + 600, "x")


def test_kinds_that_are_kept_as_they_come() -> None:
    found = read("ConfigMap")
    assert (found.key, found.spec, found.status, found.data) == (
        "ns/a",
        {"a": {"b": [1]}},
        {"phase": "x"},
        {"key": "value"},
    )
    assert found.owner.name == "o"
    assert read("ConfigMap", {"metadata": {"name": "a"}}).data == {}


def test_a_group_of_our_own_and_its_template() -> None:
    group = read("NodeGroup")
    assert (group.id, group.name, group.pool, group.min_size, group.max_size) == ("asg-1", "web", "np1", 1, 5)
    assert (group.nodes, group.autoscaling, group.desired_size) == (("n1",), True, None)
    (template,) = group.templates
    assert (template.labels, template.capacity["cpu"]) == ({"a": "b"}, 1500)


def test_a_group_is_written_as_it_is_read() -> None:
    """Quantities in other words, the same amounts: a second reading finds nothing new to write."""
    group = read("NodeGroup")
    once = written(group)
    again = read("NodeGroup", msgspec.json.decode(msgspec.json.encode(once)))
    assert msgspec.to_builtins(written(again)) == msgspec.to_builtins(once)
    assert (again.name, again.max_size, again.nodes) == (group.name, group.max_size, group.nodes)
    (template,), (before,) = again.templates, group.templates
    assert (template.labels, template.taints, template.capacity) == (before.labels, before.taints, before.capacity)


def test_a_group_with_one_template_and_one_with_none() -> None:
    one = read("NodeGroup", {"metadata": {"name": "g"}, "spec": {"template": {"status": {"capacity": {"cpu": "1"}}}}})
    assert [template.name for template in one.templates] == ["template-node-for-g"]
    assert read("NodeGroup", {"metadata": {"name": "g"}}).templates == ()


def test_a_misspelt_setting_of_a_group_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"NodeGroup 'g'.*maxsize"):
        read("NodeGroup", {"metadata": {"name": "g"}, "spec": {"maxsize": 3}})


def test_a_policy_needs_no_name() -> None:
    assert (read("AutoscalerPolicy", {"spec": {"expander": "random"}}).key) == "default"
