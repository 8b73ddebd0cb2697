"""Which machines of the account could become nodes, and by which way: a verdict for each with its reasons. Pure; doing
it is in core/actions/attach, words for screens are in core/views/machines."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.cluster.cloud import Instance
from core.cluster.group import Group
from core.cluster.groups import CLUSTER_TAG, GROUP_TAG, POOL_TAG
from core.cluster.snapshot import Snapshot
from core.kube.timestamps import seconds

DAY = 86_400.0
ENDS_SOON = 14 * DAY
"""Seconds: a subscription that ends sooner is said."""
LEAST_CPU, LEAST_MEMORY = 2, 4096
"""vCPUs and MiB: less than this leaves nothing once kubelet, runtime and DaemonSets have theirs."""
KNOWN_SYSTEMS = ("alibaba cloud linux", "aliyun linux", "centos", "anolis", "red hat", "rocky", "ubuntu", "containeros")
"""Beginnings of names of systems that ACK's join script is written for."""


class Way(StrEnum):
    """How a machine is attached: a command that a person runs on it; userdata on a new system disk; or the ACK API,
    which replaces the system disk as well."""

    MANUAL = "manual"
    USERDATA = "userdata"
    ACK = "ack"


EVERY = tuple(Way)
NEW_DISK = (Way.USERDATA, Way.ACK)


class Weight(StrEnum):
    """What a reason does: it blocks the ways that it names, leaves them unknown, or is to be kept in mind."""

    BLOCKS = "blocks"
    UNKNOWN = "unknown"
    MIND = "mind"


class Suits(StrEnum):
    """The verdict. What is unknown is never suitable."""

    YES = "suitable"
    UNKNOWN = "unknown"
    NO = "unsuitable"


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is stable; `text` is one plain clause."""

    weight: Weight
    code: str
    text: str
    ways: tuple[Way, ...] = EVERY


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine and what speaks against it; `node` is the one that it already is."""

    machine: Instance
    reasons: tuple[Reason, ...] = ()
    node: str = ""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Those that nothing blocks or leaves unknown."""
        return tuple(way for way in EVERY if not any(way in one.ways for one in self.reasons if _holds(one)))

    @property
    def suits(self) -> Suits:
        """Suitable if a way is open; unknown if one may be."""
        if self.ways:
            return Suits.YES
        blocked = {way for one in self.reasons if one.weight is Weight.BLOCKS for way in one.ways}
        return Suits.NO if blocked.issuperset(EVERY) else Suits.UNKNOWN

    def against(self, way: Way) -> tuple[Reason, ...]:
        """The reasons that concern one way."""
        return tuple(one for one in self.reasons if way in one.ways)


def _holds(reason: Reason) -> bool:
    return reason.weight is not Weight.MIND


@dataclass(frozen=True)
class Around:
    """What a machine is held against: the cluster's own. Empty is not known."""

    now: float
    cluster: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Instance id -> node."""
    vpc: str = ""
    vswitches: frozenset[str] = frozenset()
    security_groups: frozenset[str] = frozenset()
    members: Mapping[str, str] = field(default_factory=dict)
    """Instance id -> the name of the scaling group that it is in."""


def around(snapshot: Snapshot, cluster: str = "") -> Around:
    """The cluster's surroundings, as its nodes' machines and its groups show them."""
    nodes = {node.instance_id: node.name for node in snapshot.nodes.values() if node.instance_id}
    machines = [one for one in snapshot.table("Instance").values() if one.id in nodes]
    groups: list[Group] = list(snapshot.table("Group").values())
    scaling = [group.scaling for group in groups if group.scaling is not None]
    vpcs = Counter([one.vpc for one in (*machines, *scaling) if one.vpc])
    switches = {one.vswitch for one in machines} | {switch for one in scaling for switch in one.vswitches}
    names = {group.id: group.name for group in groups}
    members = snapshot.table("ScalingInstance").values()
    return Around(
        snapshot.as_of,
        cluster or next((found for node in snapshot.nodes.values() if (found := node.labels.get(CLUSTER_TAG))), ""),
        nodes,
        vpcs.most_common(1)[0][0] if vpcs else "",
        frozenset(switches - {""}),
        frozenset(group for one in machines for group in one.security_groups),
        {one.instance_id: names.get(one.group_id, one.group_id) for one in members},
    )


def judge(machine: Instance, here: Around) -> Candidate:
    """The verdict on one machine."""
    reasons = tuple(reason for rule in _RULES for reason in rule(machine, here))
    return Candidate(machine, reasons, here.nodes.get(machine.id, ""))


def candidates(machines: Iterable[Instance], here: Around) -> list[Candidate]:
    """A verdict for each machine that is no node of this cluster, suitable ones first."""
    found = [judge(machine, here) for machine in machines if machine.id not in here.nodes]
    order = list(Suits)
    return sorted(found, key=lambda one: (order.index(one.suits), one.machine.name, one.machine.id))


Rule = Callable[[Instance, Around], Iterator[Reason]]


def _membership(machine: Instance, here: Around) -> Iterator[Reason]:
    tagged = machine.tags.get(CLUSTER_TAG, "")
    if node := here.nodes.get(machine.id):
        yield _blocks("AlreadyNode", f"it is node {node} already")
    elif tagged and tagged == here.cluster:
        yield _blocks(
            "Joining", "its tags say that it is in this cluster, and it is no node: its join goes on or failed"
        )
    elif tagged or machine.tags.get(POOL_TAG):
        yield _blocks("OtherCluster", f"its tags say that it is in cluster {tagged or 'of another node pool'}")


def _group(machine: Instance, here: Around) -> Iterator[Reason]:
    if group := here.members.get(machine.id) or machine.tags.get(GROUP_TAG):
        yield _blocks("InGroup", f"it is in scaling group {group}")


def _place(machine: Instance, here: Around) -> Iterator[Reason]:
    if not machine.vpc or not here.vpc:
        yield _unknown("Network", "whether it is in the cluster's VPC is not told")
    elif machine.vpc != here.vpc:
        yield _blocks("OtherVpc", f"it is in {machine.vpc}, the cluster in {here.vpc}")
    elif here.vswitches and machine.vswitch not in here.vswitches:
        yield _mind("OtherVSwitch", f"no node is in its vSwitch {machine.vswitch} ({machine.zone}): look at routes")


def _state(machine: Instance, here: Around) -> Iterator[Reason]:
    if machine.status == "Stopped":
        yield Reason(Weight.BLOCKS, "Stopped", "it is stopped, so nobody can run a command on it", (Way.MANUAL,))
    elif not machine.status:
        yield _unknown("State", "its state is not told")
    elif machine.status != "Running":
        yield _blocks("Moving", f"it is {machine.status}: wait until it is Running or Stopped")
    if machine.locks:
        yield _blocks("Locked", f"it is locked: {', '.join(machine.locks)}")
    if machine.deletion_protection:
        text = "it is protected from deletion, so what is on its disk is wanted: take the protection off first"
        yield Reason(Weight.BLOCKS, "Protected", text, NEW_DISK)


def _contract(machine: Instance, here: Around) -> Iterator[Reason]:
    ends = seconds(machine.expires)
    if machine.charge_type == "PrePaid":
        if ends is None:
            yield _mind("EndUnknown", "when its subscription ends is not told")
        elif ends <= here.now:
            yield _blocks("Expired", f"its subscription ended on {_day(ends)}")
        elif ends - here.now < ENDS_SOON:
            yield _mind("EndsSoon", f"its subscription ends on {_day(ends)}")
    elif machine.spot_strategy not in ("", "NoSpot"):
        yield _mind("Spot", "it is a spot machine: it may be taken back at any time")
    if (released := seconds(machine.released)) is not None:
        yield _mind("Released", f"it is released by itself on {_day(released)}")


def _system(machine: Instance, here: Around) -> Iterator[Reason]:
    """The new disk brings its own system, so this is about what runs now; but Windows stays another kind of pool."""
    name = machine.os_name.lower()
    if machine.os_type.lower() == "windows" or name.startswith("windows"):
        yield _blocks("Windows", "it runs Windows, and ACK's join script is for Linux")
    elif not name:
        yield Reason(Weight.UNKNOWN, "System", "its operating system is not told", (Way.MANUAL,))
    elif not name.startswith(KNOWN_SYSTEMS):
        text = f"the join script is not known to work on {machine.os_name}"
        yield Reason(Weight.UNKNOWN, "System", text, (Way.MANUAL,))


def _size(machine: Instance, here: Around) -> Iterator[Reason]:
    if machine.cpu is None or machine.memory is None:
        yield _unknown("Size", "its size is not told")
    elif machine.cpu < LEAST_CPU or machine.memory < LEAST_MEMORY:
        have = f"{machine.cpu} vCPU and {machine.memory / 1024:.0f} GiB"
        yield _blocks("TooSmall", f"{have} are too small: a node needs {LEAST_CPU} and {LEAST_MEMORY // 1024}")


def _reach(machine: Instance, here: Around) -> Iterator[Reason]:
    """ACK adds its security group itself; by the other ways it stays as it is."""
    ways = (Way.MANUAL, Way.USERDATA)
    if not machine.security_groups or not here.security_groups:
        yield Reason(Weight.UNKNOWN, "SecurityGroup", "whether nodes can reach it is not told", ways)
    elif not here.security_groups & set(machine.security_groups):
        own = ", ".join(machine.security_groups[:3])
        text = (
            f"it is in {own} and in none of the nodes' security groups ({', '.join(sorted(here.security_groups)[:3])})"
        )
        yield Reason(Weight.BLOCKS, "SecurityGroup", text, ways)


_RULES: tuple[Rule, ...] = (_membership, _group, _place, _state, _contract, _system, _size, _reach)


def _blocks(code: str, text: str) -> Reason:
    return Reason(Weight.BLOCKS, code, text)


def _unknown(code: str, text: str) -> Reason:
    return Reason(Weight.UNKNOWN, code, text)


def _mind(code: str, text: str) -> Reason:
    return Reason(Weight.MIND, code, text)


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
