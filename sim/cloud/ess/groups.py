"""Scaling groups: describe, modify, enable, suspend, protect from deletion; their tags, the account's limits."""

from collections import Counter, defaultdict
from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError, invalid, not_found
from sim.cloud.ess.engine import COUNTED, running, settle
from sim.cloud.names import to_minute
from sim.cloud.state import Cloud, Member, ScalingGroup
from sim.cloud.wire import Call, numbered_page, token_page

PROCESSES = ("ScaleIn", "ScaleOut", "HealthCheck", "AlarmNotification", "ScheduledAction")


def group_of(cloud: Cloud, call: Call) -> ScalingGroup:
    """The group that a call names; CloudError InvalidScalingGroupId.NotFound."""
    group = cloud.groups.get(call.required("ScalingGroupId"))
    if group is None:
        raise not_found("ScalingGroupId")
    return group


@action("ess", "DescribeScalingGroups")
def describe_groups(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("ScalingGroupId", "ScalingGroupIds")
    names = call.items("ScalingGroupName", "ScalingGroupNames")
    fuzzy, tags = call.text("ScalingGroupName"), set(call.pairs("Tag", "Tags"))
    rows = [
        group
        for group in cloud.groups
        if (not ids or group.id in ids)
        and (not names or group.name in names)
        and fuzzy in group.name
        and tags <= set(group.tags)
    ]
    paging, page = numbered_page(call, rows)
    members: dict[str, list[Member]] = defaultdict(list)
    for member in cloud.members:
        members[member.group_id].append(member)
    return {**paging, "ScalingGroups": [_group(cloud, group, members[group.id]) for group in page]}


def _group(cloud: Cloud, group: ScalingGroup, members: list[Member]) -> dict[str, Any]:
    configuration = cloud.configurations.get(group.configuration_id)
    return {
        "ScalingGroupId": group.id,
        "ScalingGroupName": group.name,
        "RegionId": cloud.region,
        "LifecycleState": group.state,
        "MinSize": group.min_size,
        "MaxSize": group.max_size,
        **({} if group.desired is None else {"DesiredCapacity": group.desired}),
        "EnableDesiredCapacity": group.desired is not None,
        **_capacities(members),
        "DefaultCooldown": group.cooldown,
        "RemovalPolicies": list(group.removal_policies),
        "ScalingPolicy": group.scaling_policy,
        "MultiAZPolicy": group.multi_az_policy,
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 0,
        "SpotInstanceRemedy": False,
        "CompensateWithOnDemand": bool(configuration and configuration.spot_strategy != "NoSpot"),
        "SuspendedProcesses": sorted(group.suspended),
        "SystemSuspended": group.system_suspended,
        "HealthCheckType": group.health_check,
        "ActiveScalingConfigurationId": group.configuration_id,
        "VSwitchId": next(iter(group.vswitch_ids), ""),
        "VSwitchIds": list(group.vswitch_ids),
        "VpcId": group.vpc_id,
        "GroupType": "ECS",
        "GroupDeletionProtection": group.deletion_protection,
        "IsElasticStrengthInAlarm": False,
        "MaxInstanceLifetime": 0,
        "Tags": [{"TagKey": key, "TagValue": value, "Propagate": False} for key, value in group.tags],
        "CreationTime": to_minute(group.created),
        "ModificationTime": to_minute(group.modified or group.created),
    }


def _capacities(members: list[Member]) -> dict[str, int]:
    states = Counter(member.state for member in members)
    return {
        "TotalCapacity": sum(states[state] for state in COUNTED),
        "TotalInstanceCount": len(members),
        "ActiveCapacity": states["InService"],
        "InitCapacity": 0,
        "PendingCapacity": states["Pending"],
        "PendingWaitCapacity": states["Pending:Wait"],
        "ProtectedCapacity": states["Protected"],
        "StandbyCapacity": states["Standby"],
        "StoppedCapacity": states["Stopped"],
        "RemovingCapacity": states["Removing"],
        "RemovingWaitCapacity": states["Removing:Wait"],
    }


@action("ess", "ModifyScalingGroup")
def modify_group(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    low = call.integer("MinSize", group.min_size)
    high = call.integer("MaxSize", group.max_size)
    desired = call.optional_integer("DesiredCapacity")
    if not 0 <= low <= high <= 2000:
        raise invalid("MinSize", "must be at least 0 and at most MaxSize, which is at most 2000")
    if desired is not None and group.desired is None:
        message = "The scaling group has no desired capacity; it can be set only when the group is created."
        raise CloudError("InvalidParameter.DesiredCapacity", message)
    wanted = desired if desired is not None else group.desired
    if wanted is not None and not low <= wanted <= high:
        raise invalid("DesiredCapacity", "must be between MinSize and MaxSize")
    cloud.groups.change(
        group.id,
        min_size=low,
        max_size=high,
        desired=wanted,
        name=call.text("ScalingGroupName") or group.name,
        cooldown=call.integer("DefaultCooldown", group.cooldown),
        configuration_id=call.text("ActiveScalingConfigurationId") or group.configuration_id,
        deletion_protection=call.flag("GroupDeletionProtection", group.deletion_protection),
        modified=cloud.now(),
    )
    cloud.agenda.after(1.0, lambda: settle(cloud, group.id))
    return {}


@action("ess", "EnableScalingGroup")
def enable_group(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    if group.state == "Active":
        raise CloudError("IncorrectScalingGroupStatus", "The scaling group is active already.")
    cloud.groups.change(group.id, state="Active")
    return {}


@action("ess", "DisableScalingGroup")
def disable_group(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    if group.state != "Active" or running(cloud, group.id):
        raise CloudError("IncorrectScalingGroupStatus", "The scaling group is not active, or an activity runs in it.")
    cloud.groups.change(group.id, state="Inactive")
    return {}


def _processes(call: Call) -> list[str]:
    names = call.items("Process", "Processes")
    if not names or any(name not in PROCESSES for name in names):
        raise invalid("Process", f"must be among {', '.join(PROCESSES)}")
    return names


@action("ess", "SuspendProcesses")
def suspend(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    cloud.groups.change(group.id, suspended=group.suspended | set(_processes(call)))
    return {}


@action("ess", "ResumeProcesses")
def resume(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    cloud.groups.change(group.id, suspended=group.suspended - set(_processes(call)))
    return {}


@action("ess", "SetGroupDeletionProtection")
def protect_group(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    cloud.groups.change(group.id, deletion_protection=call.flag("GroupDeletionProtection"))
    return {}


@action("ess", "ListTagResources")
def list_tags(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("ResourceId", "ResourceIds")
    rows = [
        {"ResourceType": "scalinggroup", "ResourceId": group.id, "TagKey": key, "TagValue": value}
        for group in cloud.groups
        if not ids or group.id in ids
        for key, value in group.tags
    ]
    token, page = token_page(call, rows, 50, 50)
    return {"NextToken": token, "TagResources": list(page)}


@action("ess", "DescribeLimitation")
def limits(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {
        "MaxNumberOfScalingGroups": 500,
        "MaxNumberOfScalingConfigurations": 10,
        "MaxNumberOfScalingRules": 50,
        "MaxNumberOfScheduledTasks": 1000,
        "MaxNumberOfScalingInstances": 2000,
        "MaxNumberOfMaxSize": 2000,
        "MaxNumberOfMinSize": 2000,
        "MaxNumberOfLifecycleHooks": 6,
        "MaxNumberOfLoadBalancers": 30,
        "MaxNumberOfDBInstances": 30,
        "MaxNumberOfVServerGroups": 30,
        "MaxNumberOfAlbServerGroups": 30,
        "MaxNumberOfNotificationConfigurations": 6,
    }


@action("ess", "DescribeRegions")
def regions(cloud: Cloud, call: Call) -> dict[str, Any]:
    region = {"RegionId": cloud.region, "LocalName": "China (Hangzhou)", "RegionEndpoint": "ess.aliyuncs.com"}
    return {"Regions": [{**region, "ClassicUnavailable": True, "VpcUnavailable": False}]}
