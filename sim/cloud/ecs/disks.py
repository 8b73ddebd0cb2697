"""System disks as they are described, and what a machine's console shows. Replacing disks is in userdata."""

import base64
from typing import Any

from sim.cloud.actions import action
from sim.cloud.ecs.instances import instance_of
from sim.cloud.names import to_minute, to_second
from sim.cloud.state import Cloud, Instance
from sim.cloud.wire import Call, numbered_page


@action("ecs", "DescribeDisks")
def describe_disks(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Every machine has the one that it boots from; data disks are not kept here."""
    wanted, kind = call.text("InstanceId"), call.text("DiskType", "all")
    rows = [machine for machine in cloud.instances if wanted in ("", machine.id) and machine.disk_id]
    paging, page = numbered_page(call, rows if kind in ("", "all", "system") else [], 100)
    return {**paging, "Disks": [_disk(cloud, machine) for machine in page]}


def _disk(cloud: Cloud, machine: Instance) -> dict[str, Any]:
    return {
        "DiskId": machine.disk_id,
        "InstanceId": machine.id,
        "Type": "system",
        "Category": "cloud_essd",
        "Size": machine.disk_size,
        "ImageId": machine.image_id,
        "Status": "In_use",
        "Device": "/dev/xvda",
        "Portable": False,
        "DeleteWithInstance": True,
        "RegionId": cloud.region,
        "ZoneId": machine.zone,
        "CreationTime": to_minute(machine.created),
    }


@action("ecs", "GetInstanceConsoleOutput")
def console_output(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The end of what the machine has written: here its log."""
    machine = instance_of(cloud, call)
    _, text = cloud.guest.run(machine.id, "cat /var/log/messages")
    encoded = base64.b64encode(text.encode()).decode()
    return {"InstanceId": machine.id, "ConsoleOutput": encoded, "LastUpdateTime": to_second(cloud.now())}
