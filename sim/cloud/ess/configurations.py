"""Scaling configurations: what a group's new machine is made from. Userdata carries the join token."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.catalogue import TYPES
from sim.cloud.errors import not_found
from sim.cloud.names import to_minute
from sim.cloud.state import Cloud, ScalingConfiguration
from sim.cloud.wire import Call, numbered_page


@action("ess", "DescribeScalingConfigurations")
def describe_configurations(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("ScalingConfigurationId", "ScalingConfigurationIds")
    names = call.items("ScalingConfigurationName", "ScalingConfigurationNames")
    group = call.text("ScalingGroupId")
    rows = [
        configuration
        for configuration in cloud.configurations
        if (not group or configuration.group_id == group)
        and (not ids or configuration.id in ids)
        and (not names or configuration.name in names)
    ]
    paging, page = numbered_page(call, rows)
    return {**paging, "ScalingConfigurations": [_configuration(cloud, row) for row in page]}


def _configuration(cloud: Cloud, row: ScalingConfiguration) -> dict[str, Any]:
    kind = TYPES.get(row.instance_types[0])
    group = cloud.groups.get(row.group_id)
    return {
        "ScalingConfigurationId": row.id,
        "ScalingConfigurationName": row.name,
        "ScalingGroupId": row.group_id,
        "LifecycleState": "Active" if group and group.configuration_id == row.id else "Inactive",
        "InstanceType": row.instance_types[0],
        "InstanceTypes": list(row.instance_types),
        "Cpu": kind.cpu if kind else 0,
        "Memory": int(kind.memory_gib) if kind else 0,
        "ImageId": row.image_id,
        "SpotStrategy": row.spot_strategy,
        "SpotPriceLimits": [{"InstanceType": name, "PriceLimit": limit} for name, limit in row.spot_price_limits],
        "SystemDiskCategory": row.disk_category,
        "SystemDiskCategories": [row.disk_category],
        "SystemDiskSize": row.disk_size,
        "DataDisks": [],
        "SecurityGroupId": next(iter(row.security_groups), ""),
        "SecurityGroupIds": list(row.security_groups),
        "KeyPairName": row.key_pair,
        "RamRoleName": row.ram_role,
        "UserData": row.user_data,
        "Tags": [{"Key": key, "Value": value} for key, value in row.tags],
        "InstanceName": "worker-k8s-for-cs",
        "InternetChargeType": "PayByTraffic",
        "InternetMaxBandwidthOut": 0,
        "CreationTime": to_minute(row.created),
    }


@action("ess", "ModifyScalingConfiguration")
def modify_configuration(cloud: Cloud, call: Call) -> dict[str, Any]:
    row = cloud.configurations.get(call.required("ScalingConfigurationId"))
    if row is None:
        raise not_found("ScalingConfigurationId")
    types = tuple(call.items("InstanceTypes", "InstanceType")) or row.instance_types
    user_data = call.params.get("UserData", row.user_data)
    cloud.configurations.change(row.id, instance_types=types, user_data=user_data)
    return {}
