"""The demo's machines: the network, five pools, a group of ESS alone, and machines that came by other doors."""

from dataclasses import dataclass, field

from sim.cloud.catalogue import TYPES
from sim.cloud.ess.rules import schedule
from sim.cloud.state import Alarm, Cloud, Cluster, Hook, Instance, Rule, ScheduledTask, VSwitch
from sim.scenario.stage import DAY, HOUR, Obj, PoolPlan, Stage
from sim.world import nodes

VPC = "vpc-bp1shopprod"
CLUSTER = "c7f3a1d0e5b94c2d8a6f0b1e2d3c4a5f"
MINUTE = 60.0

PLANS = (
    PoolPlan(
        "system", ("ecs.g7.2xlarge",), 0, 50, desired=4, charge="PrePaid", is_default=True, labels={"pool": "system"}
    ),
    PoolPlan("web", ("ecs.g7.xlarge",), 2, 10, autoscaling=True, labels={"pool": "web"}),
    PoolPlan(
        "memory", ("ecs.r7.2xlarge", "ecs.r7.xlarge"), 2, 8, autoscaling=True, labels={"pool": "memory"}, zones="hi"
    ),
    PoolPlan(
        "gpu",
        ("ecs.gn6i-c4g1.xlarge",),
        1,
        4,
        autoscaling=True,
        labels={"pool": "gpu"},
        taints=(("nvidia.com/gpu", "true", "NoSchedule"),),
    ),
    PoolPlan(
        "spot",
        ("ecs.g7.2xlarge", "ecs.c7.2xlarge"),
        1,
        12,
        autoscaling=True,
        spot="SpotWithPriceLimit",
        labels={"pool": "spot"},
        taints=(("spot", "true", "PreferNoSchedule"),),
        policy="BALANCE",
    ),
)
"""Subscription machines; a pool at its maximum; one out of stock; GPUs; spot machines."""

BATCH = PoolPlan("batch", ("ecs.c7.2xlarge",), 0, 6, in_ack=False, labels={"pool": "batch"}, age=400 * DAY)
"""A scaling group that ESS alone manages: no autoscaler grows it, only people, its rules, alarms and schedules."""

STALE = PoolPlan("legacy-import", ("ecs.c7.xlarge",), 0, 4, in_ack=False, token_valid=False, age=700 * DAY)
"""A group whose userdata carries a token that has expired: what it makes never joins."""


@dataclass(slots=True)
class Fleet:
    """Node names by what the scenario calls them."""

    pools: dict[str, list[str]] = field(default_factory=dict)
    attached_auto: str = ""
    attached_manual: list[str] = field(default_factory=list)
    external: str = ""
    unknown: str = ""
    virtual: str = "virtual-kubelet-cn-hangzhou-h"

    @property
    def ecs(self) -> list[str]:
        """Every node that is a machine of the account."""
        return [name for names in self.pools.values() for name in names] + self.attached_manual


def network(cloud: Cloud) -> None:
    """Three vSwitches; the one in zone j is almost out of addresses."""
    for index, (letter, taken) in enumerate((("h", 130), ("i", 90), ("j", 241))):
        switch = VSwitch(
            f"vsw-bp1{letter}shop", VPC, f"cn-hangzhou-{letter}", f"10.0.{index * 4}.0/24", f"k8s-{letter}", taken
        )
        cloud.vswitches.add(switch.id, switch)


def cluster(cloud: Cloud) -> Cluster:
    found = Cluster(
        id=CLUSTER,
        name="shop-prod",
        region=cloud.region,
        type="ManagedKubernetes",
        version="1.32.1-aliyun.1",
        vpc_id=VPC,
        vswitch_ids=tuple(switch.id for switch in cloud.vswitches),
        security_group="sg-bp1shopprod",
        created=cloud.now() - 420 * DAY,
        tags=(("env", "prod"),),
    )
    return cloud.clusters.add(found.id, found)


def fleet(stage: Stage) -> Fleet:
    """About thirty nodes of every origin."""
    found = Fleet()
    for plan in (*PLANS, BATCH, STALE):
        stage.pool(plan)
    _system(stage, found)
    _web(stage, found)
    _others(stage, found)
    _loose(stage, found)
    _not_ours(stage, found)
    _sell_out(stage.cloud, *PLANS[2].types)
    _moved_by(stage)
    return found


def _system(stage: Stage, found: Fleet) -> None:
    made = stage.pools["system"]
    lease = stage.cloud.now() + 60 * DAY
    for _ in range(3):
        stage.member(made, 150 * DAY, by="ACK", charge_type="PrePaid", expires=lease)
    found.attached_auto = stage.member(
        made, 41 * DAY, creation="Attached", by="ACK", charge_type="PrePaid", expires=stage.cloud.now() + 5 * DAY
    )
    found.pools["system"] = made.nodes


def _web(stage: Stage, found: Fleet) -> None:
    """At its maximum of ten: three expanded by people, the others by the autoscaler."""
    made = stage.pools["web"]
    for index in range(10):
        by = "ACK" if index < 3 else "CA"
        stage.member(made, 30 * DAY - index * 2.6 * DAY, by=by)
    found.pools["web"] = made.nodes


def _others(stage: Stage, found: Fleet) -> None:
    ages = {"memory": (12, 9), "gpu": (25, 3), "spot": (1.4, 1.1, 0.6, 0.2), "batch": (60, 22, 4)}
    for name, days in ages.items():
        made = stage.pools[name]
        for age in days:
            stage.member(made, age * DAY, by="ACK" if name == "batch" else "CA")
        found.pools[name] = made.nodes
    ids = {machine.ip: machine.id for machine in stage.cloud.instances}
    reclaimed = found.pools["spot"][3].partition(".")[2]
    stage.cloud.instances.change(ids[reclaimed], locks=("Recycling",))


_SPARE = (
    ("ecs.g7.2xlarge", "PrePaid", "Running"),
    ("ecs.g7.xlarge", "PostPaid", "Stopped"),
    ("ecs.r7.xlarge", "PostPaid", "Running"),
)


def _loose(stage: Stage, found: Fleet) -> None:
    """Machines attached by hand, by the console's script; and free ones that could be attached."""
    for index, kind in enumerate(("ecs.g7.2xlarge", "ecs.c7.4xlarge")):
        machine = stage.loose(f"manual-{index + 1}", kind, (90 - 30 * index) * DAY, "hi"[index])
        labels = {"ack.aliyun.com": stage.cluster_id, "pool": "manual"}
        found.attached_manual.append(stage.node(machine, None, (80 - 30 * index) * DAY, labels))
    for index, (kind, charge, status) in enumerate(_SPARE):
        lease = {"expires": stage.cloud.now() + 100 * DAY} if charge == "PrePaid" else {}
        stage.loose(f"spare-{index + 1}", kind, 10 * DAY, "h", charge_type=charge, status=status, **lease)
    stage.loose("db-master", "ecs.r7.2xlarge", 300 * DAY, deletion_protection=True, assistant=False)


def _not_ours(stage: Stage, found: Fleet) -> None:
    """A machine of a data centre, a node whose provider id says nothing, and the virtual node."""
    found.external, found.unknown = "idc-rack4-u12", "worker-unknown-7"
    marked = {"alibabacloud.com/external": "true", "pool": "idc"}
    _foreign(stage, found.external, "10.88.4.12", marked, "idc://rack4/u12")
    _foreign(stage, found.unknown, "10.88.9.7", {"pool": "unknown"}, "")
    stage.machines.external = (found.external,)
    virtual(stage, found.virtual, "cn-hangzhou-h", 180 * DAY)


def _foreign(stage: Stage, name: str, ip: str, labels: dict[str, str], provider: str) -> None:
    machine = Instance(id="i-none", name=name, type="ecs.g7.2xlarge", zone="", vswitch_id="", vpc_id="", ip=ip)
    found = nodes.node(stage.cloud, machine, None, labels=labels, ready_since=stage.cloud.now() - 70 * DAY)
    kept = {
        key: value
        for key, value in found["metadata"]["labels"].items()
        if key.startswith(("kubernetes.io/", "alibabacloud.com/external", "pool"))
    }
    kept["kubernetes.io/hostname"] = name
    meta = {**found["metadata"], "name": name, "labels": kept}
    spec = {"providerID": provider} if provider else {}
    stage.registry.load("Node", [{**found, "metadata": meta, "spec": spec}])


def virtual(stage: Stage, name: str, zone: str, age: float) -> None:
    """A virtual node: no machine, room for thousands of pods, tainted for all who don't ask for it."""
    labels = {
        "type": "virtual-kubelet",
        "kubernetes.io/role": "agent",
        "node-role.kubernetes.io/agent": "",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "alpha.service-controller.kubernetes.io/exclude-balancer": "true",
        "topology.kubernetes.io/region": stage.cloud.region,
        "topology.kubernetes.io/zone": zone,
    }
    room = {
        "cpu": "10M",
        "memory": "40000Ti",
        "pods": "10000",
        "ephemeral-storage": "40000Ti",
        "nvidia.com/gpu": "100k",
    }
    taint = {"key": "virtual-kubelet.io/provider", "value": "alibabacloud", "effect": "NoSchedule"}
    status: Obj = {
        "capacity": room,
        "allocatable": room,
        "conditions": nodes.conditions(stage.ago(age), ready=True),
        "addresses": [{"type": "InternalIP", "address": "10.0.0.250"}, {"type": "Hostname", "address": name}],
        "nodeInfo": {"kubeletVersion": "v2.12.0-virtual-kubelet", "operatingSystem": "linux", "architecture": "amd64"},
    }
    meta = {"name": name, "labels": labels, "annotations": {}, "creationTimestamp": stage.ago(age)}
    stage.registry.load("Node", [{"metadata": meta, "spec": {"taints": [taint]}, "status": status}])


def _sell_out(cloud: Cloud, *kinds: str) -> None:
    for kind in kinds:
        if kind in TYPES:
            cloud.stock.update({(kind, f"cn-hangzhou-{letter}"): 0 for letter in "hij"})


def _moved_by(stage: Stage) -> None:
    """Other things that move groups: a nightly schedule and an alarm on the batch group, a hook on the web pool."""
    cloud, batch, web = stage.cloud, stage.pools["batch"].group_id, stage.pools["web"].group_id
    rules = [
        Rule("asr-bp1busy", batch, "one more when busy", adjustment=1, cooldown=300),
        Rule("asr-bp1night", batch, "night shift", adjustment_type="TotalCapacity", adjustment=4),
    ]
    for rule in rules:
        cloud.rules.add(rule.id, rule)
    cloud.alarms.add("asg-alarm-1", Alarm("asg-alarm-1", "batch-cpu-high", batch, rules[0].ari, threshold=75.0))
    night = cloud.now() - cloud.now() % DAY + DAY + 17 * HOUR
    daily = ("Daily", "1", cloud.now() + 300 * DAY)
    task = ScheduledTask("sst-bp1night", "night-shift", "", rules[1].ari, night, daily, description="reports")
    schedule(cloud, task)
    hook = Hook("ash-bp1drain", web, "ACS-ESS-LifeCycleBulkyDeleteClusterNodes", "SCALE_IN", timeout=20)
    cloud.hooks.add(hook.id, hook)
    cloud.hooks.add("ash-bp1off", Hook("ash-bp1off", batch, "notify-cmdb", "SCALE_OUT", timeout=30, status="Inactive"))
