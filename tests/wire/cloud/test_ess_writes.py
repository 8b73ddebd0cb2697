"""What ESS does to its groups: clamping, activities in progress, refill, hooks, stock-outs, replayed tokens."""

from typing import Any

import pytest
from alibabacloud_ess20140828 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from sim.cloud.ess.engine import keep_groups, settle
from sim.cloud.ess.rules import raise_alarm, schedule
from sim.cloud.server import CloudServer
from sim.cloud.state import Activity, Alarm, Cloud, Rule, ScheduledTask
from tests.wire.cloud.account import DRY, LONE, WEB, ess, generic
from tests.wire.cloud.conftest import in_thread, until


def done(cloud: Cloud, activity_id: str) -> Activity | None:
    """The activity once it has ended, else None."""
    activity = cloud.activities[activity_id]
    return activity if activity.ended is not None else None


async def scale(server: CloudServer, group: str, kind: str, value: int, **more: Any) -> str:
    request = models.ScaleWithAdjustmentRequest(
        scaling_group_id=group, adjustment_type=kind, adjustment_value=value, **more
    )
    body = (await in_thread(ess(server).scale_with_adjustment, request)).body
    return str(body.scaling_activity_id)


def states(cloud: Cloud, group: str) -> list[str]:
    return [member.state for member in cloud.members_of(group)]


async def three_up(cloud: Cloud) -> None:
    """Let the group with a desired size of 3 come up by itself."""
    settle(cloud, WEB)
    await until(lambda: states(cloud, WEB) == ["InService"] * 3)
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))


async def test_scaling_out_is_clamped_and_takes_its_time(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    cloud.clock.speed = 20
    activity = await scale(server, LONE, "TotalCapacity", 50)
    seen = set()
    while not done(cloud, activity):
        seen.add((cloud.activities[activity].progress, *states(cloud, LONE)))
        await until(lambda: True)
        await in_thread(lambda: None)
    assert (0,) in seen
    assert (20, *["Pending"] * 5) in seen
    assert states(cloud, LONE) == ["InService"] * 5
    assert {m.status for m in cloud.instances if m.name.startswith("worker")} == {"Running"}


async def test_a_second_activity_waits_for_the_first(server: CloudServer) -> None:
    await scale(server, LONE, "QuantityChangeInCapacity", 2)
    with pytest.raises(ClientException) as refused:
        await scale(server, LONE, "QuantityChangeInCapacity", 1)
    assert refused.value.code == "ScalingActivityInProgress"


async def test_no_change_is_refused(server: CloudServer) -> None:
    with pytest.raises(ClientException) as refused:
        await scale(server, LONE, "TotalCapacity", 0)
    assert refused.value.code == "IncorrectCapacity.NoChange"


async def test_a_client_token_is_replayed_and_not_run_twice(server: CloudServer) -> None:
    first = await scale(server, LONE, "QuantityChangeInCapacity", 1, client_token="token-1")
    again = await scale(server, LONE, "QuantityChangeInCapacity", 1, client_token="token-1")
    assert first == again
    calls = server.gateway.log.of("ScaleWithAdjustment")
    assert [(call.effect, call.replay) for call in calls] == [(True, False), (False, True)]
    with pytest.raises(ClientException) as refused:
        await scale(server, LONE, "QuantityChangeInCapacity", 2, client_token="token-1")
    assert refused.value.code == "IdempotentParameterMismatch"


async def test_desired_capacity_changes_first_and_machines_follow(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    query = {"ScalingGroupId": WEB, "AdjustmentType": "TotalCapacity", "AdjustmentValue": 4}
    body = await in_thread(generic, ess(server), "ScaleWithAdjustment", **query)
    assert body["ActivityType"] == "CapacityChange"
    assert cloud.groups[WEB].desired == 4
    assert cloud.members_of(WEB) == []
    await until(lambda: states(cloud, WEB) == ["InService"] * 4)


async def test_sync_activity_scales_at_once_and_keeps_its_metadata(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    query = {"ScalingGroupId": WEB, "AdjustmentType": "TotalCapacity", "AdjustmentValue": 2}
    marked = {"SyncActivity": True, "ActivityMetadata": '{"cluster-autoscaler/alicloud/managed":"true"}'}
    body = await in_thread(generic, ess(server), "ScaleWithAdjustment", **query, **marked)
    activity = await until(lambda: done(cloud, body["ScalingActivityId"]))
    assert (activity.metadata, len(activity.created)) == (marked["ActivityMetadata"], 2)


async def test_plan_only_changes_nothing(server: CloudServer) -> None:
    query = {"ScalingGroupId": LONE, "AdjustmentType": "TotalCapacity", "AdjustmentValue": 3}
    body = await in_thread(generic, ess(server), "ScaleWithAdjustment", "2022-02-22", **query, ExecutionMode="PlanOnly")
    rows = body["PlanResult"]["ResourceAllocations"]
    assert [(row["InstanceType"], row["Amount"]) for row in rows] == [("ecs.g7.xlarge", 3)]
    assert server.gateway.log.effects() == []


async def test_stock_out_fails_the_activity(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    activity = await scale(server, DRY, "TotalCapacity", 2)
    ended = await until(lambda: done(cloud, activity))
    assert (ended.status, ended.errors[0][0]) == ("Failed", "OperationDenied.NoStock")


async def test_half_a_stock_out_is_a_warning(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    cloud.stock["ecs.gn7i-c16g1.4xlarge", "cn-hangzhou-h"] = 1
    activity = await scale(server, DRY, "TotalCapacity", 2)
    ended = await until(lambda: done(cloud, activity))
    assert (ended.status, len(ended.created)) == ("Warning", 1)


@pytest.mark.parametrize(("quota", "taken", "code"), [(2, 0, "QuotaExceeded"), (None, 251, "InvalidVSwitchId")])
async def test_quota_and_addresses_run_out_too(server: CloudServer, quota: int | None, taken: int, code: str) -> None:
    """The free pay-as-you-go machine of the account counts; its subscription machine doesn't."""
    cloud = server.gateway.cloud
    cloud.quota = quota
    cloud.vswitches.change("vsw-bp1i", taken=252)
    cloud.vswitches.change("vsw-bp1h", taken=taken - 2 if taken else 0)
    activity = await scale(server, LONE, "TotalCapacity", 2)
    ended = await until(lambda: done(cloud, activity))
    assert (ended.status, len(ended.created), ended.errors[0][0].split(".")[0]) == ("Warning", 1, code)


async def test_removal_refills_only_when_desired_is_kept(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    await three_up(cloud)
    first, second = [member.instance_id for member in cloud.members_of(WEB)][:2]
    await remove(server, first, decrease_desired_capacity=False)
    await until(lambda: first not in cloud.instances and states(cloud, WEB) == ["InService"] * 3)
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    await remove(server, second, decrease_desired_capacity=True)
    await until(lambda: second not in cloud.instances)
    assert cloud.groups[WEB].desired == 2
    keep_groups(cloud)
    assert len(cloud.members_of(WEB)) == 2


async def remove(server: CloudServer, instance: str, **more: Any) -> None:
    request = models.RemoveInstancesRequest(scaling_group_id=WEB, instance_id=[instance], **more)
    await in_thread(ess(server).remove_instances, request)


async def test_below_the_minimum_is_refused(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    await scale(server, WEB, "TotalCapacity", 1)
    await until(lambda: states(cloud, WEB) == ["InService"])
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    with pytest.raises(ClientException) as refused:
        await remove(server, cloud.members_of(WEB)[0].instance_id)
    assert refused.value.code == "IncorrectCapacity.MinSize"


async def test_a_machine_released_behind_its_back_is_replaced(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    await three_up(cloud)
    gone = cloud.members_of(WEB)[0].instance_id
    cloud.instances.drop(gone)

    def healed() -> bool:
        keep_groups(cloud)
        return states(cloud, WEB) == ["InService"] * 3 and gone not in cloud.members

    await until(healed)


async def test_attach_and_detach_an_existing_machine(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    request = models.AttachInstancesRequest(scaling_group_id=LONE, instance_id=["i-bp1free0"])
    await in_thread(client.attach_instances, request)
    await until(lambda: states(cloud, LONE) == ["InService"])
    assert cloud.members["i-bp1free0"].creation == "Attached"
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    back = models.DetachInstancesRequest(scaling_group_id=LONE, instance_id=["i-bp1free0"])
    await in_thread(client.detach_instances, back)
    await until(lambda: "i-bp1free0" not in cloud.members)
    assert cloud.instances["i-bp1free0"].status == "Running"


async def test_what_cannot_be_attached(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)

    def attach(**fields: Any) -> Any:
        return client.attach_instances(models.AttachInstancesRequest(scaling_group_id=LONE, **fields))

    with pytest.raises(ClientException, match="Entrusted"):
        await in_thread(attach, instance_id=["i-bp1free1"], entrusted=True)
    cloud.instances.change("i-bp1free0", status="Stopped")
    with pytest.raises(ClientException) as stopped:
        await in_thread(attach, instance_id=["i-bp1free0"])
    assert stopped.value.code == "IncorrectInstanceStatus"
    cloud.instances.change("i-bp1free0", status="Running", vpc_id="vpc-elsewhere")
    with pytest.raises(ClientException, match="VPC of instance"):
        await in_thread(attach, instance_id=["i-bp1free0"])
    with pytest.raises(ClientException) as unknown:
        await in_thread(attach, instance_id=["i-nobody"])
    assert (unknown.value.code, unknown.value.status_code) == ("InvalidInstanceId.NotFound", 404)


async def test_a_subscription_machine_is_never_released(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    await three_up(cloud)
    paid = cloud.members_of(WEB)[0].instance_id
    cloud.instances.change(paid, charge_type="PrePaid")
    await remove(server, paid)
    await until(lambda: paid not in cloud.members)
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    assert cloud.instances[paid].status == "Running"


async def test_a_hook_holds_machines_until_it_is_answered(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    hook = models.CreateLifecycleHookRequest(
        scaling_group_id=LONE, lifecycle_transition="SCALE_OUT", heartbeat_timeout=100_000
    )
    hook_id = (await in_thread(client.create_lifecycle_hook, hook)).body.lifecycle_hook_id
    activity = await scale(server, LONE, "TotalCapacity", 1)
    await until(lambda: states(cloud, LONE) == ["Pending:Wait"])
    ask = models.DescribeLifecycleActionsRequest(scaling_activity_id=activity)
    row = (await in_thread(client.describe_lifecycle_actions, ask)).body.lifecycle_actions.lifecycle_action[0]
    assert (row.lifecycle_action_status, row.lifecycle_hook_id) == ("Pending", hook_id)
    beat = models.RecordLifecycleActionHeartbeatRequest(
        lifecycle_hook_id=hook_id, lifecycle_action_token=row.lifecycle_action_token, heartbeat_timeout=90_000
    )
    await in_thread(client.record_lifecycle_action_heartbeat, beat)
    answer = models.CompleteLifecycleActionRequest(
        lifecycle_hook_id=hook_id,
        lifecycle_action_token=row.lifecycle_action_token,
        lifecycle_action_result="CONTINUE",
    )
    await in_thread(client.complete_lifecycle_action, answer)
    await until(lambda: states(cloud, LONE) == ["InService"])


async def test_a_hook_holds_machines_that_leave_and_its_time_out_lets_them_go(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    await three_up(cloud)
    hook = models.CreateLifecycleHookRequest(
        scaling_group_id=WEB, lifecycle_transition="SCALE_IN", heartbeat_timeout=60, default_result="CONTINUE"
    )
    await in_thread(client.create_lifecycle_hook, hook)
    cloud.clock.speed = 20
    leaving = cloud.members_of(WEB)[0].instance_id
    await remove(server, leaving)
    assert cloud.members[leaving].state == "Removing:Wait"
    with pytest.raises(ClientException) as busy:
        await scale(server, WEB, "TotalCapacity", 3)
    assert busy.value.code == "ScalingActivityInProgress"
    cloud.clock.advance(60)
    await until(lambda: leaving not in cloud.instances)
    assert [action.status for action in cloud.hook_actions] == ["Timeout"]


async def test_an_abandoned_scale_out_releases_its_machines(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    hook = models.CreateLifecycleHookRequest(
        scaling_group_id=LONE, lifecycle_transition="SCALE_OUT", heartbeat_timeout=30, default_result="ABANDON"
    )
    await in_thread(client.create_lifecycle_hook, hook)
    activity = await scale(server, LONE, "TotalCapacity", 1)
    ended = await until(lambda: done(cloud, activity))
    assert ended.status == "Failed"
    await until(lambda: ended.created[0] not in cloud.instances)


async def test_protection_standby_and_suspension(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    await three_up(cloud)
    one = cloud.members_of(WEB)[0].instance_id
    protect = models.SetInstancesProtectionRequest(
        scaling_group_id=WEB, instance_id=[one], protected_from_scale_in=True
    )
    await in_thread(client.set_instances_protection, protect)
    assert cloud.members[one].state == "Protected"
    await in_thread(
        client.enter_standby, models.EnterStandbyRequest(scaling_group_id=WEB, instance_id=[one], client_token="t")
    )
    assert cloud.members[one].state == "Standby"
    await in_thread(
        client.suspend_processes, models.SuspendProcessesRequest(scaling_group_id=WEB, process=["ScaleOut"])
    )
    body = await in_thread(generic, ess(server), "DescribeScalingGroups", ScalingGroupId__1=WEB)
    group = body["ScalingGroups"]["ScalingGroup"][0]
    assert group["SuspendedProcesses"] == {"SuspendedProcess": ["ScaleOut"]}
    assert (group["StandbyCapacity"], group["TotalCapacity"]) == (1, 3)


async def test_rules_alarms_and_scheduled_tasks_move_a_group(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    rule = Rule("asr-1", LONE, "up", adjustment=1)
    cloud.rules.add(rule.id, rule)
    cloud.alarms.add("alm-1", Alarm("alm-1", "busy", LONE, rule.ari))
    run = models.ExecuteScalingRuleRequest(scaling_rule_ari=rule.ari)
    await in_thread(client.execute_scaling_rule, run)
    await until(lambda: states(cloud, LONE) == ["InService"])
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    raise_alarm(cloud, "alm-1", 91.0)
    await until(lambda: states(cloud, LONE) == ["InService"] * 2)
    await until(lambda: all(done(cloud, a.id) for a in cloud.activities))
    assert [activity.trigger[0] for activity in cloud.activities] == ["APIs", "Cms"]
    schedule(cloud, ScheduledTask("ast-1", "morning", LONE, launch=cloud.now() + 5, min_size=3))
    await until(lambda: states(cloud, LONE) == ["InService"] * 3)
    alarms = (await in_thread(client.describe_alarms, models.DescribeAlarmsRequest(scaling_group_id=LONE))).body
    assert alarms.alarm_list.alarm[0].state == "ALARM"
    tasks = (await in_thread(client.describe_scheduled_tasks, models.DescribeScheduledTasksRequest())).body
    assert tasks.scheduled_tasks.scheduled_task[0].min_value == 3
    rules = models.DescribeScalingRulesRequest(scaling_group_id=LONE, show_alarm_rules=True)
    found = (await in_thread(client.describe_scaling_rules, rules)).body.scaling_rules.scaling_rule[0]
    assert (found.scaling_rule_ari, found.alarms.alarm[0].alarm_task_id) == (rule.ari, "alm-1")


async def test_modifying_limits_and_desired(server: CloudServer) -> None:
    cloud, client = server.gateway.cloud, ess(server)
    await in_thread(
        client.modify_scaling_group, models.ModifyScalingGroupRequest(scaling_group_id=WEB, desired_capacity=5)
    )
    await until(lambda: states(cloud, WEB) == ["InService"] * 5)
    with pytest.raises(ClientException):
        await in_thread(
            client.modify_scaling_group, models.ModifyScalingGroupRequest(scaling_group_id=WEB, desired_capacity=9)
        )
