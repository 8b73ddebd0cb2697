"""Who runs on ECI, by what ACK's pages say."""

import json
from typing import Any

import pytest

from core.analysis.vendors.eci import Burst, Eci
from tests.unit.build import Object, config_map, node, pod, snapshot

VIRTUAL = node("virtual-kubelet-cn-hangzhou-b", labels={"type": "virtual-kubelet"})


def namespace(**labels: str) -> Object:
    return {"kind": "Namespace", "metadata": {"name": "default", "labels": labels}}


def takes(one: Object, *others: Object) -> Burst | None:
    taken = snapshot(one, *others)
    (found,) = taken.pods.values()
    return Eci(taken).takes(found)


def profile(*selectors: Any) -> Object:
    return config_map("eci-profile", {"vpcId": "vpc-1", "selectors": json.dumps(selectors)})


def test_a_label_on_the_pod_or_its_namespace_sends_it_there() -> None:
    labelled = pod("a", labels={"alibabacloud.com/eci": "true"})
    assert takes(labelled, VIRTUAL) == Burst(True, "label alibabacloud.com/eci=true")
    by_namespace = takes(pod("a"), VIRTUAL, namespace(**{"alibabacloud.com/eci": "true"}))
    assert by_namespace == Burst(True, "label alibabacloud.com/eci=true of namespace default")
    assert takes(pod("a"), VIRTUAL, namespace(team="x")) is None


@pytest.mark.parametrize(("wish", "always"), [("eci", False), ("eci_only", True), ("", None), ("ecs", None)])
def test_burst_resource_says_first_ecs_or_never_ecs(wish: str, always: bool | None) -> None:
    found = takes(pod("a", annotations={"alibabacloud.com/burst-resource": wish}), VIRTUAL)
    assert (found.always if found else None) == always


def test_the_profile_chooses_by_namespace_and_labels_together() -> None:
    both = {
        "name": "jobs",
        "namespaceSelector": {"matchLabels": {"team": "x"}},
        "objectSelector": {"matchLabels": {"app": "web"}},
        "effect": {"annotations": {"k8s.aliyun.com/eci-use-specs": "2-4Gi"}},
    }
    found = takes(pod("a"), VIRTUAL, namespace(team="x"), profile(both))
    assert found == Burst(True, "selector jobs of ConfigMap kube-system/eci-profile")
    assert takes(pod("a"), VIRTUAL, namespace(team="y"), profile(both)) is None
    assert takes(pod("a", labels={"app": "db"}), VIRTUAL, namespace(team="x"), profile(both)) is None


@pytest.mark.parametrize("text", ["", "{", "7", '[1, {"objectSelector": 3}]', '[{"name": "all", "effect": {}}]'])
def test_a_profile_that_cannot_be_read_or_chooses_nobody_sends_nobody(text: str) -> None:
    assert takes(pod("a"), VIRTUAL, config_map("eci-profile", {"selectors": text})) is None


def test_without_a_ready_virtual_node_nobody_runs_there() -> None:
    labelled = pod("a", labels={"alibabacloud.com/eci": "true"})
    assert takes(labelled, node("ecs")) is None
    assert takes(labelled, node("v", labels={"type": "virtual-kubelet"}, ready="False")) is None


def test_pods_of_the_nodes_themselves_never_do() -> None:
    daemon = pod("a", owner="DaemonSet", labels={"alibabacloud.com/eci": "true"})
    assert takes(daemon, VIRTUAL) is None
