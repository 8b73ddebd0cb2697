"""Node objects as ACK's machines register them: names, labels, taints, capacity. Not when they do (see machines)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sim.clock import rfc3339
from sim.cloud.catalogue import TYPES, MachineType
from sim.cloud.state import Cloud, Instance, NodePool

Obj = dict[str, Any]

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
DISK_LIMIT = 15
"""Cloud disks that one machine takes: what the CSI driver reports."""


def name_of(cloud: Cloud, machine: Instance) -> str:
    """`<region>.<ip>`, ACK's default."""
    return f"{cloud.region}.{machine.ip}"


def node(
    cloud: Cloud,
    machine: Instance,
    pool: NodePool | None,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, str]] = (),
    ready_since: float | None = None,
    version: str = "v1.32.1-aliyun.1",
) -> Obj:
    """The Node that a machine registers; `labels` and `taints` are what its join command adds.

    Without `ready_since` (Unix seconds) it is new and not Ready yet: its kubelet's heartbeats will say so later.
    """
    settings = pool.kubernetes_config if pool else {}
    own = {row["key"]: row["value"] for row in settings.get("labels", ())}
    name, kind = name_of(cloud, machine), TYPES[machine.type]
    at = rfc3339(datetime.fromtimestamp(cloud.now() if ready_since is None else ready_since, UTC))
    marks = list(
        {(mark["key"], mark["effect"]): dict(mark) for mark in (*settings.get("taints", ()), *taints)}.values()
    )
    marks += [_NOT_READY] if ready_since is None else []
    spec: Obj = {"providerID": f"{cloud.region}.{machine.id}", **({"taints": marks} if marks else {})}
    if settings.get("unschedulable"):
        spec["unschedulable"] = True
    if pool and cloud.clusters[pool.cluster_id].type == "ExternalKubernetes":
        own |= {"alibabacloud.com/external": "true", "alibabacloud.com/instance-id": machine.id}
    found = {**_labels(cloud, machine, kind, name), **_pool_labels(pool), **own, **(labels or {})}
    status = {**_status(machine, kind, name, version), "conditions": conditions(at, ready=ready_since is not None)}
    meta = {"name": name, "labels": found, "annotations": _ANNOTATIONS, "creationTimestamp": at}
    return {"metadata": meta, "spec": spec, "status": status}


_ANNOTATIONS = {
    "node.alpha.kubernetes.io/ttl": "0",
    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
}


def _labels(cloud: Cloud, machine: Instance, kind: MachineType, name: str) -> Obj:
    arch = "arm64" if kind.family.endswith("y") else "amd64"
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": arch,
        "node.kubernetes.io/instance-type": machine.type,
        "topology.kubernetes.io/region": cloud.region,
        "topology.kubernetes.io/zone": machine.zone,
        "topology.diskplugin.csi.alibabacloud.com/zone": machine.zone,
        "alibabacloud.com/ecs-instance-id": machine.id,
        "node.alibabacloud.com/instance-charge-type": machine.charge_type,
    }
    if machine.spot_strategy != "NoSpot":
        labels["node.alibabacloud.com/spot-strategy"] = machine.spot_strategy
    if kind.gpu:
        labels["aliyun.accelerator/nvidia_name"] = kind.gpu_label
        labels["aliyun.accelerator/nvidia_count"] = str(kind.gpu)
        labels["aliyun.accelerator/nvidia_mem"] = f"{kind.gpu_memory_gib * 1024:.0f}MiB"
    return labels


def _pool_labels(pool: NodePool | None) -> Obj:
    if pool is None:
        return {}
    labels = {
        "ack.aliyun.com": pool.cluster_id,
        "alibabacloud.com/nodepool-id": pool.id,
        "node.alibabacloud.com/nodepool-id": pool.id,
    }
    if pool.auto_scaling.get("enable"):
        labels["k8s.aliyun.com"] = "true"
    return labels


def _status(machine: Instance, kind: MachineType, name: str, version: str) -> Obj:
    capacity, allocatable = resources(kind, machine.disk_size)
    system = machine.id.replace("-", "")
    return {
        "addresses": [{"type": "InternalIP", "address": machine.ip}, {"type": "Hostname", "address": name}],
        "capacity": capacity,
        "allocatable": allocatable,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": [],
        "nodeInfo": {
            "architecture": "arm64" if kind.family.endswith("y") else "amd64",
            "bootID": system,
            "machineID": system,
            "systemUUID": machine.id,
            "containerRuntimeVersion": "containerd://1.6.36",
            "kernelVersion": "5.10.134-18.al8.x86_64",
            "kubeProxyVersion": version,
            "kubeletVersion": version,
            "operatingSystem": "linux",
            "osImage": "Alibaba Cloud Linux 3 (OpenAnolis Edition)",
        },
    }


def resources(kind: MachineType, disk_gib: int = 120) -> tuple[Obj, Obj]:
    """Capacity (a little below the type's size: the kernel keeps some) and allocatable of a machine type."""
    memory = int(kind.memory_gib * 2**20 * 0.967)
    disk = int(disk_gib * 2**20 * 0.983)
    pods = min(256, 30 + 12 * (kind.cpu // 2))
    gpu = {"nvidia.com/gpu": str(kind.gpu)} if kind.gpu else {}
    fixed = {"hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": str(pods), **gpu}
    capacity = {"cpu": str(kind.cpu), "memory": f"{memory}Ki", "ephemeral-storage": f"{disk}Ki", **fixed}
    allocatable = {
        "cpu": f"{kind.cpu * 1000 - _reserved_cpu(kind.cpu)}m",
        "memory": f"{memory - _reserved_memory(memory)}Ki",
        "ephemeral-storage": str(disk * 1024 * 9 // 10),
        **fixed,
    }
    return capacity, allocatable


def _reserved_cpu(cores: int) -> int:
    """Millicores kept for the kubelet and the system: less per core on larger machines."""
    return 60 + 10 * min(1, cores - 1) + 5 * max(0, min(2, cores - 2)) + 5 * max(0, cores - 4) // 2


def _reserved_memory(kib: int) -> int:
    """KiB kept: a quarter of the first 4 GiB, a fifth of the next 4, a tenth of the next 8, 6 % of the rest."""
    kept, left = 100 * 1024, kib
    for size, share in ((4, 0.25), (4, 0.20), (8, 0.10), (1 << 20, 0.06)):
        part = min(left, size * 2**20)
        kept += int(part * share)
        left -= part
    return kept


_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def conditions(at: str, *, ready: bool) -> list[Obj]:
    """What a kubelet that runs reports, all since `at`."""
    times = {"lastHeartbeatTime": at, "lastTransitionTime": at}
    rows = [
        {"type": kind, "status": "False", "reason": why, "message": text, **times} for kind, why, text in _PRESSURES
    ]
    reason, text = ("KubeletReady", "kubelet is posting ready status") if ready else ("KubeletNotReady", "CNI starts")
    return [*rows, {"type": "Ready", "status": str(ready), "reason": reason, "message": text, **times}]


def csi_node(name: str) -> Obj:
    """The CSINode beside a node: its disk driver and how many disks it takes."""
    driver = {
        "name": "diskplugin.csi.alibabacloud.com",
        "nodeID": name,
        "topologyKeys": ["topology.diskplugin.csi.alibabacloud.com/zone"],
        "allocatable": {"count": DISK_LIMIT},
    }
    return {"metadata": {"name": name}, "spec": {"drivers": [driver]}}
