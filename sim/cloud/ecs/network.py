"""vSwitches with their free addresses, and the region's zones, as the ECS API still describes them."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.ecs.machines import free_addresses
from sim.cloud.state import Cloud, VSwitch
from sim.cloud.wire import Call, numbered_page


@action("ecs", "DescribeVSwitches")
def describe_vswitches(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = [text for text in call.text("VSwitchId").split(",") if text]
    vpc, zone = call.text("VpcId"), call.text("ZoneId")
    rows = [
        switch
        for switch in cloud.vswitches
        if (not ids or switch.id in ids) and vpc in ("", switch.vpc_id) and zone in ("", switch.zone)
    ]
    paging, page = numbered_page(call, rows, 50)
    return {**paging, "VSwitches": [_vswitch(cloud, switch) for switch in page]}


def _vswitch(cloud: Cloud, switch: VSwitch) -> dict[str, Any]:
    return {
        "VSwitchId": switch.id,
        "VSwitchName": switch.name,
        "VpcId": switch.vpc_id,
        "ZoneId": switch.zone,
        "CidrBlock": switch.cidr,
        "AvailableIpAddressCount": free_addresses(cloud, switch),
        "Status": "Available",
        "IsDefault": False,
        "Description": "",
        "ResourceGroupId": "",
    }
