"""The door that a node goes out by: the one that it came in by, as far as that is known. What is done there is in the
module of each door (remove_attached, remove_expanded, remove_pool, remove_external); where a node came from is told by
core/analysis/origin."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.analysis import origin
from core.analysis.origin import How, Origin
from core.cluster.cloud import Instance, NodePool, ScalingInstance
from core.cluster.snapshot import Snapshot
from core.errors import InputError
from core.kube.node import Node

PREPAID = "PrePaid"


class Door(StrEnum):
    """Ways out."""

    ATTACHED = "attached"
    """A machine that was there before: it leaves its group, is wiped of the cluster, and stays."""
    EXPANDED = "expanded"
    """A machine that ESS made, in a group that ESS alone manages."""
    POOL = "pool"
    """A machine in a node pool: the ACK API takes it out."""
    EXTERNAL = "external"
    """No machine of this account: only its Node object is ours to delete."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """One node on its way out. `machine`, `group` and `pool` are ids, "" where there is none; `member`: its group
    lists it. `autoscaled`: an autoscaler had it made. `release`: the machine is given back, else it is kept. `clears`
    its userdata, `resets` it by kubeadm. `running`: it was, so it is started again after it was stopped. `dead`: its
    kubelet answers no more, so its pods are not waited for."""

    node: str
    uid: str
    door: Door
    origin: str = ""
    evidence: str = ""
    autoscaled: bool = False
    machine: str = ""
    group: str = ""
    pool: str = ""
    member: bool = False
    type: str = ""
    charge: str = ""
    spot: str = ""
    running: bool = True
    release: bool = False
    keep_desired: bool = False
    clears: bool = False
    resets: bool = False
    dead: bool = False


@dataclass(frozen=True)
class Found:
    """What is known of one node's way in. `door` None: nobody knows, so a person has to name it."""

    node: Node
    origin: Origin
    door: Door | None
    member: ScalingInstance | None
    pool: NodePool | None
    machine: Instance | None
    listed: bool = False
    """The ACK API knows the node."""

    @property
    def autoscaled(self) -> bool:
        return self.origin.how is How.AUTOSCALED

    @property
    def group(self) -> str:
        if self.member is not None:
            return self.member.group_id
        return self.pool.group_id if self.pool is not None else ""

    @property
    def charge(self) -> str:
        """PrePaid or PostPaid; "" where neither the machine nor the node says it."""
        return (self.machine.charge_type if self.machine is not None else "") or self.node.charge_type


def find(node: Node, snapshot: Snapshot, named: str = "") -> Found:
    """The door of a node; `named` by a person, which counts only where nothing is known.

    An attached machine that the ACK API lists may go by either door.

    Raises InputError for a name that is none, and for one that contradicts what is known."""
    how = origin.of(node, snapshot.table)
    member: ScalingInstance | None = snapshot.table("ScalingInstance").get(node.instance_id or node.name)
    pool = _pool(node, member, snapshot)
    machine: Instance | None = snapshot.table("Instance").get(node.instance_id)
    nodes = snapshot.table("ClusterNode")
    listed = node.instance_id in nodes or node.name in nodes
    known = _door(how, member, pool)
    if known is Door.ATTACHED and member is None and listed and named == Door.POOL:
        known = Door.POOL
    if named and named not in tuple(Door):
        raise InputError(f"--door {named}: use one of {', '.join(Door)}")
    if named and known is not None and known != named:
        raise InputError(f"--door {named}: node {node.name} came in by another ({known}): {how.because}")
    return Found(node, how, known or (Door(named) if named else None), member, pool, machine, listed)


def _door(how: Origin, member: ScalingInstance | None, pool: NodePool | None) -> Door | None:
    """Whatever is in a node pool leaves through the ACK API, which owns the pool's group: changes behind its back are
    what ACK's documentation warns of."""
    if how.how is How.EXTERNAL:
        return Door.EXTERNAL
    if how.how is How.VIRTUAL:
        return None
    if pool is not None and (member is not None or how.how is not How.UNKNOWN):
        return Door.POOL
    if how.attached or how.how in (How.ATTACHED_AUTO, How.ATTACHED_MANUAL):
        return Door.ATTACHED
    return Door.EXPANDED if member is not None else None


def _pool(node: Node, member: ScalingInstance | None, snapshot: Snapshot) -> NodePool | None:
    """The node pool that owns its group; without a group, the one that its label names."""
    pools: list[NodePool] = list(snapshot.table("NodePool").values())
    if member is not None:
        return next((pool for pool in pools if pool.group_id == member.group_id), None)
    return next((pool for pool in pools if node.pool and pool.id == node.pool), None)
