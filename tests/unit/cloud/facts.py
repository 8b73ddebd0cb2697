"""The cloud's records for tests, as the clients decode them, in a snapshot with nodes from the API's form."""

import base64
from typing import Any

import msgspec

from core.cluster.cloud import (
    ClusterNode,
    Instance,
    InstanceType,
    NodePool,
    ScalingActivity,
    ScalingConfiguration,
    ScalingGroup,
    ScalingInstance,
    UserDataOf,
)
from core.cluster.snapshot import Snapshot
from core.cluster.user_data import UserData, classify
from core.kube import node
from core.kube.generic import codec
from core.kube.node import Node
from tests.unit import build

CLUSTER, POOL, GROUP = "c-1", "np-1", "asg-1"
REGION = "cn-hangzhou"
JOIN = "curl http://oss/run/attach/1.32.1-aliyun.1/attach_node.sh | bash -s -- --openapi-token abcdef.0123456789abcdef"


def member_node(instance: str, pool: str = POOL, labels: dict[str, str] | None = None, **more: Any) -> Node:
    """A Ready node of the cluster, behind it a machine."""
    own = {
        "ack.aliyun.com": CLUSTER,
        "alibabacloud.com/nodepool-id": pool,
        "node.kubernetes.io/instance-type": "ecs.g7.xlarge",
        "topology.kubernetes.io/zone": f"{REGION}-h",
    }
    wire = build.node(f"{REGION}.{instance}", labels={**own, **(labels or {})}, **more)
    wire["spec"]["providerID"] = f"{REGION}.{instance}"
    return node.codec.item(msgspec.json.encode(wire))


def group(name: str = GROUP, **more: Any) -> ScalingGroup:
    sizes = {"min_size": 0, "max_size": 10, "total": 2, "active": 2, "state": "Active"}
    return ScalingGroup(id=name, **{**sizes, "configuration_id": f"asc-{name}", **more})


def configuration(name: str = GROUP, script: str = JOIN, **more: Any) -> ScalingConfiguration:
    types = more.pop("instance_types", ("ecs.g7.xlarge",))
    data = user_data(script)
    return ScalingConfiguration(id=f"asc-{name}", group_id=name, instance_types=types, user_data=data, **more)


def user_data(script: str) -> UserData:
    return classify(base64.b64encode(script.encode()).decode())


def member(instance: str, creation: str = "AutoCreated", name: str = GROUP, **more: Any) -> ScalingInstance:
    return ScalingInstance(instance_id=instance, group_id=name, creation=creation, state="InService", **more)


def pool(name: str = POOL, group_id: str = GROUP, **more: Any) -> NodePool:
    return NodePool(id=name, name=f"pool {name}", group_id=group_id, cluster_id=CLUSTER, **more)


def meta(*groups: str) -> Any:
    """The ConfigMap in which ACK's autoscaler keeps its groups."""
    content = {
        "autoscaler-meta": msgspec.json.encode({"scaling_configurations": {name: {} for name in groups}}).decode()
    }
    wire = {"metadata": {"name": "autoscaler-meta", "namespace": "kube-system"}, "data": content}
    return codec("ConfigMap").item(msgspec.json.encode(wire))


_KINDS: dict[type, str] = {
    Node: "Node",
    **{
        kind: kind.__name__
        for kind in (
            ClusterNode,
            Instance,
            InstanceType,
            NodePool,
            ScalingActivity,
            ScalingConfiguration,
            ScalingGroup,
            ScalingInstance,
            UserDataOf,
        )
    },
}


def snapshot(*objects: Any, unavailable: tuple[str, ...] = ()) -> Snapshot:
    """Everything in its table."""
    tables: dict[str, dict[str, Any]] = {}
    for one in objects:
        tables.setdefault(_KINDS.get(type(one)) or one.kind, {})[one.key] = one
    return Snapshot(1, float(build.NOW), tables, dict.fromkeys(unavailable, "not read"))
