"""Pods from the API's JSON. A pod's parts are looked up by their own text and parsed only when that text is new, which
is what makes 150,000 pods cheap. What the parts mean is in pod and pod_requests."""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from core.kube import owner, timestamps
from core.kube.affinity import Affinity, SpreadConstraint
from core.kube.interning import Interner
from core.kube.pod import PIN, Container, HostPort, Pod, Shape, Unscheduled, Volume
from core.kube.pod_requests import (
    ContainerResources,
    PodResources,
    Quantities,
    ResourceTexts,
    amounts,
    pod_limits,
    pod_requests,
)
from core.kube.taints import Toleration
from core.kube.wire import NOTHING, Codec, Condition, Meta, annotations, labels


class _Container(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    resources: msgspec.Raw = NOTHING
    ports: msgspec.Raw = NOTHING
    restart_policy: str | None = None


class _Claim(msgspec.Struct, gc=False, rename="camel"):
    claim_name: str = ""


class _EmptyDir(msgspec.Struct, gc=False):
    medium: str | None = ""


class _InTree(msgspec.Struct, gc=False):
    """The in-tree disks that the scheduler keeps apart; their field names don't collide."""

    pd_name: str = msgspec.field(default="", name="pdName")
    volume_id: str = msgspec.field(default="", name="volumeID")
    iqn: str = ""
    image: str = ""
    pool: str | None = None
    monitors: list[str] | None = None
    read_only: bool | None = msgspec.field(default=None, name="readOnly")


class _Volume(msgspec.Struct, gc=False):
    name: str = ""
    claim: _Claim | None = msgspec.field(default=None, name="persistentVolumeClaim")
    ephemeral: msgspec.Raw = NOTHING
    empty_dir: _EmptyDir | None = msgspec.field(default=None, name="emptyDir")
    host_path: msgspec.Raw = msgspec.field(default=NOTHING, name="hostPath")
    gce: _InTree | None = msgspec.field(default=None, name="gcePersistentDisk")
    aws: _InTree | None = msgspec.field(default=None, name="awsElasticBlockStore")
    iscsi: _InTree | None = None
    rbd: _InTree | None = None


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    node_name: str | None = None
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None
    node_selector: msgspec.Raw = NOTHING
    affinity: msgspec.Raw = NOTHING
    tolerations: msgspec.Raw = NOTHING
    topology_spread_constraints: msgspec.Raw = NOTHING
    volumes: list[_Volume] | None = None
    overhead: msgspec.Raw = NOTHING
    resources: msgspec.Raw = NOTHING
    scheduling_gates: msgspec.Raw = NOTHING
    resource_claims: msgspec.Raw = NOTHING
    priority: int | None = None
    priority_class_name: str | None = None
    preemption_policy: str | None = None
    scheduler_name: str | None = None
    host_network: bool | None = None


class _Reason(msgspec.Struct, gc=False):
    reason: str | None = None


class _State(msgspec.Struct, gc=False):
    waiting: _Reason | None = None
    terminated: _Reason | None = None


class _ContainerStatus(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    allocated_resources: msgspec.Raw = NOTHING
    resources: msgspec.Raw = NOTHING
    restart_count: int = 0
    state: _State | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    phase: str | None = None
    reason: str | None = None
    nominated_node_name: str | None = None
    resize: str | None = None
    allocated_resources: msgspec.Raw = NOTHING
    conditions: list[Condition] | None = None
    container_statuses: list[_ContainerStatus] | None = None
    init_container_statuses: list[_ContainerStatus] | None = None


class WirePod(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status | None = None


class _Port(msgspec.Struct, gc=False, rename="camel"):
    container_port: int = 0
    host_port: int | None = None
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    protocol: str | None = None


class _Gate(msgspec.Struct, gc=False):
    name: str = ""


T = TypeVar("T")
_NO_STATUS = _Status()
_PINNED = re.compile(
    rb'("key"\s*:\s*"metadata\.name"\s*,\s*"operator"\s*:\s*"In"\s*,\s*"values"\s*:\s*\[\s*")([^"]*)("\s*\])'
)
_shapes: Interner[Shape] = Interner()
_words: dict[str, str] = {}


def build(wire: WirePod) -> Pod:
    """The trimmed pod. Raises InputError or msgspec.MsgspecError when a part is unreadable."""
    meta, spec, status = wire.metadata, wire.spec, wire.status or _NO_STATUS
    affinity, pin = _unpinned(bytes(spec.affinity))
    volumes, claims = _volumes(spec.volumes, meta.name) if spec.volumes else ((), ())
    conditions = {condition.type: condition for condition in status.conditions or ()}
    scheduled = conditions.get("PodScheduled")
    ready = conditions.get("Ready")
    phase = _word(status.phase or "Pending")
    return Pod(
        key=f"{meta.namespace or 'default'}/{meta.name}",
        uid=meta.uid or "",
        node=_word(spec.node_name) if spec.node_name else None,
        shape=_shape(spec, status, affinity, volumes, conditions),
        labels=labels(meta.labels),
        annotations=annotations(meta.annotations),
        owner=owner.from_raw(bytes(meta.owner_references)),
        phase=phase,
        status=_word(_status_word(status, phase, meta.deletion_timestamp)),
        created=timestamps.seconds(meta.creation_timestamp),
        deletion=timestamps.seconds(meta.deletion_timestamp),
        grace=meta.deletion_grace_period_seconds,
        unscheduled=_unscheduled(scheduled) if scheduled is not None and scheduled.status != "True" else None,
        has_scheduled_condition=scheduled is not None,
        nominated=_word(status.nominated_node_name) if status.nominated_node_name else None,
        pin=pin,
        claims=claims,
        ready=ready is not None and ready.status == "True",
        restarts=sum(container.restart_count for container in status.container_statuses or ()),
    )


codec: Codec[Pod] = Codec("Pod", WirePod, build)


def _word(text: str) -> str:
    """The one copy of a text that many pods repeat (node names, phases)."""
    if len(_words) > 200_000:
        _words.clear()
    return _words.setdefault(text, text)


def _unpinned(affinity: bytes) -> tuple[bytes, str | None]:
    """The affinity without the node that a DaemonSet pod is meant for, and that node."""
    if b"metadata.name" not in affinity:
        return affinity, None
    pins = {match[2] for match in _PINNED.finditer(affinity)}
    if len(pins) != 1 or affinity.count(b"metadata.name") != len(_PINNED.findall(affinity)):
        return affinity, None
    return _PINNED.sub(rb"\1" + PIN.encode() + rb"\3", affinity), _word(pins.pop().decode())


def _volumes(volumes: Sequence[_Volume], pod: str) -> tuple[tuple[Volume, ...], tuple[str, ...]]:
    kept, claims = [], []
    for volume in volumes:
        if volume.claim is not None:
            claims.append(volume.claim.claim_name)
        elif len(bytes(volume.ephemeral)) > 2:
            claims.append(f"{pod}-{volume.name}")
        elif (one := _kept_volume(volume)) is not None:
            kept.append(one)
    return tuple(kept), tuple(claims)


def _kept_volume(volume: _Volume) -> Volume | None:
    if volume.empty_dir is not None:
        return Volume(volume.name, "emptyDir", medium=volume.empty_dir.medium or "")
    if len(bytes(volume.host_path)) > 2:
        return Volume(volume.name, "hostPath")
    for kind in ("gce", "aws", "iscsi", "rbd"):
        if (disk := getattr(volume, kind)) is not None:
            return Volume(volume.name, kind, handle=_handle(disk), read_only=bool(disk.read_only))
    return None


def _handle(disk: _InTree) -> tuple[str, ...]:
    return (disk.pd_name, disk.volume_id, disk.iqn, disk.image, disk.pool or "", *(disk.monitors or ()))


def _unscheduled(condition: Condition) -> Unscheduled:
    return Unscheduled(
        condition.reason or "", condition.message or "", timestamps.seconds(condition.last_transition_time)
    )


def _status_word(status: _Status, phase: str, deleted: str | None) -> str:
    """As kubectl's STATUS column: a waiting or failed container says more than the phase."""
    if deleted:
        return "Terminating"
    for container in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        state = container.state
        if state is not None and state.waiting is not None and state.waiting.reason not in (None, "PodInitializing"):
            return str(state.waiting.reason)
    return "Completed" if phase == "Succeeded" else status.reason or phase


def _shape(
    spec: _Spec, status: _Status, affinity: bytes, volumes: tuple[Volume, ...], conditions: dict[str, Condition]
) -> Shape:
    infeasible = status.resize == "Infeasible" or (
        (pending := conditions.get("PodResizePending")) is not None and pending.reason == "Infeasible"
    )
    key = (
        *((c.name, bytes(c.resources), bytes(c.ports)) for c in spec.containers or ()),
        *((c.name, bytes(c.resources), bytes(c.ports), c.restart_policy) for c in spec.init_containers or ()),
        *((s.name, bytes(s.allocated_resources), bytes(s.resources)) for s in status.container_statuses or ()),
        *((s.name, bytes(s.allocated_resources), bytes(s.resources), 1) for s in status.init_container_statuses or ()),
        bytes(spec.node_selector), affinity, bytes(spec.tolerations), bytes(spec.topology_spread_constraints),
        bytes(spec.overhead), bytes(spec.resources), bytes(spec.scheduling_gates), bytes(spec.resource_claims),
        bytes(status.allocated_resources), volumes, spec.priority, spec.priority_class_name, spec.preemption_policy,
        spec.scheduler_name, spec.host_network, infeasible,
    )  # fmt: skip
    return _shapes.get(key, lambda: _new_shape(spec, status, affinity, volumes, infeasible))


def _new_shape(spec: _Spec, status: _Status, affinity: bytes, volumes: tuple[Volume, ...], infeasible: bool) -> Shape:
    resources = _pod_resources(spec, status, infeasible)
    wishes = _parsed(affinity, Affinity) or Affinity()
    return Shape(
        requests=pod_requests(resources),
        limits=pod_limits(resources),
        containers=_containers(resources, spec),
        resources=resources,
        node_selector=_parsed(spec.node_selector, dict[str, str]) or None,
        node_affinity=wishes.node_affinity,
        pod_affinity=(wishes.pod_affinity.required if wishes.pod_affinity else None) or (),
        pod_anti_affinity=(wishes.pod_anti_affinity.required if wishes.pod_anti_affinity else None) or (),
        tolerations=_parsed(spec.tolerations, tuple[Toleration, ...]) or (),
        spread=_parsed(spec.topology_spread_constraints, tuple[SpreadConstraint, ...]) or (),
        host_ports=_host_ports(spec),
        volumes=volumes,
        priority=spec.priority,
        priority_class=spec.priority_class_name or "",
        preemption_policy=spec.preemption_policy or "",
        scheduler_name=spec.scheduler_name or "default-scheduler",
        scheduling_gates=tuple(gate.name for gate in _parsed(spec.scheduling_gates, list[_Gate]) or ()),
        resource_claims=len(bytes(spec.resource_claims)) > 2 and bytes(spec.resource_claims) != b"null",
        host_network=bool(spec.host_network),
    )


def _parsed(raw: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    text = bytes(raw)
    return msgspec.json.decode(text, type=kind | None) if text else None


def _pod_resources(spec: _Spec, status: _Status, infeasible: bool) -> PodResources:
    return PodResources(
        containers=_container_resources(spec.containers, status.container_statuses),
        init_containers=_container_resources(spec.init_containers, status.init_container_statuses),
        overhead=_parsed(spec.overhead, Quantities),
        pod_level=_parsed(spec.resources, ResourceTexts),
        pod_allocated=_parsed(status.allocated_resources, Quantities),
        resize_infeasible=infeasible,
    )


def _container_resources(
    containers: Sequence[_Container] | None, statuses: Sequence[_ContainerStatus] | None
) -> tuple[ContainerResources, ...]:
    by_name = {status.name: status for status in statuses or ()}
    found = []
    for container in containers or ():
        status = by_name.get(container.name, _ContainerStatus())
        found.append(
            ContainerResources(
                declared=_parsed(container.resources, ResourceTexts) or ResourceTexts(),
                sidecar=container.restart_policy == "Always",
                allocated=_parsed(status.allocated_resources, Quantities),
                actual=_parsed(status.resources, ResourceTexts),
            )
        )
    return tuple(found)


def _containers(resources: PodResources, spec: _Spec) -> tuple[Container, ...]:
    named = zip(
        (*(spec.init_containers or ()), *(spec.containers or ())),
        (*resources.init_containers, *resources.containers),
        strict=True,
    )
    return tuple(
        Container(
            c.name, amounts(r.declared.requests), amounts(r.declared.limits), index < len(resources.init_containers)
        )
        for index, (c, r) in enumerate(named)
    )


def _host_ports(spec: _Spec) -> tuple[HostPort, ...]:
    """Ports of containers and sidecars. On the host network the API server has made hostPort equal to containerPort."""
    taken = []
    for container in (
        *(spec.containers or ()),
        *(c for c in spec.init_containers or () if c.restart_policy == "Always"),
    ):
        for port in _parsed(container.ports, list[_Port]) or ():
            number = port.host_port or (port.container_port if spec.host_network else 0)
            if number > 0:
                taken.append(HostPort(port.host_ip or "0.0.0.0", port.protocol or "TCP", number))
    return tuple(taken)
