"""The cloud's objects as this program sees them: scaling groups and what belongs to them (ESS), machines (ECS), node
pools (ACK). How they are linked to nodes is in groups, how they are read in core/clients/alibaba.

Records of ESS and ECS are decoded as they come, after `flat` of clients/alibaba/answers. Times are texts of the API
(`timestamps.seconds` reads them); None is "not told", never zero.
"""

from collections.abc import Mapping

import msgspec

from core.cluster.user_data import UserData
from core.kube import timestamps
from core.kube.taints import Taint

Tags = dict[str, str]
_Field = msgspec.field


class ScalingGroup(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScalingGroups 2022-02-22. Capacities are numbers of machines."""

    id: str = _Field(name="ScalingGroupId")
    name: str = _Field(name="ScalingGroupName", default="")
    state: str = _Field(name="LifecycleState", default="")
    """Active, Inactive or Deleting."""
    min_size: int
    max_size: int
    desired: int | None = _Field(name="DesiredCapacity", default=None)
    """None: the group has no desired capacity of its own."""
    total: int | None = _Field(name="TotalCapacity", default=None)
    active: int | None = _Field(name="ActiveCapacity", default=None)
    pending: int | None = _Field(name="PendingCapacity", default=None)
    pending_wait: int | None = _Field(name="PendingWaitCapacity", default=None)
    protected: int | None = _Field(name="ProtectedCapacity", default=None)
    standby: int | None = _Field(name="StandbyCapacity", default=None)
    stopped: int | None = _Field(name="StoppedCapacity", default=None)
    removing: int | None = _Field(name="RemovingCapacity", default=None)
    removing_wait: int | None = _Field(name="RemovingWaitCapacity", default=None)
    cooldown: int | None = _Field(name="DefaultCooldown", default=None)
    scaling_policy: str = ""
    """release, recycle, forcerelease or forcerecycle: what happens to a machine that leaves."""
    zone_policy: str = _Field(name="MultiAZPolicy", default="")
    removal_policies: tuple[str, ...] = ()
    suspended: tuple[str, ...] = _Field(name="SuspendedProcesses", default=())
    system_suspended: bool = False
    """ESS itself has given up on it, after days of failures."""
    health_check: str = _Field(name="HealthCheckType", default="")
    configuration_id: str = _Field(name="ActiveScalingConfigurationId", default="")
    launch_template: str = _Field(name="LaunchTemplateId", default="")
    vpc: str = _Field(name="VpcId", default="")
    vswitches: tuple[str, ...] = _Field(name="VSwitchIds", default=())
    deletion_protection: bool = _Field(name="GroupDeletionProtection", default=False)
    type: str = _Field(name="GroupType", default="ECS")
    on_demand_base: int | None = _Field(name="OnDemandBaseCapacity", default=None)
    tags: Tags = {}
    created: str = _Field(name="CreationTime", default="")

    @property
    def key(self) -> str:
        return self.id

    @property
    def moves(self) -> tuple[int | None, ...]:
        """What changes whenever the group's machines do."""
        counts = (self.total, self.active, self.pending, self.pending_wait, self.protected, self.standby, self.stopped)
        return (*counts, self.removing, self.removing_wait, self.desired)

    @property
    def busy(self) -> bool:
        """Machines are on their way in or out."""
        return any((self.pending, self.pending_wait, self.removing, self.removing_wait))


class ScalingConfiguration(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScalingConfigurations: what a group's new machine is made from. Userdata is classified and dropped."""

    id: str = _Field(name="ScalingConfigurationId")
    group_id: str = _Field(name="ScalingGroupId", default="")
    name: str = _Field(name="ScalingConfigurationName", default="")
    state: str = _Field(name="LifecycleState", default="")
    instance_types: tuple[str, ...] = ()
    """In the order in which ESS tries them."""
    cpu: int | None = None
    memory: int | None = None
    """GiB."""
    image_id: str = ""
    spot_strategy: str = "NoSpot"
    security_groups: tuple[str, ...] = _Field(name="SecurityGroupIds", default=())
    key_pair: str = _Field(name="KeyPairName", default="")
    ram_role: str = _Field(name="RamRoleName", default="")
    disk_size: int | None = _Field(name="SystemDiskSize", default=None)
    tags: Tags = {}
    user_data: UserData = UserData()

    @property
    def key(self) -> str:
        return self.id


class ScalingInstance(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScalingInstances: a machine's membership in a group."""

    instance_id: str
    group_id: str = _Field(name="ScalingGroupId", default="")
    state: str = _Field(name="LifecycleState", default="")
    """InService, Pending, Pending:Wait, Protected, Standby, Stopped, Removing or Removing:Wait."""
    creation: str = _Field(name="CreationType", default="")
    """AutoCreated, Attached or Managed."""
    health: str = _Field(name="HealthStatus", default="")
    entrusted: bool = False
    configuration_id: str = _Field(name="ScalingConfigurationId", default="")
    activity_id: str = _Field(name="ScalingActivityId", default="")
    spot_strategy: str = ""
    zone: str = _Field(name="ZoneId", default="")
    created: str = _Field(name="CreatedTime", default="")

    @property
    def key(self) -> str:
        return self.instance_id


class ScalingActivity(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScalingActivities 2022-02-22."""

    id: str = _Field(name="ScalingActivityId")
    group_id: str = _Field(name="ScalingGroupId", default="")
    status: str = _Field(name="StatusCode", default="")
    """InProgress, Successful, Warning (partly), Failed or Rejected."""
    message: str = _Field(name="StatusMessage", default="")
    description: str = ""
    cause: str = ""
    progress: int | None = None
    start: str = _Field(name="StartTime", default="")
    end: str = _Field(name="EndTime", default="")
    error_code: str = ""
    error_message: str = ""
    metadata: str = _Field(name="ActivityMetadata", default="")
    trigger: str = _Field(name="TriggerSourceType", default="")
    """Cms, APIs or Ess."""
    created_instances: tuple[str, ...] = ()
    destroyed_instances: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.id

    @property
    def started(self) -> int | None:
        return timestamps.seconds(self.start)

    @property
    def ended(self) -> int | None:
        return timestamps.seconds(self.end)


class ScalingRule(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScalingRules."""

    id: str = _Field(name="ScalingRuleId")
    ari: str = _Field(name="ScalingRuleAri", default="")
    name: str = _Field(name="ScalingRuleName", default="")
    group_id: str = _Field(name="ScalingGroupId", default="")
    type: str = _Field(name="ScalingRuleType", default="")
    adjustment: str = _Field(name="AdjustmentType", default="")
    value: int | None = _Field(name="AdjustmentValue", default=None)
    cooldown: int | None = None
    metric: str = _Field(name="MetricName", default="")
    target: float | None = _Field(name="TargetValue", default=None)

    @property
    def key(self) -> str:
        return self.id


class ScheduledTask(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeScheduledTasks: a rule or new sizes at a given time."""

    id: str = _Field(name="ScheduledTaskId")
    name: str = _Field(name="ScheduledTaskName", default="")
    group_id: str = _Field(name="ScalingGroupId", default="")
    action: str = _Field(name="ScheduledAction", default="")
    """The ARI of the rule it runs; empty when it sets sizes."""
    enabled: bool = _Field(name="TaskEnabled", default=True)
    launch: str = _Field(name="LaunchTime", default="")
    recurrence: str = _Field(name="RecurrenceType", default="")
    recurrence_value: str = ""
    desired: int | None = _Field(name="DesiredCapacity", default=None)
    min_size: int | None = _Field(name="MinValue", default=None)
    max_size: int | None = _Field(name="MaxValue", default=None)

    @property
    def key(self) -> str:
        return self.id


class Alarm(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeAlarms: a metric that runs rules."""

    id: str = _Field(name="AlarmTaskId")
    name: str = ""
    group_id: str = _Field(name="ScalingGroupId", default="")
    state: str = ""
    """OK, ALARM or INSUFFICIENT_DATA."""
    enabled: bool = _Field(name="Enable", default=True)
    metric: str = _Field(name="MetricName", default="")
    operator: str = _Field(name="ComparisonOperator", default="")
    threshold: float | None = None
    count: int | None = _Field(name="EvaluationCount", default=None)
    period: int | None = None
    actions: tuple[str, ...] = _Field(name="AlarmActions", default=())

    @property
    def key(self) -> str:
        return self.id


class LifecycleHook(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeLifecycleHooks: what a machine waits for on its way in or out."""

    id: str = _Field(name="LifecycleHookId")
    name: str = _Field(name="LifecycleHookName", default="")
    group_id: str = _Field(name="ScalingGroupId", default="")
    transition: str = _Field(name="LifecycleTransition", default="")
    result: str = _Field(name="DefaultResult", default="")
    timeout: int | None = _Field(name="HeartbeatTimeout", default=None)

    @property
    def key(self) -> str:
        return self.id


class Instance(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeInstances: a machine."""

    id: str = _Field(name="InstanceId")
    name: str = _Field(name="InstanceName", default="")
    type: str = _Field(name="InstanceType", default="")
    status: str = ""
    """Pending, Running, Starting, Stopping or Stopped."""
    charge_type: str = _Field(name="InstanceChargeType", default="")
    spot_strategy: str = ""
    expires: str = _Field(name="ExpiredTime", default="")
    released: str = _Field(name="AutoReleaseTime", default="")
    cpu: int | None = None
    memory: int | None = None
    """MiB."""
    gpus: int | None = _Field(name="GPUAmount", default=None)
    zone: str = _Field(name="ZoneId", default="")
    vpc: str = ""
    vswitch: str = ""
    addresses: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    """Why operations are refused: financial, security, Recycling (a spot machine being reclaimed) …"""
    image_id: str = ""
    os_type: str = _Field(name="OSType", default="")
    """linux or windows."""
    os_name: str = _Field(name="OSName", default="")
    key_pair: str = _Field(name="KeyPairName", default="")
    deletion_protection: bool = False
    security_groups: tuple[str, ...] = _Field(name="SecurityGroupIds", default=())
    tags: Tags = {}
    created: str = _Field(name="CreationTime", default="")
    started: str = _Field(name="StartTime", default="")

    @property
    def key(self) -> str:
        return self.id


class InstanceType(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """DescribeInstanceTypes."""

    id: str = _Field(name="InstanceTypeId")
    cpu: int = _Field(name="CpuCoreCount")
    memory: float = _Field(name="MemorySize")
    """GiB."""
    gpus: int = _Field(name="GPUAmount", default=0)
    gpu: str = _Field(name="GPUSpec", default="")
    architecture: str = _Field(name="CpuArchitecture", default="")

    @property
    def key(self) -> str:
        return self.id


class UserDataOf(msgspec.Struct, frozen=True):
    """DescribeUserData of one machine, classified."""

    instance_id: str
    user_data: UserData

    @property
    def key(self) -> str:
        return self.instance_id


class NodePool(msgspec.Struct, frozen=True, kw_only=True):
    """DescribeClusterNodePools: an ACK node pool, which owns a scaling group."""

    id: str
    name: str = ""
    group_id: str = ""
    cluster_id: str = ""
    type: str = ""
    is_default: bool = False
    state: str = ""
    autoscaling: bool | None = None
    min_size: int | None = None
    max_size: int | None = None
    desired: int | None = None
    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()
    instance_types: tuple[str, ...] = ()
    charge_type: str = ""
    spot_strategy: str = ""
    scaling_policy: str = ""
    unschedulable: bool = False
    total: int | None = None
    healthy: int | None = None
    failed: int | None = None

    @property
    def key(self) -> str:
        return self.id


class ClusterNode(msgspec.Struct, frozen=True, kw_only=True):
    """DescribeClusterNodes: what the ACK API knows about a node, or about a machine that should be one."""

    instance_id: str = ""
    node_name: str = ""
    pool: str = msgspec.field(name="nodepool_id", default="")
    source: str = ""
    """How the machine was initialised."""
    state: str = ""
    error: str = msgspec.field(name="error_message", default="")
    is_aliyun_node: bool | None = None

    @property
    def key(self) -> str:
        return self.instance_id or self.node_name
