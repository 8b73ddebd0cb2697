"""The hands of a scenario: put a pool, a machine or a workload into place, complete and with the age it should have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sim.clock import rfc3339
from sim.cloud.catalogue import TYPES
from sim.cloud.ecs import machines as ecs
from sim.cloud.state import (
    Activity,
    Cloud,
    Instance,
    Member,
    NodePool,
    ScalingConfiguration,
    ScalingGroup,
    Tags,
)
from sim.kube.registry import Registry
from sim.world import joining, nodes
from sim.world.machines import Machines

Obj = dict[str, Any]

HOUR, DAY = 3600.0, 86400.0
CA_MARK = '{"cluster-autoscaler/alicloud/managed":"true"}'


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """A node pool, or a scaling group of ESS alone when `in_ack` is false."""

    name: str
    types: tuple[str, ...]
    low: int
    high: int
    autoscaling: bool = False
    desired: int | None = None
    charge: str = "PostPaid"
    spot: str = "NoSpot"
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()
    zones: str = "hij"
    is_default: bool = False
    in_ack: bool = True
    token_valid: bool = True
    policy: str = "PRIORITY"
    age: float = 200 * DAY


@dataclass(frozen=True, slots=True)
class Made:
    """A pool that stands: its ids and its nodes' names."""

    plan: PoolPlan
    group_id: str
    pool_id: str
    nodes: list[str] = field(default_factory=list)


class Stage:
    """One cloud and one registry, and the joints between them."""

    def __init__(self, cloud: Cloud, registry: Registry, machines: Machines, cluster_id: str) -> None:
        self.cloud = cloud
        self.registry = registry
        self.machines = machines
        self.cluster_id = cluster_id
        self.random = cloud.random
        self.pools: dict[str, Made] = {}

    def ago(self, seconds: float) -> str:
        """That many seconds before now, as Kubernetes writes times."""
        return rfc3339(datetime.fromtimestamp(self.cloud.now() - seconds, UTC))

    # -- cloud -------------------------------------------------------------------------------------------------------

    def pool(self, plan: PoolPlan) -> Made:
        """Set up a pool's scaling group, configuration and join token."""
        group_id, pool_id = self.cloud.ids.resource("asg"), f"np{self.cloud.ids.hexadecimal(32)}"
        made = Made(plan, group_id, pool_id if plan.in_ack else "")
        self.pools[plan.name] = made
        token = self.cloud.ids.token()
        expiry = self.cloud.now() + (3650 * DAY if plan.token_valid else -30 * DAY)
        self.cloud.join_tokens[token] = (made.pool_id, expiry)
        self._group(made, token)
        if plan.in_ack:
            self._node_pool(made)
        return made

    def _group(self, made: Made, token: str) -> None:
        plan, created = made.plan, self.cloud.now() - made.plan.age
        labels = ",".join(f"{key}={value}" for key, value in plan.labels.items())
        taints = ",".join(f"{key}={value}:{effect}" for key, value, effect in plan.taints)
        configuration = ScalingConfiguration(
            id=self.cloud.ids.resource("asc"),
            group_id=made.group_id,
            name=f"k8s-{plan.name}",
            instance_types=plan.types,
            image_id="aliyun_3_x64_20G_container_optimized_alibase_20260120.vhd",
            user_data=joining.encoded(joining.script(token, made.pool_id, labels, taints)),
            tags=self._tags(made),
            spot_strategy=plan.spot,
            spot_price_limits=tuple((kind, TYPES[kind].hour) for kind in plan.types) if plan.spot != "NoSpot" else (),
            security_groups=("sg-bp1shopprod",),
            created=created,
        )
        group = ScalingGroup(
            id=made.group_id,
            name=f"k8s-{plan.name}-{self.cloud.ids.hexadecimal(6)}",
            min_size=plan.low,
            max_size=plan.high,
            vpc_id=self.vpc_id,
            vswitch_ids=tuple(f"vsw-bp1{letter}shop" for letter in plan.zones),
            configuration_id=configuration.id,
            desired=plan.desired,
            multi_az_policy=plan.policy,
            charge_type=plan.charge,
            tags=self._tags(made) if plan.in_ack else (("team", plan.name),),
            created=created,
        )
        self.cloud.configurations.add(configuration.id, configuration)
        self.cloud.groups.add(group.id, group)

    @property
    def vpc_id(self) -> str:
        return self.cloud.clusters[self.cluster_id].vpc_id

    def _tags(self, made: Made) -> Tags:
        if not made.pool_id:
            return ()
        tags = [("ack.aliyun.com", self.cluster_id), ("ack.alibabacloud.com/nodepool-id", made.pool_id)]
        if made.plan.autoscaling:
            tags += [("k8s.io/cluster-autoscaler", "true"), ("k8s.aliyun.com", "true")]
            prefix = "k8s.io/cluster-autoscaler/node-template"
            tags += [(f"{prefix}/label/{key}", value) for key, value in made.plan.labels.items()]
            tags += [(f"{prefix}/taint/{key}/{value}", effect) for key, value, effect in made.plan.taints]
        return tuple(tags)

    def _node_pool(self, made: Made) -> None:
        plan, created = made.plan, self.cloud.now() - made.plan.age
        group = self.cloud.groups[made.group_id]
        settings = {
            "instance_types": list(plan.types),
            "instance_charge_type": plan.charge,
            "spot_strategy": plan.spot,
            "scaling_policy": "release",
            "multi_az_policy": plan.policy,
            "vswitch_ids": list(group.vswitch_ids),
            "security_group_ids": ["sg-bp1shopprod"],
            "system_disk_category": "cloud_essd",
            "system_disk_size": 120,
            "data_disks": [{"category": "cloud_essd", "size": 200, "device": "/dev/xvdb"}],
            "tags": [{"key": "team", "value": plan.name}],
            "image_type": "ContainerOS",
            "key_pair": "sre",
            **({} if plan.autoscaling or plan.desired is None else {"desired_size": plan.desired}),
        }
        scaling = {"enable": plan.autoscaling, "min_instances": plan.low, "max_instances": plan.high}
        kind = "gpu" if TYPES[plan.types[0]].gpu else "spot" if plan.spot != "NoSpot" else "cpu"
        pool = NodePool(
            id=made.pool_id,
            cluster_id=self.cluster_id,
            name=plan.name,
            group_id=made.group_id,
            created=created,
            updated=created,
            is_default=plan.is_default,
            scaling_group=settings,
            auto_scaling={**scaling, "type": kind} if plan.autoscaling else {"enable": False},
            kubernetes_config={
                "labels": [{"key": key, "value": value} for key, value in plan.labels.items()],
                "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in plan.taints],
                "runtime": "containerd",
                "runtime_version": "1.6.36",
                "unschedulable": False,
                "user_data": "",
                "node_name_mode": "",
            },
            management={"enable": True, "auto_repair": True},
        )
        self.cloud.pools.add(pool.id, pool)

    def member(self, made: Made, age: float, creation: str = "AutoCreated", by: str = "CA", **fields: Any) -> str:
        """A machine of the group that is a Ready node since `age`; `by` is who had it made. Returns the node's name."""
        group = self.cloud.groups[made.group_id]
        machine = ecs.create(self.cloud, group)
        if machine is None:
            raise RuntimeError(f"no room for a machine of {made.plan.name} in its vSwitches")
        machine = self._settled(machine, age, **fields)
        activity = self._activity(made, machine, age, by)
        member = Member(
            instance_id=machine.id,
            group_id=group.id,
            state="InService",
            creation=creation,
            activity_id=activity.id,
            configuration_id=group.configuration_id if creation == "AutoCreated" else "",
            joined=self.cloud.now() - age + 90,
        )
        self.cloud.members.add(machine.id, member)
        name = self.node(machine, made, age)
        made.nodes.append(name)
        return name

    def _settled(self, machine: Instance, age: float, **fields: Any) -> Instance:
        created = self.cloud.now() - age
        times = {"created": created, "started": created + 20, "first_boot": False, "status": "Running"}
        return self.cloud.instances.change(machine.id, **{**times, **fields})

    def _activity(self, made: Made, machine: Instance, age: float, by: str) -> Activity:
        started = self.cloud.now() - age
        cause = {"CA": "A user requests to scale the scaling group", "ACK": "ACK requests to scale the scaling group"}
        activity = Activity(
            id=self.cloud.ids.resource("asa", 13),
            group_id=made.group_id,
            cause=cause.get(by, by),
            description='Add "1" ECS instance',
            started=started,
            status="Successful",
            message='"1" ECS instances are added.',
            progress=100,
            ended=started + 75,
            total=len(made.nodes) + 1,
            auto_created=len(made.nodes) + 1,
            instance_number=1,
            metadata=CA_MARK if by == "CA" else "",
            created=(machine.id,),
        )
        return self.cloud.activities.add(activity.id, activity)

    def node(self, machine: Instance, made: Made | None, age: float, labels: dict[str, str] | None = None) -> str:
        """The Ready Node of a machine that joined long ago."""
        pool = self.cloud.pools.get(made.pool_id) if made else None
        extra = dict(labels or {})
        if made and not made.pool_id:
            extra |= {**made.plan.labels, "ack.aliyun.com": self.cluster_id}
        since = self.cloud.now() - max(0.0, age - 70)
        found = nodes.node(self.cloud, machine, pool, labels=extra, ready_since=since, version=self.machines.version)
        name = str(found["metadata"]["name"])
        self.registry.load("Node", [found])
        self.registry.load("CSINode", [nodes.csi_node(name)])
        self.machines.adopt(machine.id, name, made.pool_id if made else "")
        return name

    def loose(self, name: str, kind: str, age: float, letter: str = "h", **fields: Any) -> Instance:
        """A machine that is in no group, running since `age`."""
        switch = self.cloud.vswitches[f"vsw-bp1{letter}shop"]
        machine = Instance(
            id=self.cloud.ids.resource("i"),
            name=name,
            type=kind,
            zone=switch.zone,
            vswitch_id=switch.id,
            vpc_id=switch.vpc_id,
            ip=ecs.next_address(self.cloud, switch),
            disk_id=self.cloud.ids.resource("d"),
            security_groups=("sg-bp1shopprod",),
        )
        self.cloud.instances.add(machine.id, machine)
        return self._settled(machine, age, **fields)

    # -- Kubernetes --------------------------------------------------------------------------------------------------

    def make(self, kind: str, name: str, namespace: str = "", age: float = 90 * DAY, **parts: Any) -> Obj:
        """Create an object; `meta` in the parts is added to its metadata."""
        meta = {"name": name, "creationTimestamp": self.ago(age), **parts.pop("meta", {})}
        if namespace:
            meta["namespace"] = namespace
        return self.registry.create(kind, {"metadata": meta, **parts})

    def silence(self, node_name: str, seconds: float) -> None:
        """Make a node one whose kubelet was last heard of so long ago; the taints follow from that."""
        found = self.registry.get("Node", node_name)
        said = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        times = {"lastHeartbeatTime": self.ago(seconds + 50), "lastTransitionTime": self.ago(seconds)}
        rows = [{**row, **said, **times} for row in found["status"]["conditions"]]
        self.registry.rewrite("Node", {**found, "status": {**found["status"], "conditions": rows}})

    def annotate(self, node_name: str, **annotations: str) -> None:
        """Add annotations to a node; `__` in a key stands for `/`."""
        found = self.registry.get("Node", node_name)
        meta = found["metadata"]
        more = {key.replace("__", "/"): value for key, value in annotations.items()}
        both = {**(meta.get("annotations") or {}), **more}
        self.registry.rewrite("Node", {**found, "metadata": {**meta, "annotations": both}})

    def taint(self, node_name: str, key: str, value: str, effect: str) -> None:
        found = self.registry.get("Node", node_name)
        taints = [*(found["spec"].get("taints") or ()), {"key": key, "value": value, "effect": effect}]
        self.registry.rewrite("Node", {**found, "spec": {**found["spec"], "taints": taints}})

    def fill(self, names: Sequence[str], count: int) -> list[str]:
        """`count` node names in turn."""
        return [names[index % len(names)] for index in range(count)]
