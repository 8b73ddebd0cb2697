"""What a plan asks the cloud about machines that are kept: has the machine userdata, does Cloud Assistant reach it, and
would ECS let us; all without changing anything. Doing it is in machine_steps."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.actions.action_plan import Finding, Level
from core.actions.cloud import Cloud
from core.actions.remove.machine_steps import SCRIPT
from core.actions.remove.remove_door import Door, Found, Removal
from core.actions.situation import Situation
from core.clients.alibaba import CloudError


@dataclass(frozen=True)
class Machine:
    """`has_userdata` that does something; `unread` says why that isn't known. `assistant`: Cloud Assistant reaches
    it; None: that isn't known."""

    has_userdata: bool = False
    unread: str = ""
    assistant: bool | None = None


async def look_at(cloud: Cloud | None, found: Iterable[Found], keep_userdata: bool) -> dict[str, Machine]:
    """Node name -> its machine."""
    ours = [one for one in found if one.door not in (None, Door.EXTERNAL) and one.node.instance_id]
    if cloud is None or not ours:
        return {}
    reached = await _assistants(cloud, [one.node.instance_id for one in ours])
    looked = await asyncio.gather(*(_look_at(cloud, one.node.instance_id, reached, keep_userdata) for one in ours))
    return {one.node.name: machine for one, machine in zip(ours, looked, strict=True)}


async def _look_at(cloud: Cloud, machine: str, reached: Mapping[str, bool], keep_userdata: bool) -> Machine:
    if keep_userdata:
        return Machine(assistant=reached.get(machine))
    try:
        found = (await cloud.reader.ecs.user_data(machine)).user_data
    except CloudError as error:
        return Machine(True, error.cause, reached.get(machine))
    return Machine(not (found.empty or found.cleared), "", reached.get(machine))


async def _assistants(cloud: Cloud, machines: Sequence[str]) -> dict[str, bool]:
    """Those that Cloud Assistant knows, and whether it reaches them."""
    try:
        answer = await cloud.reader.ecs.ask("describe_cloud_assistant_status", instance_id=list(machines))
    except CloudError:
        return {}
    rows: Any = answer.get("InstanceCloudAssistantStatusSet") or []
    rows = rows.get("InstanceCloudAssistantStatus") if isinstance(rows, dict) else rows
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row.get("InstanceId")): str(row.get("CloudAssistantStatus")).lower() == "true" for row in found}


async def preflight(
    situation: Situation,
    removals: Sequence[Removal],
    machines: Mapping[str, Machine],
    keep_userdata: bool,
    no_reset: bool,
) -> list[Finding]:
    """What stands in the way of wiping them, as far as it can be known."""
    findings: list[Finding] = []
    for one in removals:
        machine = machines.get(one.node)
        if machine is not None:
            findings += _judge(one, machine, keep_userdata, no_reset)
    cloud = situation.cloud
    if cloud is None or cloud.writer is None:
        return findings
    for one in removals:
        findings += [finding async for finding in _dry_runs(cloud, one)]
    return findings


def _judge(one: Removal, machine: Machine, keep_userdata: bool, no_reset: bool) -> Iterator[Finding]:
    if machine.unread and not keep_userdata:
        text = f"its userdata can't be read ({machine.unread}), so it can't be cleared; --keep-userdata leaves it"
        yield Finding(Level.REFUSAL, "UserDataUnread", one.node, text, option="keep_userdata")
    elif one.clears and one.running:
        text = f"ECS may want {one.machine} stopped to overwrite its userdata: last of all; then it is started again"
        yield Finding(Level.WARNING, "MayBeStopped", one.node, text)
    elif keep_userdata:
        text = "its userdata stays: on a new system disk it would join the cluster again, and it may hold a join token"
        yield Finding(Level.WARNING, "UserDataStays", one.node, text)
    if one.resets and machine.assistant is False:
        text = f"Cloud Assistant doesn't reach {one.machine}, so it can't be reset; --no-reset leaves it to you"
        yield Finding(Level.REFUSAL, "NoCloudAssistant", one.node, text, option="no_reset")
    if no_reset and one.door is not Door.POOL:
        yield Finding(Level.WARNING, "NotReset", one.node, "then by hand, on the machine itself: kubeadm reset --force")


async def _dry_runs(cloud: Cloud, one: Removal) -> AsyncIterator[Finding]:
    """What ECS says to each call that can be tried without effect."""
    assert cloud.writer is not None
    ecs = cloud.writer.ecs
    tries = []
    if one.resets and one.running:
        script = base64.b64encode(SCRIPT.encode()).decode()
        tries.append(("kubeadm reset by Cloud Assistant", "no_reset", ecs.would_run(one.machine, script)))
    if one.clears and one.running:
        tries.append(("stopping it", "keep_userdata", ecs.would("stop_instance", instance_id=one.machine)))
    for what, option, attempt in tries:
        if (error := await attempt) is not None:
            text = f"{what} would fail: {error}; --{option.replace('_', '-')} does without"
            yield Finding(Level.REFUSAL, "CloudForbids", one.node, text, option=option)
