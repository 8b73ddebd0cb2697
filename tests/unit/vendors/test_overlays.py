"""Vendors' overlays, by the vendors' own words: CCE user guide "CCE Cluster Autoscaler", ACK's pages on node
scaling."""

from typing import Any

import msgspec
import pytest

from core.analysis.vendors import overlay_of
from core.analysis.vendors.nodes_kept import DEFAULT_POOL, STATIC_NODE, SUBSCRIPTION_NODE
from core.cluster.cloud import ScalingInstance
from core.kube.interning import Shared
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.policy import discover
from tests.unit.build import Object, group, node, pod, policy, snapshot

AUTOSCALED = {"k8s.aliyun.com": "true"}
PREPAID = {"node.alibabacloud.com/instance-charge-type": "PrePaid"}


def _node(**more: Any) -> Node:
    return snapshot(node("n", **more)).nodes["n"]


def _group(name: str = "asg-web") -> NodeGroup:
    return snapshot(group("asg", displayName=name)).groups["asg"]


@pytest.mark.parametrize("vendor", ["ack", "cce"])
def test_only_pay_as_you_go_nodes_that_the_autoscaler_added_ever_go(vendor: str) -> None:
    keeps = overlay_of(vendor).keeps
    assert keeps(_node(labels=AUTOSCALED), _group(), snapshot()) is None
    assert keeps(_node(), _group(), snapshot()) == STATIC_NODE
    assert keeps(_node(labels={**AUTOSCALED, **PREPAID}), _group(), snapshot()) == SUBSCRIPTION_NODE
    assert keeps(_node(labels=AUTOSCALED), _group("default-nodepool"), snapshot()) == DEFAULT_POOL
    assert (
        keeps(_node(labels={**AUTOSCALED, "alibabacloud.com/nodepool-id": "DefaultPool"}), _group(), snapshot())
        == DEFAULT_POOL
    )


def test_what_the_cloud_tells_goes_before_labels() -> None:
    known = _node(labels={"alibabacloud.com/ecs-instance-id": "i-1"})
    created = ScalingInstance(instance_id="i-1", group_id="asg", creation="AutoCreated")
    expanded = snapshot().with_tables(ScalingInstance={"i-1": created})
    assert overlay_of("ack").keeps(known, _group(), expanded) == STATIC_NODE
    marked = msgspec.structs.replace(known, labels=Shared({**known.labels, **AUTOSCALED}))
    assert overlay_of("ack").keeps(marked, _group(), expanded) is None
    brought = msgspec.structs.replace(created, creation="Attached")
    attached = snapshot().with_tables(ScalingInstance={"i-1": brought})
    assert overlay_of("ack").keeps(marked, _group(), attached) == STATIC_NODE


def test_upstream_and_goatscaler_keep_no_node_for_where_it_came_from() -> None:
    for vendor in ("", "goatscaler"):
        assert overlay_of(vendor).keeps(_node(labels=PREPAID), _group("DefaultPool"), snapshot()) is None


def test_a_cce_node_in_a_pool_of_the_users_counts_as_added() -> None:
    assert overlay_of("cce").keeps(_node(labels={"cce.cloud.com/cce-nodepool": "web"}), _group(), snapshot()) is None
    assert (
        overlay_of("cce").keeps(_node(labels={"cce.cloud.com/cce-nodepool": "DefaultPool"}), _group(), snapshot())
        == STATIC_NODE
    )


def test_cce_does_not_count_unavailable_nodes_of_the_default_pool() -> None:
    counts = overlay_of("cce").counts
    broken = {"cce.cloud.com/cce-nodepool": "DefaultPool"}
    assert not counts(_node(ready="False", labels=broken), None)
    assert not counts(_node(ready="False"), _group("DefaultPool"))
    assert counts(_node(labels=broken), None)
    assert counts(_node(ready="False"), _group())
    assert overlay_of("ack").counts(_node(ready="False"), _group("DefaultPool"))


def _templates(**nodes: Object) -> dict[str, Node]:
    return {name: snapshot(made).nodes[name] for name, made in nodes.items()}


def test_a_cpu_group_goes_before_a_gpu_group() -> None:
    templates = _templates(
        gpu=node("gpu", extra={"nvidia.com/gpu": "1"}),
        labelled=node("labelled", labels={"aliyun.accelerator/nvidia_name": "a10"}),
        cpu=node("cpu"),
    )
    plain = list(snapshot(pod("web")).pods.values())
    asking = list(snapshot(pod("train", extra={"nvidia.com/gpu": "1"})).pods.values())
    for vendor in ("ack", "cce"):
        narrow = overlay_of(vendor).narrow
        assert narrow(templates, plain) == ["cpu"]
        assert narrow(templates, asking) == ["gpu", "labelled", "cpu"]
        assert narrow({"gpu": templates["gpu"]}, plain) == ["gpu"]
    assert overlay_of("").narrow(templates, plain) == ["gpu", "labelled", "cpu"]


def test_preferred_affinity_goes_before_the_expander() -> None:
    wish = {"key": "disk", "operator": "In", "values": ["ssd"]}
    preferred = [{"weight": 5, "preference": {"matchExpressions": [wish]}}]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    templates = _templates(hdd=node("hdd", labels={"disk": "hdd"}), ssd=node("ssd", labels={"disk": "ssd"}))
    wishing = list(snapshot(pod("web", spec={"affinity": affinity})).pods.values())
    assert overlay_of("ack").narrow(templates, wishing) == ["ssd"]
    assert overlay_of("").narrow(templates, wishing) == ["hdd", "ssd"]


def test_system_pods_block_for_ever_and_ack_skips_no_node_for_local_storage() -> None:
    for vendor in ("ack", "cce"):
        assert discover(snapshot(policy(ruleSet=vendor))).blocking_system_pod_disruption_timeout is None
    assert not discover(snapshot(policy(ruleSet="ack"))).skip_nodes_with_local_storage
    assert discover(snapshot(policy(ruleSet="cce"))).skip_nodes_with_local_storage
    assert discover(snapshot(policy(ruleSet="ack"))).source("skip_nodes_with_local_storage") == "rule of ack"


def test_goatscaler_knows_least_waste_only() -> None:
    found = discover(snapshot(policy(ruleSet="goatscaler")))
    assert (found.expander, found.source("expander")) == ("least-waste", "rule of goatscaler")


def test_a_person_may_still_ask_what_another_setting_would_do() -> None:
    asked = discover(snapshot(policy(ruleSet="ack", skipNodesWithLocalStorage=True)))
    assert asked.skip_nodes_with_local_storage
    assert discover(snapshot(policy(ruleSet="ack"))).scale_down_gpu_utilization_threshold == 0.3
