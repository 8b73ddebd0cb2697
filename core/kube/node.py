"""A node, trimmed to what capacity needs, and its decode. How it came to be is in origin; what is booked on it is
counted in the cluster's store."""

import re

import msgspec

from core.kube import timestamps
from core.kube.interning import Shared
from core.kube.pod_requests import Quantities, amounts
from core.kube.taints import Taint
from core.kube.wire import Codec, Condition, Meta, all_annotations, labels

_PROVIDER_ID = re.compile(r"(?:alicloud://)?([a-z0-9-]+)[./](i-[a-z0-9]+)\Z")

POOL_LABELS = ("alibabacloud.com/nodepool-id", "node.alibabacloud.com/nodepool-id")
TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
REGION_LABELS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
CHARGE_LABELS = ("node.alibabacloud.com/instance-charge-type",)
GPU_LABEL = "aliyun.accelerator/nvidia_name"


class NodeCondition(msgspec.Struct, frozen=True):
    """`status` is `True`, `False` or `Unknown`; `since` the last transition in seconds since the epoch."""

    type: str
    status: str
    reason: str
    message: str
    since: int | None


class Node(msgspec.Struct, frozen=True, eq=False):
    """One node. Amounts are integers: CPU in millicores, the rest in base units."""

    name: str
    uid: str
    labels: Shared
    annotations: dict[str, str]
    created: int | None
    deletion: int | None
    provider_id: str
    unschedulable: bool
    taints: tuple[Taint, ...]
    allocatable: dict[str, int]
    capacity: dict[str, int]
    conditions: tuple[NodeCondition, ...]
    addresses: tuple[tuple[str, str], ...]
    kubelet_version: str
    os_image: str
    kernel_version: str
    container_runtime: str
    architecture: str

    @property
    def key(self) -> str:
        return self.name

    def label(self, *keys: str) -> str:
        """The value of the first of these labels that is set, or an empty text."""
        return next((self.labels[key] for key in keys if self.labels.get(key)), "")

    @property
    def pool(self) -> str:
        return self.label(*POOL_LABELS)

    @property
    def instance_type(self) -> str:
        return self.label(*TYPE_LABELS)

    @property
    def zone(self) -> str:
        return self.label(*ZONE_LABELS)

    @property
    def region(self) -> str:
        return self.label(*REGION_LABELS) or (match[1] if (match := _PROVIDER_ID.match(self.provider_id)) else "")

    @property
    def charge_type(self) -> str:
        return self.label(*CHARGE_LABELS)

    @property
    def instance_id(self) -> str:
        """The ECS instance (`i-…`), from the provider ID or, failing that, from a label; empty when unknown."""
        match = _PROVIDER_ID.match(self.provider_id)
        return match[2] if match else self.label("alibabacloud.com/ecs-instance-id", "alibabacloud.com/instance-id")

    @property
    def virtual(self) -> bool:
        """A virtual node (ECI, ACS): no machine, so it never enters capacity sums."""
        return self.labels.get("type") == "virtual-kubelet"

    def condition(self, kind: str) -> NodeCondition | None:
        return next((condition for condition in self.conditions if condition.type == kind), None)

    @property
    def ready(self) -> bool | None:
        """The Ready condition; None when there is none."""
        condition = self.condition("Ready")
        return None if condition is None else condition.status == "True"


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    provider_id: str | None = msgspec.field(default=None, name="providerID")
    unschedulable: bool | None = None
    taints: tuple[Taint, ...] | None = None


class _Info(msgspec.Struct, gc=False, rename="camel"):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""


class _Address(msgspec.Struct, gc=False):
    type: str = ""
    address: str = ""


class _Status(msgspec.Struct, gc=False, rename="camel"):
    capacity: Quantities | None = None
    allocatable: Quantities | None = None
    conditions: list[Condition] | None = None
    addresses: list[_Address] | None = None
    node_info: _Info | None = None


class WireNode(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _Spec | None = None
    status: _Status | None = None


def build(wire: WireNode) -> Node:
    """The trimmed node. Allocatable defaults to capacity, as the kubelet has it."""
    meta, spec, status = wire.metadata, wire.spec or _Spec(), wire.status or _Status()
    info = status.node_info or _Info()
    capacity = amounts(status.capacity)
    return Node(
        name=meta.name,
        uid=meta.uid or "",
        labels=labels(meta.labels),
        annotations=all_annotations(meta.annotations),
        created=timestamps.seconds(meta.creation_timestamp),
        deletion=timestamps.seconds(meta.deletion_timestamp),
        provider_id=spec.provider_id or "",
        unschedulable=bool(spec.unschedulable),
        taints=spec.taints or (),
        allocatable=amounts(status.allocatable) if status.allocatable is not None else capacity,
        capacity=capacity,
        conditions=tuple(_condition(condition) for condition in status.conditions or ()),
        addresses=tuple((address.type, address.address) for address in status.addresses or ()),
        kubelet_version=info.kubelet_version,
        os_image=info.os_image,
        kernel_version=info.kernel_version,
        container_runtime=info.container_runtime_version,
        architecture=info.architecture,
    )


def unread(name: str) -> Node:
    """A node that may not be read: known only by the pods that are bound to it."""
    return build(WireNode(Meta(name=name)))


def _condition(wire: Condition) -> NodeCondition:
    since = timestamps.seconds(wire.last_transition_time)
    return NodeCondition(wire.type, wire.status, wire.reason or "", wire.message or "", since)


codec: Codec[Node] = Codec("Node", WireNode, build)
