"""What a command asks the cloud for: everything once, and nothing that it doesn't print."""

from collections import Counter

import pytest

from core.analysis import origin
from core.analysis.origin import How
from core.cluster.group import Group
from core.feeds import cloud
from core.where import CloudNeed
from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from sim.cloud.state import Hook
from tests.wire.cloud.account import CLUSTER, DRY, LONE, POOL, WEB
from tests.wire.cloud_feeds.following import Following, environment, make_node
from tests.wire.cloud_feeds.test_following import filled

ORIGINS = {
    "DescribeScalingGroups": 1,
    "DescribeScalingInstances": 1,
    "DescribeInstances": 1,
    "DescribeClusterNodePools": 1,
    "DescribeClusterNodes": 1,
    "DescribeScalingActivities": 1,
}
PLAN = ORIGINS | {"DescribeScalingConfigurations": 1, "DescribeInstanceTypes": 1}
GROUPS = PLAN | {"DescribeScalingRules": 1, "DescribeScheduledTasks": 1, "DescribeAlarms": 1}
ALL = GROUPS | {"DescribeLifecycleHooks": 1}


@pytest.mark.parametrize(
    ("need", "asked"),
    [("origins", ORIGINS), ("plan", PLAN), ("groups", GROUPS), ("all", ALL)],
    ids=lambda one: str(one)[:7],
)
async def test_nothing_is_asked_twice_or_in_vain(server: CloudServer, need: CloudNeed, asked: dict[str, int]) -> None:
    nodes = [make_node(name, POOL) for name in await filled(server)]
    it = Following(environment(server), nodes)
    await it.feed.read_once(need)
    assert Counter(record.action for record in server.gateway.log) == asked
    assert {origin.of(node, it.store.table).how for node in nodes} == {How.EXPANDED}
    group: Group = it.store.table("Group")[WEB]
    assert (len(group.members), group.configuration is not None) == (3, need != "origins")


async def test_hooks_of_many_groups_come_in_one_list(server: CloudServer) -> None:
    cloud, nodes = server.gateway.cloud, [make_node(name, POOL) for name in await filled(server)]
    for group in (LONE, DRY):
        cloud.groups.change(group, tags=(("ack.aliyun.com", CLUSTER),))
    for group in (WEB, LONE):
        cloud.hooks.add(f"ash-{group}", Hook(f"ash-{group}", group, f"drain-{group}", "SCALE_IN"))
    it = Following(environment(server), nodes)
    await it.feed.read_once("all")
    assert len(server.gateway.log.of("DescribeLifecycleHooks")) == 1
    found = {name: [hook.name for hook in group.hooks] for name, group in it.store.table("Group").items()}
    assert found == {WEB: [f"drain-{WEB}"], LONE: [f"drain-{LONE}"], DRY: []}


async def test_hooks_are_asked_for_where_a_machine_waits_for_them(server: CloudServer) -> None:
    nodes = [make_node(name, POOL) for name in await filled(server)]
    server.gateway.cloud.members.change(nodes[0].instance_id, state="Pending:Wait")
    it = Following(environment(server), nodes)
    await it.feed.read_once("groups")
    assert [record.params["ScalingGroupId"] for record in server.gateway.log.of("DescribeLifecycleHooks")] == [WEB]


async def test_userdata_is_read_of_attached_machines_and_not_without_end(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [f"i-bp1free{number}" for number in range(2)]
    for machine in machines:
        server.gateway.cloud.instances.change(machine, tags=(("ack.aliyun.com", CLUSTER),))
    nodes = [make_node(name, POOL) for name in await filled(server)] + [make_node(name) for name in machines]
    it = Following(environment(server), nodes)
    await it.feed.read_once("origins")
    assert [record.params["InstanceId"] for record in server.gateway.log.of("DescribeUserData")] == machines
    monkeypatch.setattr(cloud, "MOST_USER_DATA", 1)
    server.gateway.log.clear()
    await Following(environment(server), nodes).feed.read_once("origins")
    assert len(server.gateway.log.of("DescribeUserData")) == 1


async def test_members_are_read_group_by_group_where_one_list_of_all_is_refused(server: CloudServer) -> None:
    nodes = [make_node(name, POOL) for name in await filled(server)]
    server.gateway.cloud.groups.change(DRY, tags=(("ack.aliyun.com", CLUSTER),))
    refusal = Fault("error", "ess", "DescribeScalingInstances", code="MissingParameter", message="group", status=400)
    server.gateway.faults.add(refusal)
    it = Following(environment(server), nodes)
    await it.feed.read_once("plan")
    asked = [record.params.get("ScalingGroupId", "") for record in server.gateway.log.of("DescribeScalingInstances")]
    assert sorted(asked) in (["", WEB], [WEB]), "the empty group needs no question"
    assert len(it.store.table("Group")[WEB].members) == 3
    assert it.intake.states["ScalingInstance"].cause == ""
