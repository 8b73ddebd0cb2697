"""A scaling group in full, as the Groups view shows it: the record and its parts. How it is put together is in groups;
the planner's smaller NodeGroup is in core/kube/own_kinds."""

import msgspec

from core.cluster.cloud import (
    Alarm,
    LifecycleHook,
    NodePool,
    ScalingActivity,
    ScalingConfiguration,
    ScalingGroup,
    ScalingInstance,
    ScalingRule,
    ScheduledTask,
)
from core.kube.node import Node
from core.kube.taints import Taint

ACK, ESS = "ack", "ess"
"""Who manages a group: the ACK API owns it, or ESS alone has it."""


class Link(msgspec.Struct, frozen=True):
    """That the group belongs to something: `what` is `pool`, `cluster` or `node`; `because` says how that is known."""

    what: str
    name: str
    because: str


class Member(msgspec.Struct, frozen=True):
    """A machine of the group; `node` is empty while it is no node of this cluster."""

    instance_id: str
    node: str = ""
    scaling: ScalingInstance | None = None
    """None: the group's own list of machines is not known, a tag or a label says that it belongs here."""
    because: str = ""


class Known(msgspec.Struct, frozen=True):
    """One part of a template in words, and where it comes from."""

    name: str
    value: str
    source: str


class Template(msgspec.Struct, frozen=True):
    """The node that the group would add: one for each machine type whose size is known, in the order ESS tries them."""

    nodes: tuple[Node, ...] = ()
    instance_types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    charge_type: str = ""
    spot_strategy: str = ""
    labels: dict[str, str] = {}
    taints: tuple[Taint, ...] = ()
    parts: tuple[Known, ...] = ()
    """All of this once more, with where each came from."""


class ReadyTime(msgspec.Struct, frozen=True):
    """Seconds from the trigger of a scaling activity to Ready, over the machines that could be measured."""

    median: float
    longest: float
    machines: int


class Group(msgspec.Struct, frozen=True, eq=False):
    """One group. Sizes are numbers of machines; None is "not known"."""

    id: str
    name: str
    pool_id: str
    managed_by: str
    autoscaling: bool
    autoscaling_because: str
    min_size: int | None
    max_size: int | None
    scaling: ScalingGroup | None
    """None: ESS can't be read, or has no such group (see `problems`)."""
    configuration: ScalingConfiguration | None
    pool: NodePool | None
    members: tuple[Member, ...]
    links: tuple[Link, ...]
    template: Template
    rules: tuple[ScalingRule, ...] = ()
    tasks: tuple[ScheduledTask, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    hooks: tuple[LifecycleHook, ...] = ()
    activities: tuple[ScalingActivity, ...] = ()
    """Newest first."""
    ready_time: ReadyTime | None = None
    problems: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.id

    @property
    def desired(self) -> int | None:
        """The size that the group is brought to: its desired capacity, else the machines it has and is getting."""
        if self.scaling is None:
            return self.pool.desired if self.pool is not None else None
        return self.scaling.desired if self.scaling.desired is not None else self.scaling.total

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the members that are nodes."""
        return tuple(member.node for member in self.members if member.node)

    @property
    def last_activity(self) -> ScalingActivity | None:
        return self.activities[0] if self.activities else None
