"""Scaling group, pool and nodes: each link with its evidence, the template with its sources, and what is wrong."""

from typing import Any

import msgspec
import pytest

from core.cluster import groups
from core.cluster.cloud import (
    Instance,
    InstanceType,
    LifecycleHook,
    ScalingActivity,
    ScalingRule,
    ScheduledTask,
)
from core.cluster.group import Group
from core.cluster.group_template import estimated, tag_taint
from core.feeds.groups import autoscaled
from core.kube import kinds
from core.kube import node as nodes
from core.kube.taints import Taint
from tests.unit import build
from tests.unit.cloud.facts import (
    CLUSTER,
    GROUP,
    POOL,
    configuration,
    group,
    member,
    member_node,
    meta,
    pool,
    snapshot,
)

CLUSTER_TAGS = {"ack.aliyun.com": CLUSTER, "ack.alibabacloud.com/nodepool-id": POOL}


def only(*objects: Any, **more: Any) -> Group:
    found = groups.assemble(snapshot(*objects, **more))
    assert len(found) == 1
    return found[0]


def evidence(found: Group) -> list[tuple[str, str]]:
    return [(link.what, link.because) for link in found.links]


def test_the_ack_api_is_the_surest_link() -> None:
    found = only(group(), pool(autoscaling=True), member_node("i-1"), member("i-1"))
    assert evidence(found)[0] == ("pool", "the ACK API says so (DescribeClusterNodePools)")
    assert (found.pool_id, found.managed_by, found.name) == (POOL, "ack", "pool np-1")
    assert (found.autoscaling, found.autoscaling_because) == (True, "setting auto_scaling.enable of the node pool")


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ((group(tags=CLUSTER_TAGS),), "tag of the scaling group: ack.aliyun.com"),
        ((group(), configuration(tags=CLUSTER_TAGS)), "tag of its scaling configuration: ack.aliyun.com"),
        (
            (group(), Instance(id="i-1", tags={**CLUSTER_TAGS, "acs:autoscaling:scalingGroupId": GROUP})),
            "tag of its machine i-1: ack.aliyun.com",
        ),
        ((group(), meta(GROUP)), "ConfigMap kube-system/autoscaler-meta lists it"),
    ],
    ids=["group tag", "configuration tag", "machine tag", "autoscaler-meta"],
)
def test_links_without_the_ack_api(facts: tuple[Any, ...], because: str) -> None:
    found = only(*facts, member_node("i-9", pool=""))
    assert ("cluster", because) in evidence(found)


def test_a_group_of_ess_alone_is_linked_by_provider_ids() -> None:
    found = only(group(), member_node("i-1", pool=""), member("i-1"), member("i-2"))
    assert evidence(found) == [("node", "1 of its machines are nodes, by their provider IDs")]
    assert (found.managed_by, found.autoscaling) == ("ess", False)
    assert [(one.instance_id, one.node) for one in found.members] == [("i-1", "cn-hangzhou.i-1"), ("i-2", "")]


def test_other_clusters_groups_are_not_ours() -> None:
    theirs = group("asg-2", tags={"ack.aliyun.com": "c-other"})
    taken = snapshot(theirs, group("asg-3"), member_node("i-1"))
    assert groups.assemble(taken) == ()


def test_an_empty_group_is_ours_when_its_next_machine_would_join_among_ours() -> None:
    ours = Instance(id="i-1", vpc="vpc-1", security_groups=("sg-1",))
    node, empty = member_node("i-1", pool=""), group(vpc="vpc-1", total=0)
    (found,) = groups.assemble(snapshot(empty, node, ours, configuration(security_groups=("sg-1", "sg-2"))))
    assert evidence(found) == [("cluster", "its userdata joins a cluster, in security group sg-1 like the nodes")]
    for stranger in (
        (group(vpc="vpc-2"), configuration(security_groups=("sg-1",))),
        (empty, configuration(security_groups=("sg-2",))),
        (empty, configuration(script="yum install -y htop", security_groups=("sg-1",))),
        (empty, configuration(security_groups=("sg-1",), tags={"ack.aliyun.com": "c-other"})),
    ):
        assert groups.assemble(snapshot(node, ours, *stranger)) == ()


def test_the_autoscalers_flags_name_a_group() -> None:
    taken = snapshot(group(), member_node("i-1", pool=""))
    (found,) = groups.assemble(taken, {GROUP: "--nodes of kube-system/cluster-autoscaler"})
    assert (found.autoscaling, found.autoscaling_because) == (True, "--nodes of kube-system/cluster-autoscaler")


def test_members_by_label_where_ess_was_not_read() -> None:
    found = only(pool(), member_node("i-1"), member_node("i-2"), unavailable=("ScalingGroup",))
    assert sorted(found.nodes) == ["cn-hangzhou.i-1", "cn-hangzhou.i-2"]
    assert found.problems == (), "not being able to look is no problem of the group"
    assert groups.node_group(found) is None, "its limits aren't known"


def test_a_pool_whose_group_was_deleted_by_hand() -> None:
    found = next(one for one in groups.assemble(snapshot(pool(group_id="asg-gone"), group(tags=CLUSTER_TAGS),
                                                         member_node("i-1"))) if one.id == "asg-gone")  # fmt: skip
    assert found.problems == ("node pool np-1 names scaling group asg-gone, which doesn't exist: deleted by hand?",)


def test_the_planners_group() -> None:
    found = only(group(desired=5), pool(), member_node("i-1"), member("i-1"), configuration())
    small = groups.node_group(found)
    assert small is not None
    assert (small.id, small.pool, small.min_size, small.max_size, small.desired_size) == (GROUP, POOL, 0, 10, 5)
    assert small.nodes == ("cn-hangzhou.i-1",)
    assert [node.instance_type for node in small.templates] == ["ecs.g7.xlarge"]


def test_desired_size_of_a_group_without_one_is_what_it_has_and_gets() -> None:
    found = only(group(total=3, active=2, pending=1), member_node("i-1"), member("i-1"))
    assert found.desired == 3


def test_the_template_learns_its_size_from_a_real_node() -> None:
    model = member_node("i-1", cpu="3900m", memory="14Gi")
    found = only(group(), member("i-1"), model, configuration())
    (template,) = found.template.nodes
    assert template.allocatable == model.allocatable
    assert sources(found)["size of ecs.g7.xlarge"] == "learned from node cn-hangzhou.i-1"
    assert sources(found)["instance types"] == "scaling configuration asc-asg-1"


def sources(found: Group) -> dict[str, str]:
    """Part of the template -> where it is known from."""
    return {part.name: part.source for part in found.template.parts}


def test_or_from_a_node_of_another_group_or_by_estimate() -> None:
    other = member_node("i-9", pool="np-2")
    tagged = group(tags=CLUSTER_TAGS)
    assert sources(only(tagged, other, configuration()))["size of ecs.g7.xlarge"] == (
        "learned from node outside the group cn-hangzhou.i-9"
    )
    big = configuration(instance_types=("ecs.g7.4xlarge",))
    known = InstanceType(id="ecs.g7.4xlarge", cpu=16, memory=64.0, gpus=1)
    found = only(tagged, other, big, known)
    assert sources(found)["size of ecs.g7.4xlarge"] == "estimated from ECS: 16 vCPU, 64 GiB"
    assert found.template.nodes[0].allocatable["nvidia.com/gpu"] == 1
    unknown = only(tagged, other, big)
    assert unknown.template.nodes == ()
    assert "not known" in sources(unknown)["size of ecs.g7.4xlarge"]


def test_the_estimate_is_acks_reservation() -> None:
    capacity = {"cpu": 4000, "memory": 16 << 30, "pods": 110}
    allocatable = estimated(capacity)
    assert allocatable["cpu"] == 4000 - 80
    assert allocatable["memory"] == (16 << 30) - (11 * 110 + 255 + 100) * 2**20


def test_labels_and_taints_of_the_template_and_who_says_so() -> None:
    tags = {
        "k8s.io/cluster-autoscaler/node-template/label/tier": "web",
        "k8s.io/cluster-autoscaler/node-template/taint/dedicated": "web:NoSchedule",
    }
    script = "bash attach_node.sh --labels from=userdata"
    taints = (Taint("gpu", "NoExecute", "yes"),)
    found = only(group(), pool(labels={"pool": "a"}, taints=taints), configuration(script=script, tags=tags),
                 member_node("i-1"))  # fmt: skip
    assert found.template.labels == {"from": "userdata", "tier": "web", "pool": "a"}
    assert found.template.taints == (Taint("gpu", "NoExecute", "yes"), Taint("dedicated", "NoSchedule", "web"))
    assert "userdata" in sources(found)["labels"]
    assert "node pool np-1" in sources(found)["labels"]
    assert found.template.nodes[0].labels["alibabacloud.com/nodepool-id"] == POOL


@pytest.mark.parametrize(
    ("key", "value", "taint"),
    [
        ("dedicated", "web:NoSchedule", Taint("dedicated", "NoSchedule", "web")),
        ("dedicated/web", "NoSchedule", Taint("dedicated", "NoSchedule", "web")),
        ("dedicated", "NoExecute", Taint("dedicated", "NoExecute", "")),
        ("dedicated", "nonsense", None),
        ("", "", None),
    ],
)
def test_taints_in_tags(key: str, value: str, taint: Taint | None) -> None:
    assert tag_taint(key, value) == taint


def activity(status: str = "Successful", ago: float = 600, **more: Any) -> ScalingActivity:
    return ScalingActivity(id=f"asa-{ago}", group_id=GROUP, status=status, start=build.at(ago), **more)


def test_problems_are_plain_lines() -> None:
    broken = group(state="Inactive", system_suspended=True, suspended=("ScaleOut",), tags=CLUSTER_TAGS)
    failed = activity("Failed", error_code="OperationDenied.NoStock", error_message="sold out")
    found = only(broken, member_node("i-1"), configuration(script=""), failed)
    assert any("Inactive" in line for line in found.problems)
    assert any("ESS has suspended it" in line for line in found.problems)
    assert "suspended: ScaleOut" in found.problems
    assert "the last activity failed: OperationDenied.NoStock: sold out" in found.problems
    assert any("won't join" in line for line in found.problems)


def test_a_script_of_another_version() -> None:
    node = member_node("i-1")
    old = configuration(script="curl http://oss/attach/1.18.8-aliyun.1/attach_node.sh")
    found = only(group(), node, member("i-1"), old)
    assert not found.problems, "the node's version isn't known"
    wire = build.node("cn-hangzhou.i-1", labels=dict(node.labels))
    wire["spec"]["providerID"] = "cn-hangzhou.i-1"
    wire["status"]["nodeInfo"] = {"kubeletVersion": "v1.32.1-aliyun.1"}
    running = nodes.codec.item(msgspec.json.encode(wire))
    found = only(group(), running, member("i-1"), old)
    assert found.problems == ("its userdata joins by a script for 1.18, its nodes run 1.32",)


def test_machines_that_never_joined() -> None:
    old, young = build.at(3600), build.at(60)
    found = only(group(), member_node("i-1"), member("i-1"), member("i-2", created=old), member("i-3", created=young))
    assert found.problems == ("in service but no node of this cluster: i-2",)


def test_waiting_for_a_hook_is_a_problem_only_when_it_takes_too_long() -> None:
    hook = LifecycleHook(id="ash-1", group_id=GROUP, name="drain", transition="SCALE_IN", timeout=300)
    waiting = group(removing_wait=1, tags=CLUSTER_TAGS)
    taken = snapshot(waiting, member_node("i-1"), activity("InProgress", ago=200))
    taken = taken.with_tables(LifecycleHook={hook.key: hook})
    assert groups.assemble(taken)[0].problems == ()
    late = snapshot(waiting, member_node("i-1"), activity("InProgress", ago=400)).with_tables(LifecycleHook={"h": hook})
    assert groups.assemble(late)[0].problems == ("1 machines wait for hook drain for longer than its 300 s",)


def test_the_time_to_ready_is_measured() -> None:
    node = member_node("i-1")  # Ready since OLD, 24 h before NOW
    began = activity(ago=24 * 3600 + 90, created_instances=("i-1",))
    found = only(group(), node, member("i-1"), began)
    assert found.ready_time is not None
    assert (found.ready_time.median, found.ready_time.machines) == (90.0, 1)
    assert only(group(), node, member("i-1"), activity(ago=100 * 3600, created_instances=("i-1",))).ready_time is None


def test_a_scheduled_task_that_runs_a_rule_belongs_to_the_rules_group() -> None:
    rule = ScalingRule(id="asr-1", ari="ari:1", group_id=GROUP)
    task = ScheduledTask(id="st-1", action="ari:1")
    taken = snapshot(group(tags=CLUSTER_TAGS), member_node("i-1"))
    (found,) = groups.assemble(taken.with_tables(ScalingRule={"asr-1": rule}, ScheduledTask={"st-1": task}))
    assert (found.rules, found.tasks) == ((rule,), (task,))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scaling_configurations": 3}', "\x00"])
def test_a_broken_autoscaler_meta_says_nothing(text: str) -> None:
    broken = meta()
    broken.data["autoscaler-meta"] = text
    assert groups.assemble(snapshot(group(), broken, member_node("i-1", pool=""))) == ()


def test_a_self_managed_autoscaler_says_which_groups_are_its_own() -> None:
    command = ["./cluster-autoscaler", "--cloud-provider=alicloud", "--nodes=1:5:asg-1", "--nodes", "odd"]
    container = {"name": "ca", "image": "registry/cluster-autoscaler:v1.32.1", "command": command}
    wire = {
        "metadata": {"name": "cluster-autoscaler", "namespace": "kube-system"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
    }
    deployment = kinds.BY_NAME["Deployment"].codec.item(msgspec.json.encode(wire))
    taken = snapshot(group(), member_node("i-1", pool="")).with_tables(Deployment={deployment.key: deployment})
    assert autoscaled(taken) == {"asg-1": "--nodes of kube-system/cluster-autoscaler names it"}
    (found,) = groups.assemble(taken, autoscaled(taken))
    assert found.autoscaling
