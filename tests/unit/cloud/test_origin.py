"""How a node came to be, for each of the ways, and honestly unknown for all the rest."""

from typing import Any

import pytest

from core.analysis import origin
from core.analysis.origin import How, Origin
from core.cluster.cloud import ClusterNode, Instance, ScalingActivity, UserDataOf
from core.kube.node import Node
from tests.unit.cloud.facts import CLUSTER, JOIN, member, member_node, snapshot, user_data

I = "i-bp1a"  # noqa: E741  # the machine of all these tests


def of(node: Node, *facts: Any) -> Origin:
    return origin.of(node, snapshot(node, *facts).table)


def test_a_virtual_node() -> None:
    assert of(member_node(I, labels={"type": "virtual-kubelet"})).how is How.VIRTUAL


@pytest.mark.parametrize("label", ["goatscaler.io/managed", "goatscaler.io/provision-task-id"])
def test_goatscalers_nodes_need_no_cloud(label: str) -> None:
    found = of(member_node(I, labels={label: "true"}))
    assert (found.how, label in found.because) == (How.AUTOSCALED, True)


def test_the_autoscalers_label_counts_only_together_with_ess() -> None:
    marked = member_node(I, labels={"k8s.aliyun.com": "true"})
    assert of(marked).how is How.UNKNOWN
    assert of(marked, member(I)).how is How.AUTOSCALED
    assert of(marked, member(I, "Attached")).how is How.UNKNOWN


@pytest.mark.parametrize(
    ("metadata", "how"),
    [
        ('{"cluster-autoscaler/alicloud/managed":"true"}', How.AUTOSCALED),
        ('{"goatscaler.io/managed":"true"}', How.AUTOSCALED),
        ('{"by":"somebody"}', How.EXPANDED),
        ("", How.EXPANDED),
    ],
)
def test_the_activity_tells_on_whose_behalf_a_machine_was_made(metadata: str, how: How) -> None:
    activity = ScalingActivity(id="asa-1", metadata=metadata, trigger="APIs")
    found = of(member_node(I), member(I, activity_id="asa-1"), activity)
    assert found.how is how
    assert "asa-1" in found.because
    assert "AutoCreated in asg-1" in found.because


def test_made_by_ess_without_any_mark_is_expanded() -> None:
    assert of(member_node(I), member(I)).how is How.EXPANDED


@pytest.mark.parametrize("creation", ["Attached", "Managed"])
def test_userdata_tells_the_two_ways_of_attaching_apart(creation: str) -> None:
    node, there = member_node(I), member(I, creation)
    assert of(node, there, UserDataOf(I, user_data(JOIN))).how is How.ATTACHED_AUTO
    assert of(node, there, UserDataOf(I, user_data(""))).how is How.ATTACHED_MANUAL
    assert of(node, there, UserDataOf(I, user_data("yum install -y htop"))).how is How.ATTACHED_MANUAL
    unread = of(node, there)
    assert (unread.how, unread.attached) == (How.UNKNOWN, True)
    assert "userdata was not read" in unread.because


def test_the_ack_api_knows_machines_in_no_group() -> None:
    node = member_node(I, pool="")
    listed = ClusterNode(instance_id=I, source="manual")
    assert of(node, listed, UserDataOf(I, user_data(""))).how is How.ATTACHED_MANUAL
    made = of(node, ClusterNode(instance_id=I, source="ess"))
    assert (made.how, made.attached) == (How.UNKNOWN, False)


def test_a_tagged_machine_in_no_group_was_attached() -> None:
    node, machine = member_node(I, pool=""), Instance(id=I, tags={"ack.aliyun.com": CLUSTER})
    facts = (machine, UserDataOf(I, user_data("")))
    assert of(node, *facts, member("i-other")).how is How.ATTACHED_MANUAL
    assert of(node, *facts).how is How.UNKNOWN, "no group was read, so it may be in one"
    in_group = Instance(id=I, tags={"ack.aliyun.com": CLUSTER, "acs:autoscaling:scalingGroupId": "asg-9"})
    assert not of(node, in_group, member("i-other")).attached, "a group has it, which was not read"


@pytest.mark.parametrize("label", origin.EXTERNAL_LABELS)
def test_external_by_label(label: str) -> None:
    assert of(member_node(I, labels={label: "true"})).how is How.EXTERNAL


def test_external_by_the_ack_api() -> None:
    node = member_node("x", pool="")
    assert of(node, ClusterNode(node_name=node.name, is_aliyun_node=False)).how is How.EXTERNAL


def test_a_registered_clusters_elastic_node_is_expanded_all_the_same() -> None:
    assert of(member_node(I, labels={"alibabacloud.com/external": "true"}), member(I)).how is How.EXPANDED


def test_no_cloud_and_no_mark_is_unknown_and_says_so() -> None:
    found = of(member_node(I))
    assert (found.how, found.because) == (How.UNKNOWN, "in pool np-1; only the cloud tells more")
    assert "no mark of any kind" in of(member_node("", pool="")).because


@pytest.mark.parametrize("node", [member_node(""), member_node("not-an-id", pool="")])
def test_odd_provider_ids_never_match_a_machine(node: Node) -> None:
    assert of(node, ClusterNode(source="manual"), member("")).how is How.UNKNOWN
