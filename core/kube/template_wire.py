"""What the pods of one template have in common, looked up by its own text and parsed only when that text is new. One
look-up finds shape, labels and owner together. What differs from pod to pod is in pod_wire."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from core.kube import owner, pod_conditions
from core.kube.affinity import Affinity, SpreadConstraint
from core.kube.interning import Interner
from core.kube.pod import PIN, Container, HostPort, Shape, Template, Volume
from core.kube.pod_json import Container as WireContainer
from core.kube.pod_json import ContainerStatus, PodMeta, PodSpec, PodStatus, PodVolume, Port
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
from core.kube.wire import labels

T = TypeVar("T")
templates: Interner[Template] = Interner()
_shapes: Interner[Shape] = Interner()
_PINNED = re.compile(
    rb'("key"\s*:\s*"metadata\.name"\s*,\s*"operator"\s*:\s*"In"\s*,\s*"values"\s*:\s*\[\s*")([^"]*)("\s*\])'
)
_key = msgspec.json.Encoder().encode
"""Raw parts are written as they came, so equal keys are equal content; one call is faster than part by part."""
_NO_RESIZE = (b"", b"{}", b"null")


class _Gate(msgspec.Struct, gc=False):
    name: str = ""


def unpinned(affinity: bytes) -> tuple[bytes, str | None]:
    """An affinity without the node that a DaemonSet pod is meant for, and that node."""
    pins = {match[2] for match in _PINNED.finditer(affinity)}
    if len(pins) != 1 or affinity.count(b"metadata.name") != len(_PINNED.findall(affinity)):
        return affinity, None
    return _PINNED.sub(rb"\1" + PIN.encode() + rb"\3", affinity), pins.pop().decode()


def template(meta: PodMeta, spec: PodSpec, status: PodStatus) -> Template:
    """The template of a pod. Its own parts (node, pin, random volume names, restarts) have been taken out of `spec` and
    `status`: what is left, written out again, is the key."""
    key = _key((meta.labels, meta.owner_references, spec, status.container_statuses, status.allocated_resources))
    return templates.get(key, lambda: _template(meta, spec, status))


def _template(meta: PodMeta, spec: PodSpec, status: PodStatus) -> Template:
    """A template that is new. Its shape may be known: what the kubelet has granted only counts while it differs."""
    shape = _shapes.get((_key(spec), *_resized(spec, status)), lambda: _shape(spec, status))
    return Template(shape, labels(meta.labels), owner.from_raw(bytes(meta.owner_references)))


def _resized(spec: PodSpec, status: PodStatus) -> list[Any]:
    """What the kubelet has granted, where it differs from what is declared: a resize in progress."""
    found: list[Any] = [bytes(status.allocated_resources)] if bytes(status.allocated_resources) else []
    for containers, statuses in (
        (spec.containers, status.container_statuses),
        (spec.init_containers, status.init_container_statuses),
    ):
        for one in statuses or ():
            granted, real = bytes(one.allocated_resources), bytes(one.resources)
            if (granted or real) and not _as_declared(containers, one.name, granted, real):
                found += ("resized", one.name, granted, real)
    if found:
        found.append(infeasible(status))
    return found


def _as_declared(containers: Sequence[WireContainer] | None, name: str, granted: bytes, real: bytes) -> bool:
    """By the text alone: what is written differently but means the same costs a look, not a wrong answer."""
    wish = next((bytes(container.resources) for container in containers or () if container.name == name), b"")
    return (real in _NO_RESIZE or real == wish) and (granted in _NO_RESIZE or b'"requests":' + granted in wish)


def infeasible(status: PodStatus) -> bool:
    """Whether the node has refused a resize for good: then the wish books nothing."""
    return status.resize == "Infeasible" or any(
        condition.type == "PodResizePending" and condition.reason == "Infeasible"
        for condition in pod_conditions.all_of(status.conditions)
    )


def _shape(spec: PodSpec, status: PodStatus) -> Shape:
    resources = _pod_resources(spec, status)
    wishes = _parsed(spec.affinity, Affinity) or Affinity()
    claims = bytes(spec.resource_claims)
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
        volumes=tuple(kept for volume in spec.volumes or () if (kept := _volume(volume)) is not None),
        priority=spec.priority,
        priority_class=spec.priority_class_name or "",
        preemption_policy=spec.preemption_policy or "",
        scheduler_name=spec.scheduler_name or "default-scheduler",
        scheduling_gates=tuple(gate.name for gate in _parsed(spec.scheduling_gates, list[_Gate]) or ()),
        resource_claims=len(claims) > 2 and claims != b"null",
        host_network=bool(spec.host_network),
    )


def _parsed(raw: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    text = bytes(raw)
    return msgspec.json.decode(text, type=kind | None) if text else None


def _volume(volume: PodVolume) -> Volume | None:
    """A volume in the form that the filters read; None for one that only a claim stands for."""
    if volume.empty_dir is not None:
        return Volume(volume.name, "emptyDir", medium=volume.empty_dir.medium or "")
    if volume.host_path is not None:
        return Volume(volume.name, "hostPath")
    disks = {
        "gce": volume.gce_persistent_disk,
        "aws": volume.aws_elastic_block_store,
        "iscsi": volume.iscsi,
        "rbd": volume.rbd,
    }
    found = [
        Volume(volume.name, kind, handle=disk.handle, read_only=bool(disk.read_only))
        for kind, disk in disks.items()
        if disk
    ]
    return found[0] if found else None


def _pod_resources(spec: PodSpec, status: PodStatus) -> PodResources:
    return PodResources(
        containers=_container_resources(spec.containers, status.container_statuses),
        init_containers=_container_resources(spec.init_containers, status.init_container_statuses),
        overhead=_parsed(spec.overhead, Quantities),
        pod_level=_parsed(spec.resources, ResourceTexts),
        pod_allocated=_parsed(status.allocated_resources, Quantities),
        resize_infeasible=infeasible(status),
    )


def _container_resources(
    containers: Sequence[WireContainer] | None, statuses: Sequence[ContainerStatus] | None
) -> tuple[ContainerResources, ...]:
    by_name = {status.name: status for status in statuses or ()}
    found = []
    for container in containers or ():
        status = by_name.get(container.name, ContainerStatus())
        found.append(
            ContainerResources(
                declared=_parsed(container.resources, ResourceTexts) or ResourceTexts(),
                sidecar=container.restart_policy == "Always",
                allocated=_parsed(status.allocated_resources, Quantities),
                actual=_parsed(status.resources, ResourceTexts),
            )
        )
    return tuple(found)


def _containers(resources: PodResources, spec: PodSpec) -> tuple[Container, ...]:
    declared = (*(spec.init_containers or ()), *(spec.containers or ()))
    found = (*resources.init_containers, *resources.containers)
    return tuple(
        Container(
            c.name, amounts(r.declared.requests), amounts(r.declared.limits), index < len(resources.init_containers)
        )
        for index, (c, r) in enumerate(zip(declared, found, strict=True))
    )


def _host_ports(spec: PodSpec) -> tuple[HostPort, ...]:
    """Ports of containers and sidecars. On the host network the API server has made hostPort equal to containerPort."""
    taken = []
    sidecars = (container for container in spec.init_containers or () if container.restart_policy == "Always")
    for container in (*(spec.containers or ()), *sidecars):
        for port in _parsed(container.ports, list[Port]) or ():
            number = port.host_port or (port.container_port if spec.host_network else 0)
            if number > 0:
                taken.append(HostPort(port.host_ip or "0.0.0.0", port.protocol or "TCP", number))
    return tuple(taken)
