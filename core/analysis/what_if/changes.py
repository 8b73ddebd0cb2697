"""What somebody could do to nodes and groups, or what could happen to them, each made on a copy. More or fewer pods
are in replicas.

Every function returns a Change; one that names something that is not there raises InputError when it is made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count, islice
from typing import Any

import msgspec

from core.analysis.autoscaler_status import Part, Status
from core.analysis.groups import membership
from core.analysis.pending import templates
from core.analysis.pending.templates import named
from core.analysis.what_if.state import Change, State, group_of
from core.cluster import overlay
from core.cluster.snapshot import Snapshot
from core.errors import InputError
from core.kube.node import Node, NodeCondition, codec
from core.kube.own_kinds import NodeGroup
from core.kube.owner import Owner
from core.kube.pod import Pod
from core.policy.settings import override


def expand(group: str, by: int) -> Change:
    """`by` more nodes of a group, as far as its maximum allows."""

    def change(state: State) -> State:
        owner = group_of(state, group)
        template = state.before.pending.templates.get(group)
        if template is None:
            raise InputError(f"group {group}: nobody knows what a new node would be like; give it a template")
        room = max(0, owner.max_size - membership(state.snapshot).target(owner))
        if by > room:
            limit = f"group {group} has room for {room} more (its maximum is {owner.max_size}), not for {by}"
            state = state.noted(limit)
        numbers = (number for number in count(1) if _new_name(owner, number) not in state.snapshot.nodes)
        names = [_new_name(owner, number) for number in islice(numbers, min(by, room))]
        fresh = [_ready(named(template.node, name), state) for name in names]
        pods = [_on(pod, node) for node in fresh for pod in template.pods]
        grown = replace(state, snapshot=overlay.grown(state.snapshot, fresh, pods, group))
        return grown.noted(*_left_aside(template.unread))

    return change


def _left_aside(unread: str) -> list[str]:
    return [f"the pods that come with every node are left aside: {unread} not available"] if unread else []


def _new_name(group: NodeGroup, number: int) -> str:
    """What a person recognises; no real node's name holds spaces."""
    return f"new node {number} of {group.name}"


def attach(
    name: str,
    cpu: int | None = None,
    memory: int | None = None,
    group: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Change:
    """An existing machine joins: with so much CPU (millicores) and memory (bytes), or like the nodes of `group`."""

    def change(state: State) -> State:
        template = state.before.pending.templates.get(group_of(state, group).id) if group is not None else None
        model = template.node if template is not None else None
        if model is None and (cpu is None or memory is None):
            raise InputError(f"machine {name}: say how much cpu and memory it has, or a group whose nodes it is like")
        machine = _ready(_machine(name, model, cpu, memory, labels or {}), state)
        pods = [_on(pod, machine) for pod in templates.daemon_pods(state.snapshot, machine)]
        joined = replace(state, snapshot=overlay.grown(state.snapshot, [machine], pods, group))
        return joined.noted(*_left_aside(templates.unread(state.snapshot, state.policy)))

    return change


def drain(nodes: Iterable[str]) -> Change:
    """Cordon these nodes and evict what is on them."""
    return _evicting(nodes, overlay.drained)


def remove(nodes: Iterable[str]) -> Change:
    """Drain these nodes and take them away; their groups are as much smaller afterwards."""
    return _evicting(nodes, overlay.removed)


def _evicting(nodes: Iterable[str], how: Callable[[Snapshot, set[str]], Snapshot]) -> Change:
    names = list(nodes)

    def change(state: State) -> State:
        for name in names:
            if name not in state.snapshot.nodes:
                raise InputError(f"node {name}: there is none of that name")
        blockers = (one.drain.blocking_pod for one in state.before.scale_in.nodes if one.node in names)
        held = [one for one in blockers if one is not None and one.reason]
        notes = [f"{one.pod}: {one.reason}{f' ({one.by})' if one.by else ''}" for one in held]
        return replace(state, snapshot=how(state.snapshot, set(names))).noted(*notes)

    return change


def limit(group: str, min_size: int | None = None, max_size: int | None = None) -> Change:
    """Other limits of a group."""

    def change(state: State) -> State:
        owner = group_of(state, group)
        low = owner.min_size if min_size is None else min_size
        high = owner.max_size if max_size is None else max_size
        if not 0 <= low <= high:
            raise InputError(f"group {group}: a minimum of {low} and a maximum of {high} don't go together")
        return replace(state, snapshot=overlay.with_group(state.snapshot, group, min_size=low, max_size=high))

    return change


def setting(name: str, value: Any) -> Change:
    """Another value of one of the autoscaler's settings, spelled as in an AutoscalerPolicy."""

    def change(state: State) -> State:
        policy = override(state.policy, {name: value}, "what if", f"what if {name}")
        if len(policy.unread) > len(state.policy.unread):
            raise InputError(policy.unread[-1])
        return replace(state, policy=policy)

    return change


def out_of_stock(group: str | None = None) -> Change:
    """No new node of this group comes (stock, quota); None: of the group that would grow first."""

    def change(state: State) -> State:
        first = next((resize.group for resize in state.before.pending.choice.resize), None)
        name = group or first
        if name is None:
            return state.noted("no group would grow, so none can be out of stock")
        group_of(state, name)
        status = state.running.status or Status("Running", state.snapshot.as_of)
        part = replace(status.groups.get(name, Part(name)), scale_up="Backoff", error_code="what if: out of stock")
        parts = {**status.groups, name: part}
        return replace(state, running=replace(state.running, status=replace(status, groups=parts)))

    return change


def _ready(node: Node, state: State) -> Node:
    """The node as it is once it has joined."""
    since = int(state.snapshot.as_of)
    ready = NodeCondition("Ready", "True", "WhatIf", "", since)
    others = tuple(condition for condition in node.conditions if condition.type != "Ready")
    return msgspec.structs.replace(node, conditions=(*others, ready), created=since, provider_id="")


def _on(pod: Pod, node: Node) -> Pod:
    """The pod that comes with every node, on this one. As a DaemonSet describes it, it has no owner yet."""
    template = pod.template
    if template.owner is None and not pod.mirror:
        owner = Owner(templates.DAEMONSET, pod.name, pod.uid, "", True)
        template = msgspec.structs.replace(template, owner=owner)
    key, uid = f"{pod.key}-{node.name}", f"{pod.uid}-{node.name}"
    return msgspec.structs.replace(pod, key=key, uid=uid, node=node.name, template=template)


def _bare() -> Node:
    """A machine of which nothing is known but that it runs Linux and takes 110 pods."""
    text = b'{"metadata":{"labels":{"kubernetes.io/os":"linux"}},"status":{"capacity":{"pods":"110"}}}'
    return codec.item(text)


def _machine(name: str, model: Node | None, cpu: int | None, memory: int | None, labels: Mapping[str, str]) -> Node:
    base = model or _bare()
    sizes = {resource: amount for resource, amount in (("cpu", cpu), ("memory", memory)) if amount is not None}
    machine = msgspec.structs.replace(
        base, allocatable={**base.allocatable, **sizes}, capacity={**base.capacity, **sizes}
    )
    return named(machine, name, labels)
