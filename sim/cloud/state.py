"""Everything the simulated cloud knows: frozen rows in one `Cloud`, times in Unix seconds. Look-ups only."""

import random
from dataclasses import dataclass, field
from typing import Any

from sim.clock import SimClock
from sim.cloud.agenda import Agenda
from sim.cloud.guest import Guest, NoGuest
from sim.cloud.names import Ids
from sim.cloud.table import Revision, Table

Tags = tuple[tuple[str, str], ...]

FAR = 4102329540.0
"""2099-12-31T15:59Z: the expiry that ECS shows for pay-as-you-go machines."""


@dataclass(frozen=True, slots=True)
class VSwitch:
    id: str
    vpc_id: str
    zone: str
    cidr: str
    name: str
    taken: int = 0
    """Addresses used by things other than ECS instances (pods, load balancers)."""


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    name: str
    type: str
    zone: str
    vswitch_id: str
    vpc_id: str
    ip: str
    status: str = "Pending"
    charge_type: str = "PostPaid"
    spot_strategy: str = "NoSpot"
    spot_price_limit: float = 0.0
    created: float = 0.0
    started: float = 0.0
    expires: float = FAR
    image_id: str = "aliyun_3_x64_20G_container_optimized_alibase.vhd"
    disk_id: str = ""
    disk_size: int = 120
    security_groups: tuple[str, ...] = ()
    tags: Tags = ()
    user_data: str = ""
    """Base64, as ECS keeps it."""
    first_boot: bool = True
    """cloud-init has not run on this system disk yet; only a new machine or a replaced disk has that."""
    stopped_mode: str = "Not-applicable"
    deletion_protection: bool = False
    locks: tuple[str, ...] = ()
    key_pair: str = "sre"
    assistant: bool = True
    """Cloud Assistant's agent is installed; it answers while the machine runs."""


@dataclass(frozen=True, slots=True)
class ScalingConfiguration:
    id: str
    group_id: str
    name: str
    instance_types: tuple[str, ...]
    image_id: str
    user_data: str = ""
    tags: Tags = ()
    spot_strategy: str = "NoSpot"
    spot_price_limits: tuple[tuple[str, float], ...] = ()
    disk_category: str = "cloud_essd"
    disk_size: int = 120
    security_groups: tuple[str, ...] = ()
    key_pair: str = "sre"
    ram_role: str = "KubernetesWorkerRole"
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class ScalingGroup:
    id: str
    name: str
    min_size: int
    max_size: int
    vpc_id: str
    vswitch_ids: tuple[str, ...]
    configuration_id: str
    desired: int | None = None
    """None: the group has no desired capacity (EnableDesiredCapacity false)."""
    state: str = "Active"
    cooldown: int = 300
    scaling_policy: str = "release"
    multi_az_policy: str = "PRIORITY"
    removal_policies: tuple[str, ...] = ("OldestScalingConfiguration", "OldestInstance")
    suspended: frozenset[str] = frozenset()
    system_suspended: bool = False
    health_check: str = "ECS"
    deletion_protection: bool = False
    charge_type: str = "PostPaid"
    tags: Tags = ()
    created: float = 0.0
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class Member:
    """An instance in a scaling group; keyed by the instance id, for it can be in one group only."""

    instance_id: str
    group_id: str
    state: str
    """InService, Pending, Pending:Wait, Protected, Standby, Stopped, Removing, Removing:Wait."""
    creation: str = "AutoCreated"
    """AutoCreated, Attached or Managed."""
    entrusted: bool = False
    health: str = "Healthy"
    activity_id: str = ""
    configuration_id: str = ""
    joined: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    id: str
    group_id: str
    cause: str
    description: str
    started: float
    status: str = "InProgress"
    message: str = ""
    detail: str = ""
    progress: int = 0
    ended: float | None = None
    total: int = 0
    auto_created: int = 0
    attached: int = 0
    instance_number: int = 0
    trigger: tuple[str, str] = ("APIs", "")
    """Where it came from (Cms, APIs, Ess) and the id there."""
    metadata: str = ""
    created: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    errors: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(code, message, instance ids)."""


@dataclass(frozen=True, slots=True)
class Hook:
    id: str
    group_id: str
    name: str
    transition: str
    """SCALE_OUT or SCALE_IN."""
    default_result: str = "CONTINUE"
    timeout: int = 600
    status: str = "Active"
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class HookAction:
    token: str
    hook_id: str
    activity_id: str
    instance_ids: tuple[str, ...]
    deadline: float
    status: str = "Pending"
    result: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    group_id: str
    name: str
    type: str = "SimpleScalingRule"
    adjustment_type: str = "QuantityChangeInCapacity"
    adjustment: int = 0
    cooldown: int = 300
    metric: str = ""
    target: float = 0.0

    @property
    def ari(self) -> str:
        return f"ari:acs:ess:cn-hangzhou:{ACCOUNT}:scalingrule/{self.id}"


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    id: str
    name: str
    group_id: str = ""
    action: str = ""
    """The ARI of the rule to run, when no sizes are given."""
    launch: float = 0.0
    recurrence: tuple[str, str, float] = ("", "", 0.0)
    """Type, value and end time."""
    desired: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    enabled: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    id: str
    name: str
    group_id: str
    rule_ari: str
    metric: str = "CpuUtilization"
    operator: str = ">="
    threshold: float = 70.0
    period: int = 60
    count: int = 3
    state: str = "OK"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Invocation:
    """One Cloud Assistant run on one instance."""

    id: str
    command_id: str
    instance_id: str
    content: str
    created: float
    status: str = "Pending"
    started: float | None = None
    finished: float | None = None
    exit_code: int | None = None
    output: str = ""
    error_code: str = ""
    error_info: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    id: str
    name: str
    region: str
    type: str
    """ManagedKubernetes, or ExternalKubernetes for a registered one."""
    version: str
    vpc_id: str
    vswitch_ids: tuple[str, ...]
    security_group: str
    created: float
    state: str = "running"
    profile: str = "Default"
    spec: str = "ack.pro.small"
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class NodePool:
    """An ACK node pool; the four settings hold what its owner set, as the API spells it."""

    id: str
    cluster_id: str
    name: str
    group_id: str
    created: float
    updated: float
    is_default: bool = False
    state: str = "active"
    scaling_group: dict[str, Any] = field(default_factory=dict)
    kubernetes_config: dict[str, Any] = field(default_factory=dict)
    auto_scaling: dict[str, Any] = field(default_factory=dict)
    management: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A long-running job of the ACK API."""

    id: str
    cluster_id: str
    type: str
    created: float
    updated: float
    target: tuple[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)
    state: str = "running"
    stages: tuple[str, ...] = ()
    stage: int = 0
    events: tuple[dict[str, str], ...] = ()
    results: tuple[tuple[str, str], ...] = ()
    error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    id: str
    cluster_id: str
    type: str
    subject: str
    level: str
    reason: str
    message: str
    at: float


ACCOUNT = "1234567890123456"


class Cloud:
    """One account in one region: all tables, the clock, the agenda and what runs inside the machines."""

    def __init__(self, clock: SimClock, seed: int = 0, region: str = "cn-hangzhou") -> None:
        self.clock = clock
        self.region = region
        self.agenda = Agenda(clock)
        self.random = random.Random(seed)
        self.ids = Ids(self.random)
        self.revision = Revision()
        self.guest: Guest = NoGuest()
        self.vswitches: Table[VSwitch] = Table(self.revision)
        self.instances: Table[Instance] = Table(self.revision)
        self.configurations: Table[ScalingConfiguration] = Table(self.revision)
        self.groups: Table[ScalingGroup] = Table(self.revision)
        self.members: Table[Member] = Table(self.revision)
        self.activities: Table[Activity] = Table(self.revision)
        self.hooks: Table[Hook] = Table(self.revision)
        self.hook_actions: Table[HookAction] = Table(self.revision)
        self.rules: Table[Rule] = Table(self.revision)
        self.scheduled: Table[ScheduledTask] = Table(self.revision)
        self.alarms: Table[Alarm] = Table(self.revision)
        self.invocations: Table[Invocation] = Table(self.revision)
        self.clusters: Table[Cluster] = Table(self.revision)
        self.pools: Table[NodePool] = Table(self.revision)
        self.tasks: Table[Task] = Table(self.revision)
        self.events: Table[ClusterEvent] = Table(self.revision)
        self.autoscaling: dict[str, dict[str, Any]] = {}
        """CreateAutoscalingConfig's body by cluster id."""
        self.stock: dict[tuple[str, str], int] = {}
        """Machines left by (instance type, zone); absent means plenty."""
        self.quota: int | None = None
        """Pay-as-you-go machines that the account may have; None means plenty."""
        self.join_tokens: dict[str, tuple[str, float]] = {}
        """Bootstrap token -> (node pool id, expiry) as handed out by DescribeClusterAttachScripts."""

    def now(self) -> float:
        return self.clock.time()

    def members_of(self, group_id: str) -> list[Member]:
        return [member for member in self.members if member.group_id == group_id]

    def pool_of(self, group_id: str) -> NodePool | None:
        return next((pool for pool in self.pools if pool.group_id == group_id), None)
