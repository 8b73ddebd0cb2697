"""A large cluster by size alone: many pools of one machine type, and applications spread over them, loaded fast."""

from typing import Any

from sim.cloud.state import Activity, Cloud, Instance, Member, VSwitch
from sim.controllers.base import controller_reference
from sim.controllers.deployment import HASH, REVISION, template_hash
from sim.kube.registry import Registry
from sim.scenario import base
from sim.scenario.machines import VPC, cluster
from sim.scenario.planted import Planted
from sim.scenario.shapes import Shape, running
from sim.scenario.stage import DAY, Obj, PoolPlan, Stage
from sim.world import nodes
from sim.world.machines import Machines

POOL_SIZE, APPLICATION = 20, 60
"""Nodes of a pool, and pods of an application."""
KIND = "ecs.g7.4xlarge"
_CPU = ("100m", "200m", "250m", "400m", "500m")
_MEMORY = ("256Mi", "512Mi", "1Gi", "2Gi")
_PENDING = 0.002
"""Share of pods that ask for more than any node has left."""


def build(cloud: Cloud, registry: Registry, guests: Machines, size: tuple[int, int]) -> Planted:
    """Fill an empty cloud and an empty registry with so many nodes and pods."""
    _network(cloud)
    stage = Stage(cloud, registry, guests, cluster(cloud).id)
    base.lay(stage)
    names = _fleet(stage, size[0])
    _applications(stage, names, size[1])
    return Planted(origins={"autoscaled": names})


def _network(cloud: Cloud) -> None:
    for index, letter in enumerate("hij"):
        switch = VSwitch(f"vsw-bp1{letter}shop", VPC, f"cn-hangzhou-{letter}", f"10.{index}.0.0/16", f"k8s-{letter}")
        cloud.vswitches.add(switch.id, switch)


def _fleet(stage: Stage, count: int) -> list[str]:
    """Machines, members and nodes, twenty to a pool."""
    names: list[str] = []
    since = stage.cloud.now() - 20 * DAY
    found: list[Obj] = []
    for first in range(0, count, POOL_SIZE):
        wide = min(POOL_SIZE, count - first)
        name = f"pool-{first // POOL_SIZE:03}"
        made = stage.pool(PoolPlan(name, (KIND,), 0, wide + 10, autoscaling=True, labels={"pool": name}))
        activity = _activity(stage, made.group_id, since, wide)
        for index in range(first, first + wide):
            machine = _machine(stage, index, made.group_id, since)
            member = Member(machine.id, made.group_id, "InService", activity_id=activity.id, joined=since)
            stage.cloud.members.add(machine.id, member)
            node = nodes.node(stage.cloud, machine, stage.cloud.pools[made.pool_id], ready_since=since)
            found.append(node)
            names.append(node["metadata"]["name"])
            stage.machines.adopt(machine.id, names[-1], made.pool_id)
    stage.registry.load("Node", found)
    return names


def _activity(stage: Stage, group_id: str, since: float, count: int) -> Activity:
    text = f'Add "{count}" ECS instance'
    activity = Activity(
        stage.cloud.ids.resource("asa", 13), group_id, "created", text, since, "Successful", progress=100
    )
    return stage.cloud.activities.add(activity.id, activity)


def _machine(stage: Stage, index: int, group_id: str, since: float) -> Instance:
    letter, offset = "hij"[index % 3], index // 3 + 2
    machine = Instance(
        id=stage.cloud.ids.resource("i"),
        name=f"worker-{index}",
        type=KIND,
        zone=f"cn-hangzhou-{letter}",
        vswitch_id=f"vsw-bp1{letter}shop",
        vpc_id=VPC,
        ip=f"10.{index % 3}.{offset // 250}.{offset % 250 + 2}",
        status="Running",
        created=since,
        started=since,
        tags=(("ack.aliyun.com", stage.cluster_id), ("acs:autoscaling:scalingGroupId", group_id)),
        first_boot=False,
    )
    return stage.cloud.instances.add(machine.id, machine)


def _applications(stage: Stage, names: list[str], count: int) -> None:
    """Deployments of sixty pods each, dealt out over the nodes in turn; a few pods wait."""
    turn = 0
    for first in range(0, count, APPLICATION):
        wide = min(APPLICATION, count - first)
        shape = Shape(stage.random.choice(_CPU), stage.random.choice(_MEMORY), labels={"team": f"team-{first % 17}"})
        owner = _replica_set(stage, f"app-{first // APPLICATION:05}", shape, wide)
        on = [names[(turn + index) % len(names)] for index in range(wide)]
        turn += wide
        stage.registry.load("Pod", _pods(stage, owner, on))
    waiting = max(1, int(count * _PENDING))
    owner = _replica_set(stage, "oversized", Shape("15500m", "4Gi"), waiting)
    stage.registry.load("Pod", _pods(stage, owner, [""] * waiting))


def _replica_set(stage: Stage, name: str, shape: Shape, count: int) -> Obj:
    """A Deployment of the shop and its ReplicaSet, both complete."""
    spec = {"replicas": count, "selector": {"matchLabels": {"app": name}}, "template": shape.template(name)}
    deployment = stage.make("Deployment", name, "shop", 9 * DAY, meta={"annotations": {REVISION: "1"}}, spec=spec)
    template = deployment["spec"]["template"]
    hashed = template_hash(template)
    labels = {**template["metadata"]["labels"], HASH: hashed}
    own = {"labels": labels, "annotations": {REVISION: "1"}, "ownerReferences": [controller_reference(deployment)]}
    body = {
        "replicas": count,
        "selector": {"matchLabels": {"app": name, HASH: hashed}},
        "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
    }
    return stage.make("ReplicaSet", f"{name}-{hashed}", "shop", 9 * DAY, meta=own, spec=body)


def _pods(stage: Stage, owner: Obj, on: list[str]) -> list[Obj]:
    """Pods that share all that is equal among them, to keep a hundred thousand of them small."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    reference, since = [controller_reference(owner)], stage.ago(8 * DAY)
    shared: Obj = {"namespace": "shop", "labels": template["metadata"]["labels"], "ownerReferences": reference}
    whole = running({"spec": template["spec"]}, "", "10.0.0.1", "10.64.0.1", since)
    found = []
    for node in on:
        name = f"{meta['name']}-{stage.registry.suffix()}{stage.registry.suffix(2)}"
        pod: dict[str, Any] = {"metadata": {**shared, "name": name, "creationTimestamp": since}}
        if node:
            pod |= {"spec": {**template["spec"], "nodeName": node}, "status": whole["status"]}
        else:
            pod |= {"spec": template["spec"], "status": {"phase": "Pending"}}
        found.append(pod)
    return found
