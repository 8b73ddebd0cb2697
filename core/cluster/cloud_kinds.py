"""The kinds of the cloud in the store: what feeds bring from ESS, ECS and the ACK API, and what is put together from
that. They come decoded, so their codecs serve nobody."""

from core.kube import generic
from core.kube.kinds import Kind


def _kind(name: str, product: str) -> Kind:
    return Kind(name, product, "v1", name.lower(), False, generic.codec(name), watched=False, served=False)


SCALING_GROUP = _kind("ScalingGroup", "ess")
CONFIGURATION = _kind("ScalingConfiguration", "ess")
MEMBER = _kind("ScalingInstance", "ess")
ACTIVITY = _kind("ScalingActivity", "ess")
RULE = _kind("ScalingRule", "ess")
SCHEDULED_TASK = _kind("ScheduledTask", "ess")
ALARM = _kind("Alarm", "ess")
HOOK = _kind("LifecycleHook", "ess")
INSTANCE = _kind("Instance", "ecs")
INSTANCE_TYPE = _kind("InstanceType", "ecs")
USER_DATA = _kind("UserDataOf", "ecs")
NODE_POOL = _kind("NodePool", "ack")
CLUSTER_NODE = _kind("ClusterNode", "ack")

READ: tuple[Kind, ...] = (
    SCALING_GROUP, CONFIGURATION, MEMBER, ACTIVITY, RULE, SCHEDULED_TASK, ALARM, HOOK,
    INSTANCE, INSTANCE_TYPE, USER_DATA, NODE_POOL, CLUSTER_NODE,
)  # fmt: skip
"""What is read from the cloud."""

GROUP = _kind("Group", "vacancy")
"""core.cluster.group.Group: put together from all of these and the nodes."""
