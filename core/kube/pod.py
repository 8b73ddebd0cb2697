"""A pod, trimmed to what capacity needs. Everything that many pods have in common is shared (see interning). The decode
from the API's JSON is in pod_wire; how requests add up is in pod_requests."""

import msgspec

from core.kube.affinity import NodeAffinity, PodAffinityTerm, SpreadConstraint
from core.kube.interning import EMPTY, Shared
from core.kube.namespaced import Namespaced
from core.kube.owner import Owner
from core.kube.pod_requests import PodResources
from core.kube.taints import Toleration

PIN = "*"
"""Stands in a shape's `metadata.name` requirement for the node that a DaemonSet pod is meant for: see `Pod.pin`."""

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
TERMINAL_PHASES = ("Succeeded", "Failed")


class HostPort(msgspec.Struct, frozen=True):
    """A port taken on the node. `ip` is `0.0.0.0` for all addresses."""

    ip: str
    protocol: str
    port: int


class Volume(msgspec.Struct, frozen=True):
    """A volume that matters: `kind` is `emptyDir`, `hostPath`, or an in-tree disk's field name.

    `medium` is emptyDir's; `handle` names an in-tree disk, for the conflicts that the scheduler knows."""

    name: str
    kind: str
    medium: str = ""
    handle: tuple[str, ...] = ()
    read_only: bool = False


class Container(msgspec.Struct, frozen=True):
    """One container's own booking, for audits: requests and limits in integers."""

    name: str
    requests: dict[str, int]
    limits: dict[str, int]
    init: bool = False


class Shape(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """The part of a pod's specification that scheduling reads: one for all pods of a template, compared by identity."""

    requests: dict[str, int]
    limits: dict[str, int]
    containers: tuple[Container, ...]
    resources: PodResources
    node_selector: dict[str, str] | None
    node_affinity: NodeAffinity | None
    pod_affinity: tuple[PodAffinityTerm, ...]
    pod_anti_affinity: tuple[PodAffinityTerm, ...]
    tolerations: tuple[Toleration, ...]
    spread: tuple[SpreadConstraint, ...]
    host_ports: tuple[HostPort, ...]
    volumes: tuple[Volume, ...]
    priority: int | None
    priority_class: str
    preemption_policy: str
    scheduler_name: str
    scheduling_gates: tuple[str, ...]
    resource_claims: bool
    """Dynamic resource allocation is asked for: no rule here evaluates it."""
    host_network: bool


class Template(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """All that the pods of one template and one controller have in common. Compared by identity."""

    shape: Shape
    labels: Shared
    owner: Owner | None


class State(msgspec.Struct, frozen=True, eq=False):
    """How a pod is doing: the few combinations that most pods are in."""

    phase: str
    status: str
    ready: bool
    restarts: int
    has_scheduled_condition: bool


class Unscheduled(msgspec.Struct, frozen=True):
    """The `PodScheduled` condition where it is not True."""

    reason: str
    message: str
    since: int | None


class Rare(msgspec.Struct, frozen=True, eq=False):
    """What few pods have."""

    annotations: Shared = EMPTY
    deletion: int | None = None
    grace: int | None = None
    unscheduled: Unscheduled | None = None
    nominated: str | None = None
    claims: tuple[str, ...] = ()


NOTHING_RARE = Rare()


class Pod(Namespaced, msgspec.Struct, frozen=True, eq=False, gc=False):
    """One pod. Times are seconds since the epoch. `node` is None until the pod is bound."""

    key: str
    """`namespace/name`."""
    uid: str
    node: str | None
    template: Template
    state: State
    created: int | None
    pin: str | None = None
    """The one node that a DaemonSet pod is meant for."""
    rare: Rare = NOTHING_RARE

    @property
    def shape(self) -> Shape:
        return self.template.shape

    @property
    def labels(self) -> Shared:
        return self.template.labels

    @property
    def owner(self) -> Owner | None:
        """The controller."""
        return self.template.owner

    @property
    def annotations(self) -> Shared:
        """Only those that decisions read (see pod_annotations)."""
        return self.rare.annotations

    @property
    def phase(self) -> str:
        return self.state.phase

    @property
    def status(self) -> str:
        """What kubectl prints as STATUS, where it says more than the phase: `CrashLoopBackOff`, `Completed` …"""
        return self.state.status

    @property
    def ready(self) -> bool:
        return self.state.ready

    @property
    def restarts(self) -> int:
        return self.state.restarts

    @property
    def has_scheduled_condition(self) -> bool:
        return self.state.has_scheduled_condition

    @property
    def unscheduled(self) -> Unscheduled | None:
        """None when there is no such condition: see `has_scheduled_condition`."""
        return self.rare.unscheduled

    @property
    def deletion(self) -> int | None:
        """`deletionTimestamp`: when the grace period ends."""
        return self.rare.deletion

    @property
    def grace(self) -> int | None:
        """The grace period in seconds."""
        return self.rare.grace

    @property
    def nominated(self) -> str | None:
        return self.rare.nominated

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the PersistentVolumeClaims that it mounts, those of generic ephemeral volumes included."""
        return self.rare.claims

    @property
    def terminated(self) -> bool:
        """Finished: it books nothing any more."""
        return self.state.phase in TERMINAL_PHASES

    @property
    def mirror(self) -> bool:
        """A static pod, shown by its kubelet."""
        return MIRROR_ANNOTATION in self.rare.annotations

    @property
    def of_daemonset(self) -> bool:
        owner = self.template.owner
        return owner is not None and owner.kind == "DaemonSet"
