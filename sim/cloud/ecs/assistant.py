"""Cloud Assistant: scripts run inside machines, and what came of them."""

import base64
import binascii
from dataclasses import replace
from functools import partial
from typing import Any

from sim.cloud.actions import action
from sim.cloud.ecs.instances import known, raise_dry_run
from sim.cloud.errors import CloudError, invalid, missing, not_found
from sim.cloud.names import to_second
from sim.cloud.state import Cloud, Instance, Invocation
from sim.cloud.wire import Call, numbered_page, token_page

QUEUED, RUNS = 1.0, 3.0
"""Simulated seconds until a script starts, and how long it takes."""

_LIMIT = 24 * 1024


def _alive(machine: Instance) -> bool:
    return machine.assistant and machine.status == "Running"


@action("ecs", "DescribeCloudAssistantStatus")
def describe_status(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("InstanceId")
    rows = [machine for machine in cloud.instances if not ids or machine.id in ids]
    paging, page = numbered_page(call, rows, 50)
    return {**paging, "InstanceCloudAssistantStatusSet": [_status(cloud, machine) for machine in page]}


def _status(cloud: Cloud, machine: Instance) -> dict[str, Any]:
    runs = [run for run in cloud.invocations if run.instance_id == machine.id]
    beat = cloud.now() if _alive(machine) else machine.started
    return {
        "InstanceId": machine.id,
        "OSType": "Linux",
        "CloudAssistantStatus": "true" if _alive(machine) else "false",
        "CloudAssistantVersion": "2.2.3.857" if machine.assistant else "",
        "LastHeartbeatTime": to_second(beat) if machine.assistant and beat else "",
        "InvocationCount": len(runs),
        "ActiveTaskCount": sum(run.status in ("Pending", "Running") for run in runs),
        "LastInvokedTime": to_second(runs[-1].created) if runs else "",
        "SupportSessionManager": True,
    }


@action("ecs", "RunCommand")
def run_command(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids, script = call.items("InstanceId"), _script(call)
    if not ids:
        raise missing("InstanceId")
    if len(ids) > 100:
        raise invalid("InstanceId", "holds more than 100 instances")
    if call.required("Type") != "RunShellScript":
        raise invalid("Type", "must be RunShellScript for Linux instances")
    targets = [known(cloud, instance_id) for instance_id in ids]
    for machine in targets:
        if machine.status != "Running":
            message = f"The instance {machine.id} is not running."
            raise CloudError("InvalidInstance.NotRunning", message, 403)
    if call.text("RepeatMode") == "DryRun":
        raise_dry_run(replace(call, params={**call.params, "DryRun": "true"}))
    return _invoke(cloud, targets, script)


def _script(call: Call) -> str:
    content = call.required("CommandContent")
    if call.text("ContentEncoding", "PlainText") == "Base64":
        try:
            content = base64.b64decode(content, validate=True).decode()
        except (binascii.Error, ValueError):
            raise CloudError("CmdContent.DecodeError", "The CommandContent is not base64.") from None
    if len(content) > _LIMIT:
        raise CloudError("CmdContent.ExceedLimit", f"The command exceeds {_LIMIT} bytes.")
    return content


def _invoke(cloud: Cloud, targets: list[Instance], script: str) -> dict[str, str]:
    command, invocation = cloud.ids.resource("c", 14), cloud.ids.resource("t", 14)
    for machine in targets:
        run = Invocation(invocation, command, machine.id, script, cloud.now())
        if not machine.assistant:
            text = "The Cloud Assistant agent is not installed on the instance."
            run = replace(run, status="Invalid", error_code="ClientNotRunning", error_info=text)
        cloud.invocations.add(_key(run), run)
        cloud.agenda.after(QUEUED, partial(_begin, cloud, _key(run)))
    return {"CommandId": command, "InvokeId": invocation}


def _key(run: Invocation) -> str:
    return f"{run.id}/{run.instance_id}"


def _begin(cloud: Cloud, key: str) -> None:
    if cloud.invocations[key].status == "Pending":
        cloud.invocations.change(key, status="Running", started=cloud.now())
        cloud.agenda.after(RUNS, partial(_end, cloud, key))


def _end(cloud: Cloud, key: str) -> None:
    run = cloud.invocations[key]
    if run.status != "Running":
        return
    machine = cloud.instances.get(run.instance_id)
    if machine is None or machine.status != "Running":
        info = {"error_code": "InstanceNotRunning", "error_info": "The instance stopped while the command ran."}
        cloud.invocations.change(key, status="Terminated", finished=cloud.now(), **info)
        return
    code, output = cloud.guest.run(run.instance_id, run.content)
    status = "Success" if code == 0 else "Failed"
    cloud.invocations.change(key, status=status, finished=cloud.now(), exit_code=code, output=output)


@action("ecs", "DescribeInvocationResults")
def describe_results(cloud: Cloud, call: Call) -> dict[str, Any]:
    invocation, instance = call.text("InvokeId"), call.text("InstanceId")
    rows = [
        run
        for run in cloud.invocations
        if (not invocation or run.id == invocation) and (not instance or run.instance_id == instance)
    ]
    plain = call.text("ContentEncoding") == "PlainText"
    if call.text("MaxResults") or call.text("NextToken"):
        token, page = token_page(call, rows, 10, 50)
        paging: dict[str, Any] = {"NextToken": token, "TotalCount": 0, "PageSize": 0, "PageNumber": 0}
    else:
        paging, page = numbered_page(call, rows, 50)
    return {"Invocation": {**paging, "InvocationResults": [_result(run, plain) for run in page]}}


def _result(run: Invocation, plain: bool) -> dict[str, Any]:
    output = run.output if plain else base64.b64encode(run.output.encode()).decode()
    return {
        "InvokeId": run.id,
        "CommandId": run.command_id,
        "InstanceId": run.instance_id,
        "InvocationStatus": run.status,
        "InvokeRecordStatus": "Finished" if run.finished else "Running",
        "Output": output,
        "Dropped": 0,
        "ErrorCode": run.error_code,
        "ErrorInfo": run.error_info,
        "StartTime": to_second(run.started) if run.started else "",
        "FinishedTime": to_second(run.finished) if run.finished else "",
        "Repeats": 1 if run.finished else 0,
        "Username": "root",
        **({"ExitCode": run.exit_code} if run.exit_code is not None else {}),
    }


@action("ecs", "StopInvocation")
def stop_invocation(cloud: Cloud, call: Call) -> dict[str, Any]:
    invocation = call.required("InvokeId")
    runs = [run for run in cloud.invocations if run.id == invocation]
    if not runs:
        raise not_found("InvokeId")
    for run in runs:
        if run.status in ("Pending", "Running"):
            cloud.invocations.change(_key(run), status="Cancelled", finished=cloud.now())
    return {}
