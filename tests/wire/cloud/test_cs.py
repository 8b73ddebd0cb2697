"""The ACK API through its real SDK: pools, nodes, tasks, attaching, and the hazard of its empty lists."""

import json
from typing import Any

import pytest
from alibabacloud_cs20151215 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud
from tests.wire.cloud.account import CLUSTER, POOL, REGION, WEB, cs
from tests.wire.cloud.conftest import in_thread, until


class Nodes:
    """Machines that are nodes as soon as they run; a node drains when it is asked the second time."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.left: list[str] = []
        self.asked: list[str] = []

    def run(self, instance_id: str, script: str) -> tuple[int, str]:
        return 0, ""

    def node_name(self, instance_id: str) -> str | None:
        machine = self.cloud.instances.get(instance_id)
        joined = machine is not None and machine.user_data and instance_id not in self.left
        return f"{REGION}.{machine.ip}" if machine and joined and machine.status == "Running" else None

    def is_ready(self, instance_id: str) -> bool:
        return self.node_name(instance_id) is not None

    def drain(self, instance_id: str) -> bool:
        self.asked.append(instance_id)
        return self.asked.count(instance_id) > 1

    def leave(self, instance_id: str) -> None:
        self.left.append(instance_id)

    def external_nodes(self) -> list[str]:
        return []


async def ready(server: CloudServer, count: int = 3) -> list[str]:
    """Give the account nodes and let the pool come up; the ids of its machines."""
    from sim.cloud.ess.engine import settle

    cloud = server.gateway.cloud
    cloud.guest = Nodes(cloud)
    settle(cloud, WEB)
    await until(lambda: [m.state for m in cloud.members_of(WEB)] == ["InService"] * count)
    await until(lambda: all(a.ended for a in cloud.activities))
    return [member.instance_id for member in cloud.members_of(WEB)]


async def finished(server: CloudServer, task_id: str) -> Any:
    """The task's description once it has ended."""
    cloud = server.gateway.cloud
    await until(lambda: cloud.tasks[task_id].state != "running", 10)
    return (await in_thread(cs(server).describe_task_info, task_id)).body


async def pool_of(server: CloudServer) -> Any:
    request = models.DescribeClusterNodePoolsRequest()
    return (await in_thread(cs(server).describe_cluster_node_pools, CLUSTER, request)).body.nodepools[0]


async def test_clusters_and_pools(server: CloudServer) -> None:
    await ready(server)
    request = models.DescribeClustersForRegionRequest()
    clusters = (await in_thread(cs(server).describe_clusters_for_region, REGION, request)).body
    assert [cluster.cluster_id for cluster in clusters.clusters] == [CLUSTER]
    detail = (await in_thread(cs(server).describe_cluster_detail, CLUSTER)).body
    assert (detail.cluster_type, detail.state, detail.size) == ("ManagedKubernetes", "running", 3)
    pool = await pool_of(server)
    assert (pool.nodepool_info.nodepool_id, pool.scaling_group.scaling_group_id) == (POOL, WEB)
    assert (pool.status.total_nodes, pool.status.healthy_nodes, pool.scaling_group.desired_size) == (3, 3, 3)
    one = (await in_thread(cs(server).describe_cluster_node_pool_detail, CLUSTER, POOL)).body
    assert one.nodepool_info.name == "web-pool"


async def test_nodes_say_how_they_came(server: CloudServer) -> None:
    await ready(server)
    request = models.DescribeClusterNodesRequest(page_size="2", page_number="1")
    body = (await in_thread(cs(server).describe_cluster_nodes, CLUSTER, request)).body
    assert (body.page.total_count, len(body.nodes)) == (3, 2)
    node = body.nodes[0]
    assert (node.source, node.state, node.node_status, node.nodepool_id) == ("ess", "running", "Ready", POOL)


async def test_scaling_a_pool_by_a_count(server: CloudServer) -> None:
    await ready(server)
    request = models.ScaleClusterNodePoolRequest(count=2)
    task = (await in_thread(cs(server).scale_cluster_node_pool, CLUSTER, POOL, request)).body.task_id
    assert (await pool_of(server)).status.state == "scaling"
    ended = await finished(server, task)
    assert (ended.state, len(ended.task_result)) == ("success", 2)
    pool = await pool_of(server)
    assert (pool.status.total_nodes, pool.scaling_group.desired_size, pool.status.state) == (5, 5, "active")
    with pytest.raises(ClientException) as refused:
        await in_thread(cs(server).scale_cluster_node_pool, CLUSTER, POOL, request)
    assert refused.value.code == "InvalidParameter.DesiredSize"


async def test_a_pool_without_stock_fails_its_task(server: CloudServer) -> None:
    await ready(server)
    server.gateway.cloud.stock.update({("ecs.g7.xlarge", f"{REGION}-{letter}"): 0 for letter in "hi"})
    request = models.ScaleClusterNodePoolRequest(count=1)
    task = (await in_thread(cs(server).scale_cluster_node_pool, CLUSTER, POOL, request)).body.task_id
    ended = await finished(server, task)
    assert (ended.state, ended.error.code) == ("fail", "OperationDenied.NoStock")


async def test_the_sdk_model_wipes_what_it_does_not_mention(server: CloudServer) -> None:
    await ready(server)
    before = (await pool_of(server)).scaling_group
    assert (len(before.data_disks), [tag.key for tag in before.tags]) == (1, ["team"])
    group = models.ModifyClusterNodePoolRequestScalingGroup(desired_size=4)
    request = models.ModifyClusterNodePoolRequest(scaling_group=group)
    body = (await in_thread(cs(server).modify_cluster_node_pool, CLUSTER, POOL, request)).body
    await finished(server, body.task_id)
    after = (await pool_of(server)).scaling_group
    assert (after.desired_size, after.data_disks, after.tags) == (4, [], [])


async def test_a_hand_made_body_keeps_the_rest(server: CloudServer) -> None:
    await ready(server)
    body = await in_thread(modify, server, {"scaling_group": {"desired_size": 2}})
    await finished(server, body["task_id"])
    pool = await pool_of(server)
    assert (pool.scaling_group.desired_size, len(pool.scaling_group.data_disks)) == (2, 1)
    assert len(server.gateway.cloud.members_of(WEB)) == 2
    await in_thread(modify, server, {"auto_scaling": {"enable": True, "min_instances": 2, "max_instances": 9}})
    assert server.gateway.cloud.groups[WEB].max_size == 9


def modify(server: CloudServer, body: dict[str, Any]) -> Any:
    from alibabacloud_tea_openapi.models import OpenApiRequest, Params
    from darabonba.runtime import RuntimeOptions

    params = Params(
        action="ModifyClusterNodePool",
        version="2015-12-15",
        protocol="HTTPS",
        pathname=f"/clusters/{CLUSTER}/nodepools/{POOL}",
        method="PUT",
        auth_type="AK",
        style="ROA",
        req_body_type="json",
        body_type="json",
    )
    return cs(server).call_api(params, OpenApiRequest(body=body), RuntimeOptions())["body"]


async def test_removing_a_node_from_a_pool_that_keeps_its_size(server: CloudServer) -> None:
    one = (await ready(server))[0]
    cloud = server.gateway.cloud
    request = models.RemoveNodePoolNodesRequest(instance_ids=[one], drain_node=True, release_node=True)
    task = (await in_thread(cs(server).remove_node_pool_nodes, CLUSTER, POOL, request)).body.task_id
    ended = await finished(server, task)
    assert ended.state == "success"
    await until(lambda: one not in cloud.instances)
    await until(lambda: [m.state for m in cloud.members_of(WEB)] == ["InService"] * 3)
    assert isinstance(cloud.guest, Nodes)
    assert (cloud.guest.asked, cloud.guest.left) == ([one, one], [one])


async def test_deleting_nodes_by_name_keeps_the_machine(server: CloudServer) -> None:
    one = (await ready(server))[0]
    cloud = server.gateway.cloud
    name = cloud.guest.node_name(one)
    request = models.DeleteClusterNodesRequest(nodes=[name], drain_node=False, release_node=False)
    task = (await in_thread(cs(server).delete_cluster_nodes, CLUSTER, request)).body.task_id
    await finished(server, task)
    assert (one in cloud.members, cloud.instances[one].status) == (False, "Running")
    with pytest.raises(ClientException):
        await in_thread(cs(server).delete_cluster_nodes, CLUSTER, models.DeleteClusterNodesRequest(nodes=["nobody"]))


async def test_the_attach_script_is_a_bare_string_with_a_token(server: CloudServer) -> None:
    request = models.DescribeClusterAttachScriptsRequest(nodepool_id=POOL)
    body = (await in_thread(cs(server).describe_cluster_attach_scripts, CLUSTER, request)).body
    script = json.loads(body)
    (token,) = server.gateway.cloud.join_tokens
    assert f"--openapi-token {token}" in script


@pytest.mark.parametrize("instance", ["i-bp1free0", "i-bp1free1"])
async def test_attaching_replaces_the_disk_and_joins(server: CloudServer, instance: str) -> None:
    await ready(server)
    cloud = server.gateway.cloud
    disk = cloud.instances[instance].disk_id
    request = models.AttachInstancesToNodePoolRequest(instances=[instance], password="secret")
    task = (await in_thread(cs(server).attach_instances_to_node_pool, CLUSTER, POOL, request)).body.task_id
    ended = await finished(server, task)
    assert [(row.data, row.status) for row in ended.task_result] == [(instance, "success")]
    assert (cloud.instances[instance].disk_id != disk, cloud.members[instance].creation) == (True, "Attached")
    with pytest.raises(ClientException, match="scaling group already"):
        await in_thread(cs(server).attach_instances_to_node_pool, CLUSTER, POOL, request)


async def test_a_machine_of_another_vpc_cannot_come(server: CloudServer) -> None:
    await ready(server)
    server.gateway.cloud.instances.change("i-bp1free0", vpc_id="vpc-elsewhere")
    request = models.AttachInstancesToNodePoolRequest(instances=["i-bp1free0"])
    with pytest.raises(ClientException, match="not in the VPC"):
        await in_thread(cs(server).attach_instances_to_node_pool, CLUSTER, POOL, request)


async def test_the_older_attach_answers_for_each(server: CloudServer) -> None:
    await ready(server)
    request = models.AttachInstancesRequest(instances=["i-bp1free0", "i-nobody"], nodepool_id=POOL)
    body = (await in_thread(cs(server).attach_instances, CLUSTER, request)).body
    assert [row.code for row in body.list] == ["200", "400"]
    assert (await finished(server, body.task_id)).state == "success"


async def test_events_and_autoscaling_settings(server: CloudServer) -> None:
    await ready(server)
    await in_thread(cs(server).scale_cluster_node_pool, CLUSTER, POOL, models.ScaleClusterNodePoolRequest(count=1))
    request = models.DescribeEventsRequest(cluster_id=CLUSTER)
    events = (await in_thread(cs(server).describe_events, request)).body.events
    assert events[0].type == "nodePool_scale"
    tasks = (await in_thread(cs(server).describe_cluster_tasks, CLUSTER, models.DescribeClusterTasksRequest())).body
    assert tasks.tasks[0].task_type == "nodepool_scale"
    config = models.CreateAutoscalingConfigRequest(scaler_type="cluster-autoscaler", utilization_threshold="0.6")
    await in_thread(cs(server).create_autoscaling_config, CLUSTER, config)
    assert server.gateway.cloud.autoscaling[CLUSTER]["utilization_threshold"] == "0.6"
