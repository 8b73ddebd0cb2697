"""Start, stop, reboot, release: the ECS actions that move machines, one or many at a time."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sim.cloud.actions import action
from sim.cloud.ecs import machines
from sim.cloud.ecs.instances import instance_of, known, raise_dry_run
from sim.cloud.errors import CloudError, missing
from sim.cloud.state import Cloud, Instance
from sim.cloud.wire import Call

SECONDS = 6.0
"""Simulated seconds that a start, a stop or a reboot takes."""


def _check_status(machine: Instance, *allowed: str) -> None:
    if machine.status not in allowed:
        message = f"The current status of instance {machine.id} ({machine.status}) does not support this operation."
        raise CloudError("IncorrectInstanceStatus", message, 403)
    if any(lock in ("security", "Recycling") for lock in machine.locks):
        raise CloudError("InstanceLockedForSecurity", f"The instance {machine.id} is locked.", 403)


def later(cloud: Cloud, instance_id: str, **fields: Any) -> None:
    """Change a machine after the usual time, if it still exists then."""

    def change() -> None:
        if instance_id in cloud.instances:
            started = {"started": cloud.now()} if fields.get("status") == "Running" else {}
            cloud.instances.change(instance_id, **fields, **started)

    cloud.agenda.after(SECONDS, change)


def start(cloud: Cloud, machine: Instance, call: Call) -> None:
    _check_status(machine, "Stopped")
    raise_dry_run(call)
    cloud.instances.change(machine.id, status="Starting", stopped_mode="Not-applicable")
    later(cloud, machine.id, status="Running")


def stop(cloud: Cloud, machine: Instance, call: Call) -> None:
    _check_status(machine, "Running", "Starting")
    raise_dry_run(call)
    mode = call.text("StoppedMode") or "KeepCharging"
    cloud.instances.change(machine.id, status="Stopping")
    later(cloud, machine.id, status="Stopped", stopped_mode=mode)


def reboot(cloud: Cloud, machine: Instance, call: Call) -> None:
    _check_status(machine, "Running")
    raise_dry_run(call)
    cloud.instances.change(machine.id, status="Starting")
    later(cloud, machine.id, status="Running")


def delete(cloud: Cloud, machine: Instance, call: Call) -> None:
    _check_deletable(cloud, machine, call)
    raise_dry_run(call)
    machines.release(cloud, machine.id, "release")


def _check_deletable(cloud: Cloud, machine: Instance, call: Call) -> None:
    if machine.deletion_protection:
        message = "The specified instance is in deletion protection and cannot be released."
        raise CloudError("InvalidOperation.DeletionProtection", message, 403)
    expired = machine.expires <= cloud.now() and call.flag("TerminateSubscription")
    if machine.charge_type == "PrePaid" and not expired:
        message = "The subscription instance cannot be released before it expires."
        raise CloudError("ChargeTypeViolation", message, 403)
    if machine.status != "Stopped" and not (call.flag("Force") or call.flag("ForceStop")):
        message = f"The current status of instance {machine.id} ({machine.status}) does not support this operation."
        raise CloudError("IncorrectInstanceStatus", message, 403)


_Move = Callable[[Cloud, Instance, Call], None]


def _one(move: _Move, cloud: Cloud, call: Call) -> dict[str, Any]:
    move(cloud, instance_of(cloud, call), call)
    return {}


def _many(move: _Move, cloud: Cloud, call: Call) -> dict[str, Any]:
    """The batch forms: each instance gets its own result."""
    ids = call.items("InstanceId")
    if not ids:
        raise missing("InstanceId")
    return {"InstanceResponses": [_tried(move, cloud, call, instance_id) for instance_id in ids]}


def _tried(move: _Move, cloud: Cloud, call: Call, instance_id: str) -> dict[str, str]:
    machine = known(cloud, instance_id)
    try:
        move(cloud, machine, call)
    except CloudError as error:
        if error.code == "DryRunOperation":
            raise
        status = {"CurrentStatus": machine.status, "PreviousStatus": machine.status}
        return {"InstanceId": instance_id, "Code": str(error.status), "Message": error.message, **status}
    status = {"CurrentStatus": cloud.instances[instance_id].status, "PreviousStatus": machine.status}
    return {"InstanceId": instance_id, "Code": "200", "Message": "success", **status}


for _name, _move in (("Start", start), ("Stop", stop), ("Reboot", reboot), ("Delete", delete)):
    action("ecs", f"{_name}Instance")(partial(_one, _move))
    action("ecs", f"{_name}Instances")(partial(_many, _move))
