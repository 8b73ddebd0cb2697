"""The second flavour: a kubeadm cluster in a data centre, registered with ACK One, that bursts into ECS."""

from sim.cloud.state import Cloud, Cluster, Instance
from sim.kube.registry import Registry
from sim.scenario import base
from sim.scenario.machines import VPC, network
from sim.scenario.planted import Planted
from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, PoolPlan, Stage
from sim.scenario.workloads import MINUTE, Workloads
from sim.world import nodes
from sim.world.machines import Machines

CLUSTER = "c9d0e1f2a3b44c5d6e7f8091a2b3c4d5"
VERSION = "v1.31.4"
AGENT_CONFIG = "ack-agent-config"
BURST = PoolPlan("cloud-burst", ("ecs.g7.xlarge", "ecs.c7.xlarge"), 0, 10, desired=2, labels={"pool": "cloud-burst"})
SCRIPTS = {"attach-node.sh": (), "attach-node-old.sh": ("ALIBABA_CLOUD_PROVIDER_ID", "ALIBABA_CLOUD_TAINTS")}
"""The scripts that the cluster's owner serves, and the variables that each forgets."""


def build(cloud: Cloud, registry: Registry, guests: Machines) -> Planted:
    """Fill an empty cloud and an empty registry."""
    network(cloud)
    switches = tuple(switch.id for switch in cloud.vswitches)
    cluster = Cluster(
        CLUSTER,
        "idc-prod",
        cloud.region,
        "ExternalKubernetes",
        VERSION[1:],
        VPC,
        switches,
        "sg-bp1idc",
        cloud.now() - 90 * DAY,
    )
    cloud.clusters.add(cluster.id, cluster)
    guests.version = VERSION
    stage = Stage(cloud, registry, guests, cluster.id)
    works = Workloads(stage)
    base.lay(stage)
    racks = _racks(stage)
    made = stage.pool(BURST)
    burst = [stage.member(made, age * DAY, by="ACK") for age in (3, 1.5)]
    stage.loose("spare-1", "ecs.g7.xlarge", 4 * DAY)
    base.system(stage, works, [*racks, *burst], racks, autoscaled=False)
    _workloads(works, racks, burst)
    meta = {"annotations": {"ack.aliyun.com/registered-cluster": cluster.id}}
    stage.make("ConfigMap", AGENT_CONFIG, "kube-system", 80 * DAY, meta=meta, data={"addNodeScriptPath": ""})
    return Planted(origins={"external": racks, "expanded": burst}, scripts=dict(SCRIPTS))


def _racks(stage: Stage) -> list[str]:
    """The data centre's own machines: no provider id of this cloud, and nothing in the account."""
    names = [f"rack{index // 3 + 1}-u{10 + index % 3}" for index in range(6)]
    for index, name in enumerate(names):
        machine = Instance("i-none", name, "ecs.g7.4xlarge", "", "", "", f"192.168.10.{10 + index}")
        found = nodes.node(stage.cloud, machine, None, ready_since=stage.cloud.now() - 300 * DAY, version=VERSION)
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "pool": "system",
        }
        meta = {**found["metadata"], "name": name, "labels": labels}
        stage.registry.load("Node", [{**found, "metadata": meta, "spec": {}}])
    stage.machines.external = tuple(names)
    return names


def _workloads(works: Workloads, racks: list[str], burst: list[str]) -> None:
    for index, name in enumerate(("erp", "crm", "billing", "intranet")):
        on = [racks[(index + turn) % len(racks)] for turn in range(4)]
        works.deployment("default", name, Shape("2500m", "8Gi", labels={"team": name}), on, age=120 * DAY)
    works.deployment("shop", "web", Shape("900m", "2Gi", labels={"team": "web"}), burst * 2, age=10 * DAY)
    peak = Shape("3", "4Gi", selector={"pool": "cloud-burst"}, labels={"team": "web"})
    works.deployment("shop", "campaign", peak, [""] * 3, age=12 * MINUTE)
