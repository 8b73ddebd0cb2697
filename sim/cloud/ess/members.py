"""Instances of a scaling group: describe, attach, detach, remove, protect, standby."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError, invalid, missing
from sim.cloud.ess.engine import Origin, attach, capacity, check_ready, leave
from sim.cloud.ess.groups import group_of
from sim.cloud.names import to_minute, to_second
from sim.cloud.state import Activity, Cloud, Instance, Member, ScalingGroup
from sim.cloud.wire import Call, numbered_page

_BATCH = 20
"""Instances in one attach, detach or remove call."""


@action("ess", "DescribeScalingInstances")
def describe_members(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("InstanceId", "InstanceIds")
    wanted = {
        "group_id": call.text("ScalingGroupId"),
        "state": call.text("LifecycleState"),
        "creation": call.text("CreationType"),
        "health": call.text("HealthStatus"),
        "activity_id": call.text("ScalingActivityId"),
        "configuration_id": call.text("ScalingConfigurationId"),
    }
    rows = [
        member
        for member in cloud.members
        if (not ids or member.instance_id in ids)
        and all(not value or getattr(member, name) == value for name, value in wanted.items())
    ]
    paging, page = numbered_page(call, rows, 100 if call.version == "2022-02-22" else 50)
    spot = sum(_machine_spot(cloud, member) for member in rows)
    return {**paging, "TotalSpotCount": spot, "ScalingInstances": [_member(cloud, member, call) for member in page]}


def _machine_spot(cloud: Cloud, member: Member) -> bool:
    machine = cloud.instances.get(member.instance_id)
    return machine is not None and machine.spot_strategy != "NoSpot"


def _member(cloud: Cloud, member: Member, call: Call) -> dict[str, Any]:
    machine = cloud.instances.get(member.instance_id)
    newer = {"PrivateIpAddress": machine.ip} if machine and call.version == "2022-02-22" else {}
    return {
        "InstanceId": member.instance_id,
        "ScalingGroupId": member.group_id,
        "LifecycleState": member.state,
        "CreationType": member.creation,
        "Entrusted": member.entrusted,
        "HealthStatus": member.health,
        "WarmupState": "NoNeedWarmup",
        "ScalingConfigurationId": member.configuration_id,
        "ScalingActivityId": member.activity_id,
        "ZoneId": machine.zone if machine else "",
        "SpotStrategy": machine.spot_strategy if machine else "NoSpot",
        "CreationTime": to_minute(member.joined),
        "CreatedTime": to_second(member.joined),
        "LoadBalancerWeight": 50,
        **newer,
    }


def _ids(call: Call) -> list[str]:
    ids = call.items("InstanceId", "InstanceIds")
    if not ids:
        raise missing("InstanceId")
    if len(ids) > _BATCH:
        raise invalid("InstanceId", f"holds more than {_BATCH} instances")
    return list(dict.fromkeys(ids))


def _members(cloud: Cloud, group: ScalingGroup, ids: list[str]) -> list[Member]:
    """These members of the group; CloudError when one is not in it."""
    found = [cloud.members.get(instance_id) for instance_id in ids]
    for instance_id, member in zip(ids, found, strict=True):
        if member is None or member.group_id != group.id:
            message = f"The specified instance {instance_id} is not in scaling group {group.id}."
            raise CloudError("InvalidInstanceId.NotFound", message, 404)
    return [member for member in found if member is not None]


@action("ess", "AttachInstances")
def attach_instances(cloud: Cloud, call: Call) -> dict[str, Any]:
    group, ids, entrusted = group_of(cloud, call), _ids(call), call.flag("Entrusted")
    for instance_id in ids:
        _check_attachable(cloud, group, instance_id, entrusted)
    if capacity(cloud, group.id) + len(ids) > group.max_size:
        message = f"To attach the instances, the total capacity would exceed the MaxSize of {group.max_size}."
        raise CloudError("IncorrectCapacity.MaxSize", message)
    check_ready(cloud, group)
    if group.desired is not None:
        cloud.groups.change(group.id, desired=max(group.desired, capacity(cloud, group.id) + len(ids)))
    origin = Origin("A user requests to attach instances to the scaling group")
    return {"ScalingActivityId": attach(cloud, group, ids, origin, entrusted).id}


def _check_attachable(cloud: Cloud, group: ScalingGroup, instance_id: str, entrusted: bool) -> Instance:
    machine = cloud.instances.get(instance_id)
    if machine is None:
        raise CloudError("InvalidInstanceId.NotFound", f"The specified instance {instance_id} does not exist.", 404)
    if instance_id in cloud.members:
        raise CloudError("InvalidInstanceId.InUse", f"The instance {instance_id} is in a scaling group already.")
    if machine.vpc_id != group.vpc_id:
        message = f"The network type or VPC of instance {instance_id} is not that of the scaling group."
        raise CloudError("InvalidInstanceId.VPCMismatch", message)
    if machine.status != "Running":
        raise CloudError("IncorrectInstanceStatus", f"The instance {instance_id} is not running.")
    if entrusted and machine.charge_type != "PostPaid":
        raise invalid("Entrusted", "cannot be true for subscription instances")
    return machine


@action("ess", "DetachInstances")
def detach_instances(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.text("DetachOption") not in ("", "both", "Both"):
        raise invalid("DetachOption")
    return {"ScalingActivityId": _leave(cloud, call, "detach", release=False).id}


@action("ess", "RemoveInstances")
def remove_instances(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.text("RemovePolicy", "release") not in ("", "release", "recycle"):
        raise invalid("RemovePolicy")
    activity = _leave(cloud, call, "remove", release=True)
    return {"ScalingActivityId": activity.id, **({"IgnoredInstances": []} if call.version == "2022-02-22" else {})}


def _leave(cloud: Cloud, call: Call, verb: str, *, release: bool) -> Activity:
    group, ids = group_of(cloud, call), _ids(call)
    members = _members(cloud, group, ids)
    check_ready(cloud, group)
    lowers = call.flag("DecreaseDesiredCapacity", True)
    counted = sum(member.state != "Stopped" for member in members)
    if lowers and capacity(cloud, group.id) - counted < group.min_size:
        message = f"To {verb} the instances, the total capacity would be below the MinSize of {group.min_size}."
        raise CloudError("IncorrectCapacity.MinSize", message)
    if lowers and group.desired is not None:
        cloud.groups.change(group.id, desired=max(group.min_size, group.desired - counted))
    origin = Origin(f"A user requests to {verb} instances from the scaling group")
    return leave(cloud, group, ids, origin, release=release)


@action("ess", "SetInstancesProtection")
def protect(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    protected = call.flag("ProtectedFromScaleIn")
    for member in _members(cloud, group, _ids(call)):
        if member.state not in ("InService", "Protected"):
            raise CloudError("IncorrectInstanceStatus", f"The instance {member.instance_id} is {member.state}.")
        cloud.members.change(member.instance_id, state="Protected" if protected else "InService")
    return {}


@action("ess", "EnterStandby")
def enter_standby(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _move(cloud, call, ("InService", "Protected"), "Standby")


@action("ess", "ExitStandby")
def exit_standby(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _move(cloud, call, ("Standby",), "InService")


def _move(cloud: Cloud, call: Call, from_states: tuple[str, ...], to_state: str) -> dict[str, Any]:
    group = group_of(cloud, call)
    members = _members(cloud, group, _ids(call))
    for member in members:
        if member.state not in from_states:
            raise CloudError("IncorrectInstanceStatus", f"The instance {member.instance_id} is {member.state}.")
    for member in members:
        cloud.members.change(member.instance_id, state=to_state)
    return {}


@action("ess", "SetInstanceHealth")
def set_health(cloud: Cloud, call: Call) -> dict[str, Any]:
    instance_id = call.required("InstanceId")
    if instance_id not in cloud.members:
        raise CloudError("InvalidInstanceId.NotFound", f"The instance {instance_id} is in no scaling group.", 404)
    cloud.members.change(instance_id, health=call.text("HealthStatus", "Healthy"))
    return {}
