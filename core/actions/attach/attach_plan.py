"""The plan of an attach: which machine, by which way, into which pool or group; what speaks against it, what is lost,
and which pods that wait it would take. Nothing is changed. Doing it is in attach."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from core.actions import guards, scaling_group
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.attach import attach_ack, attach_machine, join_trust
from core.actions.attach.attach_details import Details, Wanted
from core.actions.cloud import Cloud, needed
from core.actions.registered import registered
from core.actions.situation import Asked, Situation
from core.analysis import attachable
from core.analysis.attachable import NEW_DISK, Way, Weight
from core.analysis.what_if import imagine
from core.clients.alibaba import Throttled
from core.cluster.cloud import Instance, NodePool
from core.cluster.group import Group
from core.cluster.snapshot import Snapshot
from core.cluster.user_data import Join
from core.errors import InputError, Refused, VacancyError, one_line

_LEVELS = {Weight.BLOCKS: Level.REFUSAL, Weight.UNKNOWN: Level.WARNING, Weight.MIND: Level.WARNING}
_GIB = 1024
MOST = 5
"""Pods in one sentence."""
_BY_KUBEADM = (Join.KUBEADM, Join.REGISTERED)
"""Joins by kubeadm's discovery; ACK's own script brings its trust along."""


@dataclass(frozen=True)
class Goal:
    """Where the machine goes. `group` None: the pool's group can't be seen."""

    wanted: Wanted
    pool: NodePool | None
    group: Group | None

    @property
    def alone(self) -> bool:
        """Whether it is a scaling group that ESS alone has."""
        return self.pool is None

    @property
    def counted(self) -> bool:
        """Whether the group's size grows by it: a command or a script of ACK's leaves that to ACK."""
        return self.alone or self.wanted.how is Way.ACK

    @property
    def title(self) -> str:
        if self.pool is not None:
            return f"node pool {one_line(self.pool.name or self.pool.id, 60)}"
        return f"group {scaling_group.title(self.group)}" if self.group is not None else "no group"


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """What would be done. Raises InputError for what is not there, Refused where the cloud can't be asked."""
    cloud, wanted = needed(situation.cloud), asked.args_as(Wanted)
    if len(asked.targets) != 1:
        raise InputError("attach: name one machine; each is confirmed by itself")
    goal = _goal(situation.snapshot, wanted)
    if wanted.how is not Way.USERDATA or not goal.alone:
        _needs_cluster(cloud)
    machine = await _machine(cloud, asked.targets[0])
    details = await _details(cloud, machine, goal)
    findings = await _findings(situation, cloud, machine, goal, details)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        findings=tuple(findings),
        steps=tuple(_steps(details)),
        irreversible=tuple(_lost(machine, details)),
        confirm=machine.id if wanted.how in NEW_DISK else "",
        options=asked.options,
        subject=f"{machine.id}{f' ({one_line(machine.name, 60)})' if machine.name else ''}",
        follows=(machine.id,),
        says=(*_says(machine, goal, details), await asyncio.to_thread(_would_take, situation, machine, goal)),
        region=cloud.region,
        cluster=cloud.cluster,
        details=msgspec.to_builtins(details),
    )


def _needs_cluster(cloud: Cloud) -> None:
    if not cloud.cluster:
        raise Refused("the ACK cluster's id is not known: its nodes carry no label ack.aliyun.com; give --cluster-id")


async def _machine(cloud: Cloud, name: str) -> Instance:
    found = (await cloud.reader.ecs.instances([name])).items
    if not found:
        raise InputError(f"machine {one_line(name, 60)}: ECS has none of that id in {cloud.region}; see vacancy attach")
    return found[0]


def _goal(snapshot: Snapshot, wanted: Wanted) -> Goal:
    """The group that was named, else the default pool. Raises InputError."""
    pools: list[NodePool] = list(snapshot.table("NodePool").values())
    if wanted.group:
        group = scaling_group.named(snapshot, wanted.group)
        pool = group.pool or next((one for one in pools if one.id == group.pool_id), None)
        goal = Goal(wanted, pool, group)
    else:
        groups: list[Group] = list(snapshot.table("Group").values())
        default = next((one for one in pools if one.is_default), pools[0] if len(pools) == 1 else None)
        if default is None:
            raise InputError("attach: which node pool or group? name it with --group; see vacancy groups")
        goal = Goal(wanted, default, next((one for one in groups if one.pool_id == default.id), None))
    if wanted.how is Way.ACK and goal.alone:
        raise InputError(f"{goal.title}: ESS alone has it, and ACK attaches to node pools; --how userdata does this")
    if wanted.entrusted and not goal.alone:
        raise InputError(
            f"{goal.title}: --entrusted is for groups of ESS alone; a pool's machines are ACK's to release"
        )
    return goal


async def _details(cloud: Cloud, machine: Instance, goal: Goal) -> Details:
    wanted, group = goal.wanted, goal.group
    configuration = group.configuration if group is not None else None
    by_group = wanted.how is Way.USERDATA and goal.alone and configuration is not None
    return Details(
        how=wanted.how,
        instance=machine.id,
        name=one_line(machine.name, 60),
        address=machine.addresses[0] if machine.addresses else "",
        was=machine.status,
        disk=await attach_machine.system_disk(cloud, machine.id) if wanted.how in NEW_DISK else "",
        image=(configuration.image_id if configuration is not None else "") or machine.image_id,
        pool=goal.pool.id if goal.pool is not None else "",
        configuration=configuration.id if by_group and configuration is not None else "",
        group=group.id if goal.alone and group is not None else "",
        group_name=scaling_group.title(group) if group is not None else "",
        entrusted=wanted.entrusted,
        follow=wanted.follow or wanted.how in NEW_DISK or goal.alone,
        tasks=await attach_ack.known_tasks(cloud, cloud.cluster) if wanted.how is Way.ACK else (),
    )


async def _findings(
    situation: Situation, cloud: Cloud, machine: Instance, goal: Goal, details: Details
) -> list[Finding]:
    """Everything that speaks against it, asked of everybody who knows."""
    groups = [goal.group] if goal.group is not None else []
    found = list(guards.judge(situation.guards, situation.reader.place.context, []))
    found += scaling_group.guarded(situation.guards, groups)
    found += _suits(situation, cloud, machine, goal.wanted.how)
    found += _fits(machine, goal, details)
    found += await _room(cloud, goal)
    found += await _processor(cloud, machine, goal)
    found += await scaling_group.claims(situation, [machine.id, *(group.id for group in groups if goal.alone)])
    found += await registered.judge(situation.reader)
    found += await join_trust.check(situation.reader, situation.now, needed=await _by_kubeadm(situation, goal))
    return found + await _may(cloud, machine, goal.wanted.how)


def _suits(situation: Situation, cloud: Cloud, machine: Instance, how: Way) -> Iterator[Finding]:
    candidate = attachable.judge(machine, attachable.around(situation.snapshot, cloud.cluster))
    for reason in candidate.against(how):
        yield Finding(_LEVELS[reason.weight], reason.code, machine.id, reason.text)


async def _room(cloud: Cloud, goal: Goal) -> list[Finding]:
    """What the group that counts the machine says, as it is now."""
    if goal.group is None or not goal.counted:
        return []
    now, found = await scaling_group.look(cloud, goal.group.id), []
    if now.scaling.state not in ("", "Active"):
        text = f"it is {now.scaling.state}, so it takes no machine"
        found.append(Finding(Level.REFUSAL, "GroupState", goal.title, text))
    if now.size is not None and now.size >= now.scaling.max_size:
        text = f"it has {now.size} machines and may have {now.scaling.max_size}: raise its maximum first"
        found.append(Finding(Level.REFUSAL, "GroupFull", goal.title, text))
    return found


def _fits(machine: Instance, goal: Goal, details: Details) -> Iterator[Finding]:
    """What the group makes of just this machine, and of this way."""
    if goal.wanted.how is Way.USERDATA and not details.disk:
        text = "which system disk it has is not told, so nobody could see whether it was replaced"
        yield Finding(Level.REFUSAL, "NoDisk", machine.id, text)
    if goal.wanted.entrusted and machine.charge_type != "PostPaid":
        text = "it is a subscription, which nobody can entrust to a group: leave --entrusted out"
        yield Finding(Level.REFUSAL, "Entrusted", machine.id, text)
    configuration = goal.group.configuration if goal.group is not None else None
    if goal.alone and goal.wanted.how is Way.USERDATA and not (configuration and configuration.user_data.joins):
        text = "its userdata joins no cluster, as far as it can be read: the machine would start, and stay outside"
        yield Finding(Level.REFUSAL, "NoJoin", goal.title, text)
    if goal.alone and goal.wanted.how is Way.MANUAL:
        text = "the command joins it to the default pool: the labels of this group's own nodes are not set by it"
        yield Finding(Level.WARNING, "DefaultPool", goal.title, text)


async def _processor(cloud: Cloud, machine: Instance, goal: Goal) -> list[Finding]:
    """The new disk's image is made for the group's machine types: on another kind of processor it would not boot."""
    kinds = goal.group.template.instance_types if goal.group is not None else ()
    if goal.wanted.how not in NEW_DISK or not kinds:
        return []
    types = {one.id: one.architecture for one in (await cloud.reader.ecs.types([machine.type, *kinds])).items}
    own, others = types.get(machine.type, ""), {types.get(kind, "") for kind in kinds} - {""}
    if not own or not others or own in others:
        return []
    text = (
        f"its processor is {own}, and the image of {goal.title} is for {', '.join(sorted(others))}: it would not boot"
    )
    return [Finding(Level.REFUSAL, "OtherProcessor", machine.id, text)]


async def _by_kubeadm(situation: Situation, goal: Goal) -> bool:
    """Whether the join is one by kubeadm's discovery: so in registered clusters, and where the userdata says so."""
    configuration = goal.group.configuration if goal.group is not None else None
    if goal.alone and configuration is not None and configuration.user_data.join in _BY_KUBEADM:
        return True
    try:
        return await registered.agent_config(situation.reader) is not None
    except VacancyError:
        return False


async def _may(cloud: Cloud, machine: Instance, how: Way) -> list[Finding]:
    """What ECS says to a dry run of the first thing that would be done to the machine."""
    if cloud.writer is None or how is not Way.USERDATA:
        return []
    method = "start_instance" if machine.status == "Stopped" else "stop_instance"
    error = await cloud.writer.ecs.would(method, instance_id=machine.id)
    if error is None:
        return []
    level = Level.WARNING if isinstance(error, Throttled) or error.outcome_unknown else Level.REFUSAL
    return [Finding(level, "DryRun", machine.id, str(error))]


def _steps(of: Details) -> Iterator[PlannedStep]:
    match of.how:
        case Way.MANUAL:
            yield PlannedStep("ask ACK for the command", of.instance)
        case Way.ACK:
            yield PlannedStep(attach_ack.HAND_OVER, of.instance)
            yield PlannedStep(attach_ack.FOLLOW, of.instance)
        case Way.USERDATA:
            first = [] if of.was == "Stopped" else [attach_machine.STOP]
            for what in (*first, attach_machine.SET, attach_machine.REPLACE, attach_machine.START):
                yield PlannedStep(what, of.instance)
    if of.follow:
        yield PlannedStep("wait until its node is Ready", of.instance)
    if of.group:
        yield PlannedStep("put it into the group", of.group)


def _lost(machine: Instance, of: Details) -> Iterator[str]:
    if of.how in NEW_DISK:
        disk = f"system disk {of.disk}" if of.disk else "system disk"
        system = f" ({one_line(machine.os_name, 60)})" if machine.os_name else ""
        yield f"everything on the {disk} of {machine.id}{system} is lost: a new one takes its place"


def _says(machine: Instance, goal: Goal, of: Details) -> Iterator[str]:
    memory = f"{machine.memory / _GIB:g} GiB" if machine.memory is not None else "- GiB"
    size = f"{machine.type}, {machine.cpu if machine.cpu is not None else '-'} vCPU, {memory}"
    yield f"{size}, {machine.charge_type or '-'}, {machine.status or '-'}, {machine.zone or '-'}; it joins {goal.title}"
    yield _how_told(of)
    if (told := _size_told(goal)) and of.follow:
        yield told


def _how_told(of: Details) -> str:
    match of.how:
        case Way.MANUAL:
            minutes = attach_machine.GOOD_FOR // 60
            return f"you get one command to run on it as root, good for {minutes} minutes; only this terminal shows it"
        case Way.ACK:
            return "the ACK API does it: it replaces the system disk, joins the machine and counts it in the pool"
    source = f"the userdata of {of.configuration}" if of.configuration else "a join script of the ACK API"
    return f"it boots from image {of.image} with {source}"


def _size_told(goal: Goal) -> str:
    """What the group's sizes make of it. An attached machine counts, so nothing is bought or released for it."""
    group = goal.group
    if group is None or group.desired is None or not goal.counted:
        return ""
    most = f", at most {group.max_size}" if group.max_size is not None else ""
    whose = "ESS releases it when it leaves" if goal.wanted.entrusted else "it stays yours when it leaves the group"
    grown = f"{goal.title} grows from {group.desired} to {group.desired + 1}{most}, and its desired size with it"
    return f"{grown}; {whose}" if goal.alone else grown


def _would_take(situation: Situation, machine: Instance, goal: Goal) -> str:
    """Which pods that wait would land on it. Takes as long as a plan."""
    like = [f"group={goal.group.id}"] if goal.group is not None else []
    sizes = [f"cpu={machine.cpu}", f"memory={machine.memory}Mi"]
    for words in ([f"type={machine.type}", *like], [*sizes, *like], sizes):
        try:
            lands = imagine(situation.before, [("attach", machine.id, *words)]).lands
        except InputError:
            continue
        pods = sorted(pod for pod, node in lands.items() if node == machine.id)
        more = f" and {len(pods) - MOST} more" if len(pods) > MOST else ""
        names = f": {', '.join(pods[:MOST])}{more}" if pods else ""
        return f"of the pods that wait, {len(pods) or 'none'} would land on it{names}   (what-if)"
    return "which pods that wait would land on it is not known: its size is not told"
