"""What is wrong with a group, one plain line each, and how long its machines take to become Ready. A pure look at one
group and the snapshot."""

import re
from statistics import median

import msgspec

from core.cluster.group import Group, Member, ReadyTime
from core.cluster.snapshot import Snapshot
from core.kube import timestamps

LONGEST_JOIN = 3600
"""Seconds: what becomes Ready later didn't become Ready because of its activity."""
JOIN_PATIENCE = 900
"""Seconds after which a machine in service that is no node counts as lost."""
_MINOR = re.compile(r"v?(\d+\.\d+)")


def examined(group: Group, snapshot: Snapshot) -> Group:
    """The group with `problems` and `ready_time` filled in."""
    found = [
        *_of_ess(group, snapshot),
        *_of_activity(group),
        *_of_user_data(group, snapshot),
        *_of_members(group, snapshot),
        *_of_hooks(group, snapshot.as_of),
    ]
    return msgspec.structs.replace(group, problems=tuple(found), ready_time=ready_time(group, snapshot))


def _of_ess(group: Group, snapshot: Snapshot) -> list[str]:
    scaling = group.scaling
    if scaling is None:
        if (
            group.pool is not None
            and group.pool.group_id
            and snapshot.has("ScalingGroup")
            and snapshot.table("ScalingGroup")
        ):
            return [f"node pool {group.pool_id} names scaling group {group.id}, which doesn't exist: deleted by hand?"]
        return []
    problems = []
    if scaling.state and scaling.state != "Active":
        problems.append(f"the scaling group is {scaling.state}: nothing moves until it is enabled")
    if scaling.system_suspended:
        problems.append("ESS has suspended it after days of failures: resume its processes once the cause is gone")
    if scaling.suspended:
        problems.append(f"suspended: {', '.join(scaling.suspended)}")
    if scaling.min_size > scaling.max_size:
        problems.append(f"its minimum {scaling.min_size} is above its maximum {scaling.max_size}")
    return problems


def _of_activity(group: Group) -> list[str]:
    last = group.last_activity
    if last is None or last.status not in ("Failed", "Warning", "Rejected"):
        return []
    words = {"Failed": "failed", "Warning": "went through only in part", "Rejected": "was rejected"}[last.status]
    why = ": ".join(filter(None, (last.error_code, last.error_message or last.message)))
    return [f"the last activity {words}{f': {why}' if why else ''}"]


def _of_user_data(group: Group, snapshot: Snapshot) -> list[str]:
    if group.configuration is None:
        return []
    data = group.configuration.user_data
    if not data.readable:
        return ["the userdata of its scaling configuration can't be read"]
    if not data.joins:
        return ["its new machines won't join: the userdata of its scaling configuration holds no join command"]
    problems = []
    running = _version(group, snapshot)
    written = _MINOR.match(data.script_version)
    if running and written and written[1] != running:
        problems.append(f"its userdata joins by a script for {written[1]}, its nodes run {running}")
    labels = group.pool.labels if group.pool is not None else {}
    different = [key for key, value in data.labels.items() if key in labels and labels[key] != value]
    if different:
        problems.append(f"its userdata and its pool set different values for label {', '.join(different)}")
    return problems


def _version(group: Group, snapshot: Snapshot) -> str:
    """The minor version that the group's nodes run."""
    nodes = (snapshot.nodes.get(name) for name in group.nodes)
    versions = (_MINOR.match(node.kubelet_version) for node in nodes if node is not None)
    return next((match[1] for match in versions if match), "")


def _of_members(group: Group, snapshot: Snapshot) -> list[str]:
    lost = [member.instance_id for member in group.members if _lost(member, snapshot.as_of)]
    if not lost or not snapshot.has("Node"):
        return []
    more = f" and {len(lost) - 3} more" if lost[3:] else ""
    return [f"in service but no node of this cluster: {', '.join(lost[:3])}{more}"]


def _lost(member: Member, now: float) -> bool:
    if member.node or member.scaling is None or member.scaling.state != "InService":
        return False
    created = timestamps.seconds(member.scaling.created)
    return created is not None and now - created > JOIN_PATIENCE


def _of_hooks(group: Group, now: float) -> list[str]:
    """Machines that wait for a hook are normal in ACK's groups, but not for longer than the hook gives them."""
    last, scaling = group.last_activity, group.scaling
    if scaling is None or last is None or last.status != "InProgress" or last.started is None:
        return []
    waiting = {"SCALE_OUT": scaling.pending_wait, "SCALE_IN": scaling.removing_wait}
    return [
        f"{waiting[hook.transition]} machines wait for hook {hook.name or hook.id} for longer than its {hook.timeout} s"
        for hook in group.hooks
        if hook.timeout and waiting.get(hook.transition) and now - last.started > hook.timeout
    ]


def ready_time(group: Group, snapshot: Snapshot) -> ReadyTime | None:
    """How long the group's machines took from the trigger to Ready; None when none could be measured."""
    started = {activity.id: activity.started for activity in group.activities}
    of_machine = {i: activity.started for activity in group.activities for i in activity.created_instances}
    took: list[float] = []
    for member in group.members:
        node = snapshot.nodes.get(member.node)
        activity = member.scaling.activity_id if member.scaling is not None else ""
        begin = of_machine.get(member.instance_id) or started.get(activity)
        ready = node.condition("Ready") if node is not None else None
        if begin is None or ready is None or ready.status != "True" or ready.since is None:
            continue
        if 0 < ready.since - begin <= LONGEST_JOIN:
            took.append(ready.since - begin)
    return ReadyTime(float(median(took)), max(took), len(took)) if took else None
