"""ESS reads through the real SDK 1.0.1, its generic call, and the newer shape."""

from typing import Any

import pytest
from alibabacloud_ess20140828 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from sim.cloud.server import CloudServer
from tests.wire.cloud.account import DRY, LONE, REGION, WEB, ess, generic
from tests.wire.cloud.conftest import in_thread, until


async def filled(server: CloudServer) -> list[str]:
    """Let the group with a desired size of 3 come up by itself; its machines' ids."""
    from sim.cloud.ess.engine import settle

    cloud = server.gateway.cloud
    settle(cloud, WEB)
    await until(lambda: [m.state for m in cloud.members_of(WEB)] == ["InService"] * 3)
    return [member.instance_id for member in cloud.members_of(WEB)]


async def test_groups_in_the_2014_shape(server: CloudServer) -> None:
    await filled(server)
    body = await in_thread(generic, ess(server), "DescribeScalingGroups", RegionId=REGION, PageSize=2)
    assert (body["TotalCount"], body["PageNumber"], body["PageSize"]) == (3, 1, 2)
    group = body["ScalingGroups"]["ScalingGroup"][0]
    assert group["ScalingGroupId"] == WEB
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"], group["ActiveCapacity"]) == (1, 6, 3, 3)
    assert group["VSwitchIds"] == {"VSwitchId": ["vsw-bp1h", "vsw-bp1i"]}
    second = await in_thread(generic, ess(server), "DescribeScalingGroups", PageSize=2, PageNumber=2)
    assert [g["ScalingGroupId"] for g in second["ScalingGroups"]["ScalingGroup"]] == [DRY]


async def test_groups_in_the_2022_shape(server: CloudServer) -> None:
    query = {"ScalingGroupIds__1": LONE}
    body = await in_thread(generic, ess(server), "DescribeScalingGroups", "2022-02-22", **query)
    assert [group["ScalingGroupId"] for group in body["ScalingGroups"]] == [LONE]
    assert "DesiredCapacity" not in body["ScalingGroups"][0]
    assert body["ScalingGroups"][0]["EnableDesiredCapacity"] is False


async def test_members_and_their_filters(server: CloudServer) -> None:
    ids = await filled(server)
    client = ess(server)

    def ask(**filters: Any) -> Any:
        return client.describe_scaling_instances(models.DescribeScalingInstancesRequest(region_id=REGION, **filters))

    body = (await in_thread(ask, scaling_group_id=WEB, page_size=2)).body
    assert (body.total_count, len(body.scaling_instances.scaling_instance)) == (3, 2)
    first = body.scaling_instances.scaling_instance[0]
    assert (first.lifecycle_state, first.creation_type, first.health_status) == ("InService", "AutoCreated", "Healthy")
    assert first.created_time.endswith("Z")
    one = (await in_thread(ask, instance_id=[ids[1]])).body
    assert [row.instance_id for row in one.scaling_instances.scaling_instance] == [ids[1]]
    none = (await in_thread(ask, creation_type="Attached")).body
    assert none.scaling_instances.scaling_instance == []


async def test_the_configuration_carries_userdata(server: CloudServer) -> None:
    request = models.DescribeScalingConfigurationsRequest(region_id=REGION, scaling_group_id=WEB)
    body = (await in_thread(ess(server).describe_scaling_configurations, request)).body
    row = body.scaling_configurations.scaling_configuration[0]
    assert (row.instance_type, row.lifecycle_state, row.cpu, row.memory) == ("ecs.g7.xlarge", "Active", 4, 16)
    assert row.instance_types.instance_type == ["ecs.g7.xlarge"]
    assert row.user_data


async def test_activities_go_from_zero_to_a_hundred(server: CloudServer) -> None:
    await filled(server)
    request = models.DescribeScalingActivitiesRequest(region_id=REGION, scaling_group_id=WEB)
    body = (await in_thread(ess(server).describe_scaling_activities, request)).body
    row = body.scaling_activities.scaling_activity[0]
    assert (row.status_code, row.progress, row.total_capacity) == ("Successful", 100, "3")
    newer = await in_thread(
        generic, ess(server), "DescribeScalingActivities", "2022-02-22", ScalingActivityIds__1=row.scaling_activity_id
    )
    assert newer["ScalingActivities"][0]["TriggerSourceType"] == "Ess"
    assert len(newer["ScalingActivities"][0]["CreatedInstances"]) == 3


async def test_limits(server: CloudServer) -> None:
    body = (await in_thread(ess(server).describe_limitation, models.DescribeLimitationRequest())).body
    assert body.max_number_of_max_size == 2000


async def test_strength_and_diagnosis_know_what_is_sold_out(server: CloudServer) -> None:
    client = ess(server)
    query = {"ScalingGroupIds__1": DRY, "ScalingGroupIds__2": LONE}
    body = await in_thread(generic, client, "DescribeElasticStrength", "2022-02-22", **query)
    assert [row["ElasticStrength"] for row in body["ElasticStrengthModels"]] == ["Weak", "Strong"]
    assert {pool["Status"] for pool in body["ResourcePools"]} == {"Unavailable"}
    diagnosis = await in_thread(
        generic, client, "DescribeScalingGroupDiagnoseDetails", "2022-02-22", ScalingGroupId=DRY
    )
    assert [row["ErrorCode"] for row in diagnosis["Details"]] == ["ElasticStrengthAlert"]
    with pytest.raises(ClientException):
        await in_thread(generic, client, "DescribeElasticStrength", **query)
