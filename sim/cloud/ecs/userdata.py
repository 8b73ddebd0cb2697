"""Userdata, names and system disks: what a machine's next first boot will do."""

import base64
import binascii
from typing import Any

from sim.cloud.actions import action
from sim.cloud.ecs.instances import instance_of, raise_dry_run
from sim.cloud.errors import CloudError, invalid
from sim.cloud.state import Cloud
from sim.cloud.wire import Call

LIMIT = 32 * 1024
"""Bytes of raw userdata that ECS takes; older help says half of that."""


@action("ecs", "DescribeUserData")
def describe_user_data(cloud: Cloud, call: Call) -> dict[str, Any]:
    machine = instance_of(cloud, call)
    return {"RegionId": cloud.region, "InstanceId": machine.id, "UserData": machine.user_data}


@action("ecs", "ModifyInstanceAttribute")
def modify_attribute(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Userdata can be changed only while the machine is stopped; the name and the protection at any time."""
    machine = instance_of(cloud, call)
    raise_dry_run(call)
    fields: dict[str, Any] = {}
    if "UserData" in call.params:
        _check_user_data(call.text("UserData"))
        if machine.status != "Stopped":
            message = "The current status of the resource does not support this operation: stop the instance first."
            raise CloudError("IncorrectInstanceStatus", message, 403)
        fields["user_data"] = call.text("UserData")
    if call.text("InstanceName"):
        fields["name"] = call.text("InstanceName")
    if call.text("DeletionProtection"):
        fields["deletion_protection"] = call.flag("DeletionProtection")
    if fields:
        cloud.instances.change(machine.id, **fields)
    return {}


def _check_user_data(text: str) -> None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CloudError("InvalidUserData.Base64FormatInvalid", "The specified UserData is not base64.") from None
    if len(raw) > LIMIT:
        raise CloudError("InvalidUserData.SizeExceeded", f"The specified UserData exceeds {LIMIT} bytes.")


@action("ecs", "ReplaceSystemDisk")
def replace_system_disk(cloud: Cloud, call: Call) -> dict[str, Any]:
    """A new disk from an image: whatever was on the old one is lost, and cloud-init runs at the next start."""
    machine = instance_of(cloud, call)
    image, size = call.required("ImageId"), call.integer("SystemDisk.Size", machine.disk_size)
    if machine.status != "Stopped":
        message = f"The current status of instance {machine.id} ({machine.status}) does not support this operation."
        raise CloudError("IncorrectInstanceStatus", message, 403)
    if machine.locks:
        raise CloudError("InstanceLockedForSecurity", "The disk of a locked instance cannot be replaced.", 403)
    if not 40 <= size <= 2048:
        raise invalid("SystemDisk.Size", "must be between 40 and 2048 GiB")
    raise_dry_run(call)
    disk = cloud.ids.resource("d")
    cloud.instances.change(machine.id, disk_id=disk, image_id=image, disk_size=size, first_boot=True)
    return {"DiskId": disk}
