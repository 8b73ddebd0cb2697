"""How a scaling group moves: activities that take time, hooks that wait, refill, health checks. No wire here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sim.cloud.ecs import machines
from sim.cloud.errors import CloudError
from sim.cloud.ess import victims
from sim.cloud.names import to_second
from sim.cloud.state import Activity, Cloud, HookAction, Member, ScalingGroup

CREATE, START, RUN, LEAVE = 3.0, 8.0, 12.0, 10.0
"""Simulated seconds: until machines exist, until they start, until they run; until machines that leave are gone."""

COUNTED = ("InService", "Pending", "Pending:Wait", "Protected", "Standby")
"""States of members that count as capacity; those on their way out, or stopped to be recycled, don't."""

Then = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Why an activity begins."""

    cause: str
    trigger: tuple[str, str] = ("APIs", "")
    metadata: str = ""


def capacity(cloud: Cloud, group_id: str) -> int:
    return sum(member.state in COUNTED for member in cloud.members_of(group_id))


def running(cloud: Cloud, group_id: str) -> Activity | None:
    """The group's activity that is in progress, if any."""
    return next((a for a in cloud.activities if a.group_id == group_id and a.status == "InProgress"), None)


def check_ready(cloud: Cloud, group: ScalingGroup) -> None:
    """CloudError unless the group is active and nothing runs in it."""
    if group.state != "Active":
        message = f"The current status of scaling group {group.id} does not support this action."
        raise CloudError("IncorrectScalingGroupStatus", message)
    if running(cloud, group.id):
        message = f"A scaling activity is in progress in scaling group {group.id}: start no other before it ends."
        raise CloudError("ScalingActivityInProgress", message)


def begin(cloud: Cloud, group: ScalingGroup, origin: Origin, description: str, number: int) -> Activity:
    """Write down a new activity in progress."""
    total = capacity(cloud, group.id)
    activity = Activity(
        id=cloud.ids.resource("asa", 13),
        group_id=group.id,
        cause=f'{origin.cause} at "{to_second(cloud.now())}".',
        description=description,
        started=cloud.now(),
        message=f"{number} ECS instances are being processed.",
        total=total,
        trigger=origin.trigger,
        metadata=origin.metadata,
        instance_number=number,
    )
    return cloud.activities.add(activity.id, activity)


def finish(cloud: Cloud, activity_id: str, status: str, message: str) -> None:
    """End an activity with the group's capacities as they are then, and let the group settle."""
    activity = cloud.activities[activity_id]
    members = [m for m in cloud.members_of(activity.group_id) if m.state in COUNTED]
    created = sum(member.creation == "AutoCreated" for member in members)
    cloud.activities.change(
        activity_id,
        status=status,
        message=message,
        progress=100,
        ended=cloud.now(),
        total=len(members),
        auto_created=created,
        attached=len(members) - created,
    )
    cloud.agenda.after(2.0, partial(settle, cloud, activity.group_id))


def scale_out(cloud: Cloud, group: ScalingGroup, count: int, origin: Origin) -> Activity:
    """Begin to create `count` machines."""
    activity = begin(cloud, group, origin, f'Add "{count}" ECS instance', count)
    cloud.agenda.after(CREATE, partial(_create, cloud, activity.id, count))
    return activity


def _create(cloud: Cloud, activity_id: str, count: int) -> None:
    activity = cloud.activities[activity_id]
    group = cloud.groups[activity.group_id]
    made = _stopped(cloud, group)[:count]
    code = ""
    try:
        while len(made) < count:
            made.append(machines.create(cloud, group).id)
    except machines.Shortage as shortage:
        code, text = shortage.code, f"{shortage}; {count - len(made)} of {count} not created."
        cloud.activities.change(activity_id, errors=((code, text, ()),), detail=text)
    for instance_id in made:
        _enlist(cloud, activity, group, instance_id)
    cloud.activities.change(activity_id, progress=20 if made else 100, created=tuple(made))
    if not made:
        finish(cloud, activity_id, "Failed", f"Fail to create ECS instances: {code}.")
        return
    cloud.agenda.after(START, partial(_start, cloud, activity_id))
    cloud.agenda.after(START + RUN, partial(_run, cloud, activity_id, count - len(made), code))


def _stopped(cloud: Cloud, group: ScalingGroup) -> list[str]:
    """Members that a recycling group stopped earlier: they are started again before new ones are made."""
    return [member.instance_id for member in cloud.members_of(group.id) if member.state == "Stopped"]


def _enlist(cloud: Cloud, activity: Activity, group: ScalingGroup, instance_id: str) -> None:
    member = Member(
        instance_id=instance_id,
        group_id=group.id,
        state="Pending",
        activity_id=activity.id,
        configuration_id=group.configuration_id,
        joined=cloud.now(),
    )
    cloud.members.add(instance_id, member)


def _start(cloud: Cloud, activity_id: str) -> None:
    for instance_id in cloud.activities[activity_id].created:
        if instance_id in cloud.instances:
            cloud.instances.change(instance_id, status="Starting")
    cloud.activities.change(activity_id, progress=50)


def _run(cloud: Cloud, activity_id: str, short: int, code: str) -> None:
    activity = cloud.activities[activity_id]
    for instance_id in activity.created:
        if instance_id in cloud.instances:
            cloud.instances.change(instance_id, status="Running", started=cloud.now())
    cloud.activities.change(activity_id, progress=80)
    then = partial(_serve, cloud, activity_id, short, code)
    wait_for_hooks(cloud, activity_id, "SCALE_OUT", activity.created, then)


def _serve(cloud: Cloud, activity_id: str, short: int, code: str) -> None:
    activity = cloud.activities[activity_id]
    alive = [i for i in activity.created if i in cloud.members]
    for instance_id in alive:
        cloud.members.change(instance_id, state="InService")
    if short:
        message = f"{len(alive)} ECS instances are created, {short} failed: {code}."
        finish(cloud, activity_id, "Warning", message)
    elif not alive:
        finish(cloud, activity_id, "Failed", "The ECS instances were released before they came into service.")
    else:
        finish(cloud, activity_id, "Successful", f'"{len(alive)}" ECS instances are added.')


def scale_in(cloud: Cloud, group: ScalingGroup, count: int, origin: Origin) -> Activity:
    """Begin to take `count` machines out, chosen by the group's removal policies."""
    chosen = victims.choose(cloud, group, count)
    return leave(cloud, group, chosen, origin, release=True)


def leave(cloud: Cloud, group: ScalingGroup, ids: Sequence[str], origin: Origin, *, release: bool) -> Activity:
    """Begin to take these members out: released as the group's policy says, or kept when `release` is false."""
    verb = "Remove" if release else "Detach"
    activity = begin(cloud, group, origin, f'{verb} "{len(ids)}" ECS instance', len(ids))
    for instance_id in ids:
        cloud.members.change(instance_id, state="Removing", activity_id=activity.id)
    then = partial(_leave, cloud, activity.id, tuple(ids), release)
    wait_for_hooks(cloud, activity.id, "SCALE_IN", tuple(ids), then)
    return activity


def _leave(cloud: Cloud, activity_id: str, ids: tuple[str, ...], release: bool) -> None:
    for instance_id in ids:
        if instance_id in cloud.members:
            cloud.members.change(instance_id, state="Removing")
    cloud.activities.change(activity_id, progress=50)
    cloud.agenda.after(LEAVE, partial(_gone, cloud, activity_id, ids, release))


def _gone(cloud: Cloud, activity_id: str, ids: tuple[str, ...], release: bool) -> None:
    group = cloud.groups[cloud.activities[activity_id].group_id]
    destroyed = []
    for instance_id in ids:
        member = cloud.members.drop(instance_id)
        if release and member is not None and victims.is_released(cloud, group, member):
            machines.release(cloud, instance_id, group.scaling_policy)
            destroyed.append(instance_id)
            if "recycle" in group.scaling_policy:
                cloud.members.add(instance_id, replace(member, state="Stopped"))
    cloud.activities.change(activity_id, destroyed=tuple(destroyed))
    finish(cloud, activity_id, "Successful", f'"{len(ids)}" ECS instances are removed.')


def attach(cloud: Cloud, group: ScalingGroup, ids: Sequence[str], origin: Origin, entrusted: bool) -> Activity:
    """Begin to take existing machines in."""
    activity = begin(cloud, group, origin, f'Attach "{len(ids)}" ECS instance', len(ids))
    for instance_id in ids:
        member = Member(instance_id, group.id, "Pending", "Attached", entrusted, activity_id=activity.id)
        cloud.members.add(instance_id, member)
    then = partial(_attached, cloud, activity.id, tuple(ids))
    cloud.agenda.after(CREATE, partial(wait_for_hooks, cloud, activity.id, "SCALE_OUT", tuple(ids), then))
    return activity


def _attached(cloud: Cloud, activity_id: str, ids: tuple[str, ...]) -> None:
    for instance_id in ids:
        if instance_id in cloud.members:
            cloud.members.change(instance_id, state="InService", joined=cloud.now())
    finish(cloud, activity_id, "Successful", f'"{len(ids)}" ECS instances are attached.')


def wait_for_hooks(cloud: Cloud, activity_id: str, transition: str, ids: tuple[str, ...], then: Then) -> None:
    """Go on at once, or when the group's hook for this transition was answered or timed out."""
    group_id = cloud.activities[activity_id].group_id
    hooks = [h for h in cloud.hooks if h.group_id == group_id and h.transition == transition and h.status == "Active"]
    if not hooks:
        then()
        return
    hook = hooks[0]
    state = "Pending:Wait" if transition == "SCALE_OUT" else "Removing:Wait"
    for instance_id in ids:
        if instance_id in cloud.members:
            cloud.members.change(instance_id, state=state)
    token = cloud.ids.hexadecimal(32).upper()
    action = HookAction(token, hook.id, activity_id, ids, cloud.now() + hook.timeout)
    cloud.hook_actions.add(token, action)
    _watch_hook(cloud, token, then)


def _watch_hook(cloud: Cloud, token: str, then: Then) -> None:
    action = cloud.hook_actions[token]
    if action.status == "Pending" and action.deadline > cloud.now():
        cloud.agenda.after(1.0, partial(_watch_hook, cloud, token, then))
        return
    result = action.result or cloud.hooks[action.hook_id].default_result
    status = "Completed" if action.status != "Pending" else "Timeout"
    cloud.hook_actions.change(token, status=status, result=result)
    if result == "ROLLBACK" or (result == "ABANDON" and cloud.hooks[action.hook_id].transition == "SCALE_OUT"):
        _abandon(cloud, action)
        return
    then()


def _abandon(cloud: Cloud, action: HookAction) -> None:
    """A hook said no: machines on their way in are released, machines on their way out stay."""
    if cloud.hooks[action.hook_id].transition == "SCALE_IN":
        for instance_id in action.instance_ids:
            cloud.members.change(instance_id, state="InService")
    else:
        for instance_id in action.instance_ids:
            member = cloud.members.drop(instance_id)
            if member is not None and member.creation == "AutoCreated":
                machines.release(cloud, instance_id, "release")
    finish(cloud, action.activity_id, "Failed", "The lifecycle hook abandoned the scaling activity.")


def settle(cloud: Cloud, group_id: str) -> None:
    """Bring the group back to its desired capacity, or between its limits, when nothing else runs."""
    group = cloud.groups.get(group_id)
    if group is None or group.state != "Active" or running(cloud, group_id):
        return
    current = capacity(cloud, group_id)
    wanted = group.desired if group.desired is not None else max(group.min_size, min(group.max_size, current))
    text = f'The capacity is changed from "{current}" to "{wanted}" to match the group\'s target'
    origin = Origin(text, ("Ess", ""))
    if wanted > current and "ScaleOut" not in group.suspended and not _failed_lately(cloud, group_id):
        scale_out(cloud, group, wanted - current, origin)
    elif wanted < current and "ScaleIn" not in group.suspended and victims.choose(cloud, group, 1):
        scale_in(cloud, group, current - wanted, origin)


def _failed_lately(cloud: Cloud, group_id: str) -> bool:
    """After a failed scale-out ESS does not try again at once: five minutes here."""
    last = [a for a in cloud.activities if a.group_id == group_id][-1:]
    return bool(last) and last[0].status == "Failed" and cloud.now() - (last[0].ended or 0) < 300


def check_health(cloud: Cloud) -> None:
    """Members whose machine is gone or stopped leave their group; run now and then."""
    for member in cloud.members:
        machine = cloud.instances.get(member.instance_id)
        group = cloud.groups[member.group_id]
        if member.state != "InService" or "HealthCheck" in group.suspended or running(cloud, group.id):
            continue
        if machine is None:
            origin = Origin(f"The ECS instance {member.instance_id} was released outside of the group", ("Ess", ""))
            leave(cloud, group, [member.instance_id], origin, release=True)
        elif machine.status == "Stopped":
            cloud.members.change(member.instance_id, health="Unhealthy")
            origin = Origin(f"The ECS instance {member.instance_id} is unhealthy", ("Ess", ""))
            leave(cloud, group, [member.instance_id], origin, release=True)


def keep_groups(cloud: Cloud) -> None:
    """Health checks, then targets, for all groups: what ESS does by itself about every half minute."""
    check_health(cloud)
    for group in cloud.groups:
        settle(cloud, group.id)
