"""A removal as a plan: by which door each node goes, what the drain would lead to, what becomes of machines, sizes and
money, what nobody can take back. Doing it is in remove."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import msgspec

from core.actions import access, scaling_group
from core.actions.access import Permission
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.drain import drain_plan
from core.actions.expand import expand_costs
from core.actions.remove import (
    remove_attached,
    remove_autoscaled,
    remove_expanded,
    remove_external,
    remove_groups,
    remove_pool,
)
from core.actions.remove.remove_door import PREPAID, Door, Found, Removal, find
from core.actions.remove.remove_groups import Size
from core.actions.remove.remove_machine import Machine, look_at, preflight
from core.actions.situation import Asked, Situation, nodes_named
from core.analysis.origin import How
from core.cluster.group import Group
from core.cluster.snapshot import Snapshot

REMOVE = "remove"
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""Labels, mostly with an empty value."""
DELETING = (Permission("delete", "nodes"),)


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only a removal takes. `release` the machines (else they are kept); leave desired sizes as they are; take
    autoscaled nodes out `anyway`; the `door` where nobody knows it; leave userdata, or what kubeadm made, alone; don't
    wait for pods of nodes whose kubelet is `dead`."""

    release: bool = False
    keep_desired: bool = False
    anyway: bool = False
    door: str = ""
    keep_userdata: bool = False
    no_reset: bool = False
    dead: bool = False


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """What it would mean; nothing is changed. Raises VacancyError."""
    args = asked.args_as(Args)
    nodes = nodes_named(situation.snapshot, asked.targets)
    base = await drain_plan.plan(situation, asked.targets, asked.options, asked.why)
    found = [find(node, situation.snapshot, args.door) for node in nodes]
    kept = [one for one in found if not args.release]
    machines = await look_at(situation.cloud, kept, args.keep_userdata)
    removals = [_removal(one, args, machines.get(one.node.name)) for one in found if one.door is not None]
    sizes = remove_groups.sizes(removals, situation.snapshot)
    findings = [
        *(finding for one in found for finding in _judge(one, situation, args, asked.why)),
        *(finding for size in sizes for finding in remove_groups.judge(size)),
        *await preflight(situation, removals, machines, args.keep_userdata, args.no_reset),
        *await _asked(situation, sizes),
    ]
    cloud = situation.cloud
    return msgspec.structs.replace(
        base,
        action=REMOVE,
        findings=tuple(sorted((*findings, *base.findings), key=lambda one: list(Level).index(one.level))),
        steps=(*base.steps, *_steps(removals, sizes)),
        irreversible=(*base.irreversible, *(line for one in removals for line in _irreversible(one))),
        confirm=nodes[0].name if len(nodes) == 1 else f"{len(nodes)} nodes",
        says=(*(line for one in found for line in _says(one, args)), *await _saves(situation, removals)),
        region=cloud.region if cloud is not None else "",
        cluster=cloud.cluster if cloud is not None else "",
        details={"removals": msgspec.to_builtins(removals), "sizes": msgspec.to_builtins(sizes)},
    )


def removals_of(made: ActionPlan) -> list[Removal]:
    """What a plan holds of it."""
    return msgspec.convert(made.details.get("removals", []), list[Removal])


def sizes_of(made: ActionPlan) -> dict[str, Size]:
    """Group id -> what it was before."""
    return {size.id: size for size in msgspec.convert(made.details.get("sizes", []), list[Size])}


def _removal(found: Found, args: Args, machine: Machine | None) -> Removal:
    node, door = found.node, found.door
    assert door is not None
    ours = door is not Door.EXTERNAL
    kept = ours and not args.release and machine is not None
    return Removal(
        node=node.name,
        uid=node.uid,
        door=door,
        origin=found.origin.how.value,
        evidence=found.origin.because,
        autoscaled=found.autoscaled,
        machine=node.instance_id if ours else "",
        group=found.group if ours else "",
        pool=found.pool.id if ours and found.pool is not None else "",
        member=found.member is not None,
        type=node.instance_type,
        charge=found.charge,
        spot=found.machine.spot_strategy if found.machine is not None else "",
        running=found.machine is None or found.machine.status in ("Running", "Starting", ""),
        release=ours and args.release,
        keep_desired=args.keep_desired,
        clears=kept and machine is not None and machine.has_userdata and not args.keep_userdata,
        resets=kept and door is not Door.POOL and not args.no_reset,
        dead=args.dead and not node.ready,
    )


def _judge(found: Found, situation: Situation, args: Args, why: str) -> Iterator[Finding]:
    """Whether this node may go by its door."""
    name = found.node.name
    if found.origin.how is How.VIRTUAL:
        return
    if found.door is None:
        text = f"by which door it came in is not known ({found.origin.because}); --door names it: {', '.join(Door)}"
        yield Finding(Level.REFUSAL, "OriginUnknown", name, text)
        return
    if any(label in found.node.labels for label in CONTROL_PLANE):
        text = "it is a node of the control plane: that it can do without it, nothing here can judge"
        yield Finding(Level.REFUSAL, "ControlPlane", name, text)
    if found.door is not Door.EXTERNAL:
        yield from _reachable(found, situation)
    if found.autoscaled:
        yield from remove_autoscaled.judge(name, situation.before, args.anyway, why)
    if args.release:
        yield from _releasable(found)
    if not found.node.ready:
        told = "are not waited for, and start elsewhere while they may still run on it"
        text = told if args.dead else "may not end within the time-out; --dead doesn't wait for them"
        yield Finding(Level.WARNING, "NotReady", name, f"its kubelet doesn't say that it is ready: its pods {text}")


def _reachable(found: Found, situation: Situation) -> Iterator[Finding]:
    name, door = found.node.name, found.door
    if situation.cloud is None:
        text = "the cloud can't be asked: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET (or --profile), and --region"
        yield Finding(Level.REFUSAL, "CloudUnknown", name, text)
    if not found.node.instance_id:
        yield Finding(Level.REFUSAL, "MachineUnknown", name, "which machine it is, neither provider ID nor label tells")
    if door is Door.EXPANDED and found.member is None:
        yield Finding(Level.REFUSAL, "GroupUnknown", name, "no scaling group that was read holds its machine")
    if door is Door.POOL and found.pool is None and not found.listed:
        yield Finding(Level.REFUSAL, "PoolUnknown", name, "the ACK API lists it neither in a node pool nor alone")
    if door is Door.ATTACHED and found.listed:
        text = "the ACK API lists it, and goes on counting it; --door pool has it taken out by ACK (DeleteClusterNodes)"
        yield Finding(Level.NOTE, "ListedByAck", name, text)
    if door is Door.POOL and situation.cloud is not None and not situation.cloud.cluster:
        yield Finding(Level.REFUSAL, "ClusterUnknown", name, "which ACK cluster this is, is not known: --cluster-id")


def _releasable(found: Found) -> Iterator[Finding]:
    """Subscription machines are never released, nor those that somebody brought, nor those of which it isn't known."""
    name = found.node.name
    if found.door is Door.EXTERNAL:
        yield Finding(Level.REFUSAL, "NotOurs", name, "it is no machine of this account: nothing here can release it")
    elif found.charge == PREPAID:
        yield Finding(Level.REFUSAL, "Subscription", name, "it is paid in advance (PrePaid): it is never released")
    elif not found.charge:
        yield Finding(Level.REFUSAL, "ChargeUnknown", name, "whether it is paid in advance is not known: not released")
    elif found.machine is not None and found.machine.deletion_protection:
        text = f"machine {found.machine.id} is protected from release: take the protection off in ECS first, or keep it"
        yield Finding(Level.REFUSAL, "DeletionProtection", name, text)
    elif found.door is Door.ATTACHED:
        text = "it was attached: it is kept; release it in ECS once it has left, if nobody needs it"
        yield Finding(Level.REFUSAL, "Attached", name, text)


async def _asked(situation: Situation, sizes: Sequence[Size]) -> list[Finding]:
    """Permissions, and whether somebody else is at the groups."""
    findings = list(scaling_group.guarded(situation.guards, _groups(situation.snapshot, sizes)))
    if sizes:
        findings += await scaling_group.claims(situation, [size.id for size in sizes])
    if situation.writer is not None:
        findings += await access.lacking(situation.writer, DELETING)
    return findings


def _groups(snapshot: Snapshot, sizes: Sequence[Size]) -> list[Group]:
    known = snapshot.table("Group")
    return [known[size.id] for size in sizes if size.id in known]


def _steps(removals: Sequence[Removal], sizes: Sequence[Size]) -> Iterator[PlannedStep]:
    """Node by node; the steps of those that go by the same door are said once."""
    by_id, said = {size.id: size for size in sizes}, set[tuple[str, ...]]()
    for one in removals:
        steps = list(_steps_of(one, by_id.get(one.group)))
        if (words := tuple(step.what for step in steps)) not in said:
            said.add(words)
            yield from steps


def _steps_of(one: Removal, size: Size | None) -> Iterable[PlannedStep]:
    if one.door is Door.EXTERNAL:
        return remove_external.steps(one)
    if one.door is Door.POOL:
        return remove_pool.steps(one, size)
    return remove_expanded.steps(one) if one.release else remove_attached.steps(one)


def _says(found: Found, args: Args) -> Iterator[str]:
    name = found.node.name
    yield f"{name} is {found.origin.how.value} ({found.origin.because})"
    if found.door is None:
        return
    ways = {
        Door.ATTACHED: "wiped of the cluster",
        Door.EXPANDED: "by ESS, out of its scaling group",
        Door.POOL: "by the ACK API, out of its node pool" if found.pool is not None else "by the ACK API",
        Door.EXTERNAL: f"its Node is deleted; {remove_external.BY_HAND}",
    }
    kind = f"{found.node.instance_type or 'type unknown'}, {found.charge or 'charge unknown'}"
    what = "released" if args.release else "kept, and goes on costing money"
    machine = f"; machine {found.node.instance_id} ({kind}) is {what}" if found.door is not Door.EXTERNAL else ""
    yield f"its way out: {ways[found.door]}{machine}"


def _irreversible(one: Removal) -> Iterator[str]:
    if one.release:
        machine = f", and machine {one.machine} released, with what is on its disks"
    elif one.machine:
        machine = f", and machine {one.machine} loses what makes it a node{' and its userdata' if one.clears else ''}"
    else:
        machine = ""
    yield f"the Node {one.node} is deleted{machine}"


async def _saves(situation: Situation, removals: Sequence[Removal]) -> list[str]:
    """What is no longer paid for; honestly unknown where neither the price table nor ECS tells it of every machine."""
    released, cloud, prices = [one for one in removals if one.release], situation.cloud, situation.prices
    if not released or cloud is None:
        return []
    kinds = {(one.type, one.charge, one.spot) for one in released}
    costs = {key: await expand_costs.of_machine(cloud, prices, *key) for key in sorted(kinds)}
    each = [costs[one.type, one.charge, one.spot] for one in released]
    hours = [cost.hour for cost in each if cost.hour is not None]
    unknown = next((cost for cost in each if cost.hour is None), None)
    if unknown is not None:
        return [f"saves unknown: {unknown.source}"]
    hour, currency = sum(hours, Fraction(0)), each[0].currency
    month = float(hour * expand_costs.hours(prices))
    return [f"saves {float(hour):,.2f} {currency} an hour, about {month:,.2f} a month ({each[0].source})"]
