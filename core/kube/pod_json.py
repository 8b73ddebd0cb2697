"""The parts of a pod's JSON that are read, as msgspec sees them. Parts that all pods of a template share stay raw: they
are compared as text first (template_wire). What is made of them is in pod_wire."""

import msgspec

from core.kube.pod_annotations import Annotations
from core.kube.wire import NOTHING


class PodMeta(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    labels: msgspec.Raw = NOTHING
    annotations: Annotations | None = None  # type: ignore[valid-type]
    owner_references: msgspec.Raw = NOTHING
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace or 'default'}/{self.name}"


class Container(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    name: str = ""
    resources: msgspec.Raw = NOTHING
    ports: msgspec.Raw = NOTHING
    restart_policy: str | None = None


class Port(msgspec.Struct, gc=False, rename="camel"):
    container_port: int = 0
    host_port: int | None = None
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    protocol: str | None = None


class Claim(msgspec.Struct, gc=False, rename="camel"):
    claim_name: str = ""


class EmptyDir(msgspec.Struct, gc=False):
    medium: str | None = ""


class InTreeDisk(msgspec.Struct, gc=False):
    """The in-tree disks that the scheduler keeps apart; their field names don't collide."""

    pd_name: str = msgspec.field(default="", name="pdName")
    volume_id: str = msgspec.field(default="", name="volumeID")
    iqn: str = ""
    image: str = ""
    pool: str | None = None
    monitors: tuple[str, ...] | None = None
    read_only: bool | None = msgspec.field(default=None, name="readOnly")

    @property
    def handle(self) -> tuple[str, ...]:
        """What makes two of them the same disk."""
        return (self.pd_name, self.volume_id, self.iqn, self.image, self.pool or "", *(self.monitors or ()))


class HostPath(msgspec.Struct, gc=False):
    path: str | None = None


class Ephemeral(msgspec.Struct, gc=False):
    """Only that there is one counts."""


class PodVolume(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    name: str = ""
    persistent_volume_claim: Claim | None = None
    ephemeral: Ephemeral | None = None
    empty_dir: EmptyDir | None = None
    host_path: HostPath | None = None
    gce_persistent_disk: InTreeDisk | None = None
    aws_elastic_block_store: InTreeDisk | None = None
    iscsi: InTreeDisk | None = None
    rbd: InTreeDisk | None = None


class PodSpec(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    node_name: str | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_selector: msgspec.Raw = NOTHING
    affinity: msgspec.Raw = NOTHING
    tolerations: msgspec.Raw = NOTHING
    topology_spread_constraints: msgspec.Raw = NOTHING
    volumes: list[PodVolume] | None = None
    overhead: msgspec.Raw = NOTHING
    resources: msgspec.Raw = NOTHING
    scheduling_gates: msgspec.Raw = NOTHING
    resource_claims: msgspec.Raw = NOTHING
    priority: int | None = None
    priority_class_name: str | None = None
    preemption_policy: str | None = None
    scheduler_name: str | None = None
    host_network: bool | None = None


class Reason(msgspec.Struct, gc=False):
    reason: str | None = None


class ContainerState(msgspec.Struct, gc=False):
    waiting: Reason | None = None


class ContainerStatus(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    name: str = ""
    allocated_resources: msgspec.Raw = NOTHING
    resources: msgspec.Raw = NOTHING
    restart_count: int = 0
    state: ContainerState | None = None


class PodCondition(msgspec.Struct, gc=False, rename="camel"):
    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class PodStatus(msgspec.Struct, gc=False, rename="camel"):
    phase: str | None = None
    reason: str | None = None
    nominated_node_name: str | None = None
    resize: str | None = None
    allocated_resources: msgspec.Raw = NOTHING
    conditions: msgspec.Raw = NOTHING
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


class WirePod(msgspec.Struct, gc=False):
    metadata: PodMeta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus | None = None
