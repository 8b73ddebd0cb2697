"""The cloud feeds follow a living account: groups, members, pools, machines, and the groups put together from them."""

from dataclasses import replace

from core.analysis import origin
from core.analysis.origin import How
from core.cluster.cloud_kinds import GROUP, READ
from core.cluster.group import Group
from core.feeds.sink import Phase
from core.kube.own_kinds import NodeGroup
from sim.cloud.ess.engine import settle
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import CLUSTER, LONE, POOL, WEB
from tests.wire.cloud.conftest import until
from tests.wire.cloud_feeds.following import Following, environment, make_node


async def filled(server: CloudServer) -> list[str]:
    """Let the group with a desired size of 3 come up; its machines' ids."""
    cloud = server.gateway.cloud
    settle(cloud, WEB)
    await until(lambda: [m.state for m in cloud.members_of(WEB)] == ["InService"] * 3)
    return [member.instance_id for member in cloud.members_of(WEB)]


async def test_a_pool_its_group_and_its_nodes_are_linked(server: CloudServer) -> None:
    ids = await filled(server)
    nodes = [make_node(name, POOL) for name in ids]
    async with Following(environment(server), nodes) as it:
        group: Group = await it.until(lambda: _complete(it.store.table("Group").get(WEB)))
        small: NodeGroup = it.store.table("NodeGroup")[WEB]
    assert (group.name, group.pool_id, group.managed_by) == ("web-pool", POOL, "ack")
    assert (group.min_size, group.max_size, group.desired) == (1, 6, 3)
    assert group.scaling is not None
    assert group.scaling.active == 3
    assert sorted(group.nodes) == sorted(node.name for node in nodes)
    assert group.links[0].because.startswith("the ACK API says so")
    assert {link.what for link in group.links} == {"pool", "node"}
    assert not group.autoscaling
    assert "auto_scaling.enable" in group.autoscaling_because
    template = small.templates[0]
    assert template.instance_type == "ecs.g7.xlarge"
    assert (template.allocatable["cpu"], template.allocatable["pods"]) == (3900, 64)
    assert LONE not in it.store.table("Group"), "no tie to this cluster"


def _complete(group: Group | None) -> Group | None:
    known = group is not None and group.members and group.activities and group.pool is not None
    return group if known and group is not None and group.configuration is not None else None


async def test_growth_is_seen_without_reading_members_on_every_round(server: CloudServer) -> None:
    ids = await filled(server)
    async with Following(environment(server), [make_node(name, POOL) for name in ids]) as it:
        await it.until(lambda: _complete(it.store.table("Group").get(WEB)))
        server.gateway.log.clear()
        rounds = len(server.gateway.log.of("DescribeScalingGroups"))
        await it.until(lambda: len(server.gateway.log.of("DescribeScalingGroups")) >= rounds + 4)
        assert not server.gateway.log.of("DescribeScalingInstances"), "nothing moved"
        server.gateway.cloud.groups.change(WEB, desired=5)
        settle(server.gateway.cloud, WEB)
        await it.until(lambda: len(it.store.table("Group")[WEB].members) == 5)
        assert it.store.table("NodeGroup")[WEB].desired_size == 5
        assert len(it.store.table("NodeGroup")[WEB].nodes or ()) == 3, "two are on their way"


async def test_states_are_live_once_read(server: CloudServer) -> None:
    ids = await filled(server)
    async with Following(environment(server), [make_node(name, POOL) for name in ids]) as it:
        names = [kind.name for kind in (*READ, GROUP)]
        await it.until(lambda: _all_live(it, names), 20)
        assert all(it.store.is_available(name) for name in names)


def _all_live(it: Following, names: list[str]) -> bool:
    states = [it.intake.states.get(name) for name in names]
    return all(state is not None and state.phase is Phase.LIVE for state in states)


async def test_an_old_machines_activity_is_read_to_tell_on_whose_behalf_it_was_made(server: CloudServer) -> None:
    ids, cloud = await filled(server), server.gateway.cloud
    made = cloud.members[ids[0]].activity_id
    cloud.activities.change(made, metadata='{"cluster-autoscaler/alicloud/managed":"true"}')
    for number in range(12):
        later = replace(cloud.activities[made], id=f"asa-later-{number}", metadata="", created=())
        cloud.activities.add(later.id, later)
    nodes = [make_node(name, POOL) for name in ids]
    async with Following(environment(server), nodes) as it:
        found = await it.until(lambda: (of := origin.of(nodes[0], it.store.table)).how is How.AUTOSCALED and of)
        assert made in found.because
        await it.until(lambda: len(server.gateway.log.of("DescribeScalingActivities")) >= 4)
        assert made in it.store.table("ScalingActivity"), "kept although it is not among the newest"


async def test_where_nodes_come_from_follows_the_cloud(server: CloudServer) -> None:
    """Attached by hand: told only once userdata was read, and never called attached before all groups were."""
    ids = await filled(server)
    machine = "i-bp1free0"
    server.gateway.cloud.instances.change(machine, tags=(("ack.aliyun.com", CLUSTER),))
    nodes = [*(make_node(name, POOL) for name in ids), make_node(machine)]
    async with Following(environment(server), nodes) as it:
        found = await it.until(lambda: (of := origin.of(nodes[-1], it.store.table)).attached and of)
        await it.until(lambda: origin.of(nodes[-1], it.store.table).how is How.ATTACHED_MANUAL)
        assert [origin.of(node, it.store.table).how for node in nodes[:-1]] == [How.EXPANDED] * 3
        assert {record.params["InstanceId"] for record in server.gateway.log.of("DescribeUserData")} == {machine}
        assert found.because
