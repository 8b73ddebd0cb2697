"""ECS instances as they are described: the list, their states, their attributes. Not what moves them (see power)."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.catalogue import TYPES
from sim.cloud.ecs.machines import memory_mib
from sim.cloud.errors import CloudError
from sim.cloud.names import to_minute
from sim.cloud.state import Cloud, Instance
from sim.cloud.wire import Call, numbered_page, token_page


def instance_of(cloud: Cloud, call: Call) -> Instance:
    """The instance that a call names; CloudError InvalidInstanceId.NotFound."""
    return known(cloud, call.required("InstanceId"))


def known(cloud: Cloud, instance_id: str) -> Instance:
    machine = cloud.instances.get(instance_id)
    if machine is None:
        raise CloudError("InvalidInstanceId.NotFound", f"The specified InstanceId {instance_id} does not exist.", 404)
    return machine


def raise_dry_run(call: Call) -> None:
    """A dry run that would have gone through is answered with an error of this code."""
    if call.flag("DryRun"):
        raise CloudError("DryRunOperation", "Request validation has been passed with DryRun flag set.")


@action("ecs", "DescribeInstances")
def describe_instances(cloud: Cloud, call: Call) -> dict[str, Any]:
    raise_dry_run(call)
    rows = [machine for machine in cloud.instances if _matches(machine, call)]
    if call.text("MaxResults") or call.text("NextToken"):
        token, page = token_page(call, rows, 10, 100)
        paging: dict[str, Any] = {"NextToken": token, "TotalCount": len(rows), "PageSize": len(page), "PageNumber": 0}
    else:
        paging, page = numbered_page(call, rows, 100)
    return {**paging, "Instances": [_instance(cloud, machine) for machine in page]}


_FILTERS = {
    "Status": "status",
    "InstanceChargeType": "charge_type",
    "VpcId": "vpc_id",
    "VSwitchId": "vswitch_id",
    "ZoneId": "zone",
    "InstanceType": "type",
    "InstanceName": "name",
}


def _matches(machine: Instance, call: Call) -> bool:
    """Ids that nobody has are dropped silently, as ECS does."""
    ids, addresses = call.json_list("InstanceIds"), call.json_list("PrivateIpAddresses")
    fields = all(not call.text(name) or getattr(machine, field) == call.text(name) for name, field in _FILTERS.items())
    if not fields or (ids is not None and machine.id not in ids):
        return False
    if addresses is not None and machine.ip not in addresses:
        return False
    tags = dict(machine.tags)
    return all(tags.get(key) == value if value else key in tags for key, value in call.pairs("Tag"))


def _instance(cloud: Cloud, machine: Instance) -> dict[str, Any]:
    kind = TYPES[machine.type]
    return {
        "InstanceId": machine.id,
        "InstanceName": machine.name,
        "HostName": machine.name,
        "Description": "",
        "RegionId": cloud.region,
        "ZoneId": machine.zone,
        "Status": machine.status,
        "StoppedMode": machine.stopped_mode,
        "InstanceType": machine.type,
        "InstanceTypeFamily": kind.family,
        "Cpu": kind.cpu,
        "Memory": memory_mib(machine),
        "GPUAmount": kind.gpu,
        "GPUSpec": kind.gpu_spec,
        "InstanceChargeType": machine.charge_type,
        "SpotStrategy": machine.spot_strategy,
        "SpotPriceLimit": machine.spot_price_limit,
        "SaleCycle": "month" if machine.charge_type == "PrePaid" else "",
        "ExpiredTime": to_minute(machine.expires),
        "AutoReleaseTime": "",
        "CreationTime": to_minute(machine.created),
        "StartTime": to_minute(machine.started) if machine.started else "",
        "ImageId": machine.image_id,
        "OSType": "linux",
        "OSName": "Alibaba Cloud Linux 3 64-bit",
        "KeyPairName": machine.key_pair,
        "InstanceNetworkType": "vpc",
        "IoOptimized": True,
        "DeviceAvailable": True,
        "DeletionProtection": machine.deletion_protection,
        "Recyclable": False,
        "ResourceGroupId": "",
        "SecurityGroupIds": list(machine.security_groups),
        "OperationLocks": [{"LockReason": reason} for reason in machine.locks],
        "PublicIpAddress": [],
        "VpcAttributes": _network(machine),
        "Tags": [{"TagKey": key, "TagValue": value} for key, value in machine.tags],
    }


def _network(machine: Instance) -> dict[str, Any]:
    return {
        "VpcId": machine.vpc_id,
        "VSwitchId": machine.vswitch_id,
        "PrivateIpAddress": [machine.ip],
        "NatIpAddress": "",
    }


@action("ecs", "DescribeInstanceStatus")
def describe_status(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("InstanceId")
    rows = [machine for machine in cloud.instances if not ids or machine.id in ids]
    paging, page = numbered_page(call, rows, 50)
    return {**paging, "InstanceStatuses": [{"InstanceId": row.id, "Status": row.status} for row in page]}


@action("ecs", "DescribeInstanceHistoryEvents")
def describe_history(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Interruptions of spot machines that are being reclaimed; other events don't happen here."""
    wanted = call.text("InstanceId")
    rows = [
        {
            "EventId": f"e-{machine.id[2:]}",
            "InstanceId": machine.id,
            "ResourceType": "instance",
            "EventType": {"Name": "Instance.SpotInterruption", "Code": 15},
            "EventCycleStatus": {"Name": "Executing", "Code": 32},
            "EventPublishTime": to_minute(cloud.now()),
            "NotBefore": to_minute(cloud.now() + 300),
            "Reason": "The spot instance is being reclaimed.",
        }
        for machine in cloud.instances
        if "Recycling" in machine.locks and wanted in ("", machine.id)
    ]
    paging, page = numbered_page(call, rows, 100)
    return {**paging, "InstanceSystemEventSet": list(page)}
