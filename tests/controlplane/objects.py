"""Makes Kubernetes objects as plain dicts: ACK nodes in pools, pods, workloads, budgets. Pure; sends nothing.

Sending and waiting is `world.py`.
"""

from __future__ import annotations

import dataclasses
import datetime
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.controlplane.components import STAY
from tests.controlplane.kinds import Json

REGION = "cn-hangzhou"
USAGE_CPU, USAGE_MEMORY = "kwok.x-k8s.io/usage-cpu", "kwok.x-k8s.io/usage-memory"
_GIB = 1 << 20  # KiB


@dataclass(frozen=True)
class Pool:
    """An ACK node pool; all its nodes are alike. CPU in cores, memory in GiB, both of the machine (capacity)."""

    name: str
    count: int
    cpu: int = 8
    memory: int = 32
    pods: int = 64
    gpus: int = 0
    instance_type: str = "ecs.g7.2xlarge"
    zone: str = f"{REGION}-h"
    charge_type: str = "PostPaid"
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Json, ...] = ()

    @property
    def id(self) -> str:
        return f"np{zlib.crc32(self.name.encode()):08x}"

    def node_names(self) -> list[str]:
        return [f"{REGION}.{address}" for address in self._addresses()]

    def nodes(self, kubelet_port: int, age: datetime.timedelta = datetime.timedelta(0)) -> list[Json]:
        """Ready nodes whose kubelet is kwok on `kubelet_port` of loopback; allocatable is less than capacity."""
        return [self._node(address, kubelet_port, age) for address in self._addresses()]

    def _addresses(self) -> list[str]:
        start = (zlib.crc32(self.name.encode()) & 0xFFFF) << 8
        numbers = ((start + index // 250 * 256 + index % 250 + 1) & 0xFFFFFF for index in range(self.count))
        return [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in numbers]

    def _node(self, address: str, kubelet_port: int, age: datetime.timedelta) -> Json:
        name = f"{REGION}.{address}"
        metadata = {
            "name": name,
            "labels": self._labels(name),
            "annotations": {
                "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource",
                "csi.volume.kubernetes.io/nodeid": f'{{"diskplugin.csi.alibabacloud.com":"{_instance(name)}"}}',
            },
            "creationTimestamp": stamp(age),
        }
        spec: Json = {"providerID": f"{REGION}.{_instance(name)}"}
        if self.taints:
            spec["taints"] = list(self.taints)
        status = self._status(name, address, kubelet_port, age)
        return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}

    def _labels(self, name: str) -> dict[str, str]:
        return {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "ack.aliyun.com": "c0ffee0000000000000000000000001",
            "alibabacloud.com/nodepool-id": self.id,
            "node.alibabacloud.com/nodepool-id": self.id,
            "node.alibabacloud.com/instance-charge-type": self.charge_type,
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/region": REGION,
            "topology.kubernetes.io/zone": self.zone,
            **self.labels,
        }

    def _status(self, name: str, address: str, kubelet_port: int, age: datetime.timedelta) -> Json:
        capacity, allocatable = self._resources()
        return {
            "capacity": capacity,
            "allocatable": allocatable,
            "conditions": _conditions(age),
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
                {"type": "InternalDNS", "address": "localhost"},  # where metrics-server finds its kubelet
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": _NODE_INFO,
            "phase": "Running",  # what kwok's heartbeat stage asks for
        }

    def _resources(self) -> tuple[Json, Json]:
        fixed = {"pods": str(self.pods), "hugepages-2Mi": "0"}
        if self.gpus:
            fixed["nvidia.com/gpu"] = str(self.gpus)
        memory, disk = self.memory * _GIB, 120 * _GIB
        capacity = {"cpu": str(self.cpu), "memory": f"{memory}Ki", "ephemeral-storage": f"{disk}Ki", **fixed}
        allocatable = {
            "cpu": f"{self.cpu * 1000 - 60 - self.cpu * 5}m",
            "memory": f"{memory - 255 * 1024 - memory // 16}Ki",
            "ephemeral-storage": str(disk * 1024 * 9 // 10),
            **fixed,
        }
        return capacity, allocatable


_NODE_INFO = {
    "architecture": "amd64",
    "bootID": "",
    "containerRuntimeVersion": "containerd://1.6.38",
    "kernelVersion": "5.10.134-18.al8.x86_64",
    "kubeProxyVersion": "",
    "kubeletVersion": "v1.35.2-aliyun.1",
    "machineID": "",
    "operatingSystem": "linux",
    "osImage": "Alibaba Cloud Linux 3",
    "systemUUID": "",
}


def virtual_node(zone: str = f"{REGION}-h") -> Json:
    """The virtual node of ECI (type=virtual-kubelet), as big as ACK's."""
    resources = {"cpu": "1M", "memory": "4Pi", "pods": "5k", "ephemeral-storage": "40Pi"}
    name = f"virtual-kubelet-{zone}"
    labels = {
        "type": "virtual-kubelet",
        "kubernetes.io/hostname": name,
        "kubernetes.io/role": "agent",
        "topology.kubernetes.io/region": REGION,
        "topology.kubernetes.io/zone": zone,
    }
    taint = {"key": "virtual-kubelet.io/provider", "value": "alibabacloud", "effect": "NoSchedule"}
    status = {"capacity": resources, "allocatable": resources, "conditions": _conditions(datetime.timedelta(0))}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [taint]},
        "status": {**status, "phase": "Running"},
    }


@dataclass(frozen=True)
class Template:
    """What a workload's pods look like: quantities as Kubernetes writes them, `""` leaves one out."""

    cpu: str = "100m"
    memory: str = "128Mi"
    cpu_limit: str = ""
    memory_limit: str = ""
    usage_cpu: str = ""
    usage_memory: str = ""
    """What kwok reports as measured, per container and pod; it says 1m and 1Mi without these."""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    stay: str = ""
    """`pending`, `running` or `terminating`: where kwok holds the pod."""
    spec: dict[str, Any] = field(default_factory=dict)
    """Further fields of the pod's spec, replacing those made here."""

    def pod_template(self, app: str) -> Json:
        usage = {USAGE_CPU: self.usage_cpu, USAGE_MEMORY: self.usage_memory, STAY: self.stay}
        annotations = {**{key: value for key, value in usage.items() if value}, **self.annotations}
        metadata = {"labels": {"app": app, **self.labels}, "annotations": annotations}
        container = {"name": "main", "image": "registry.example/app:1", "resources": self._resources()}
        return {"metadata": metadata, "spec": {"containers": [container], **self.spec}}

    def _resources(self) -> Json:
        requests = {"cpu": self.cpu, "memory": self.memory}
        limits = {"cpu": self.cpu_limit, "memory": self.memory_limit}
        return {
            "requests": {key: value for key, value in requests.items() if value},
            "limits": {key: value for key, value in limits.items() if value},
        }


def pod(name: str, namespace: str, template: Template | None = None, node: str = "") -> Json:
    """A pod of its own; with `node` it is bound there without the scheduler."""
    made = (template or Template()).pod_template(name)
    metadata = {"name": name, "namespace": namespace, **made["metadata"]}
    spec = {**made["spec"], "nodeName": node} if node else made["spec"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def deployment(name: str, namespace: str, replicas: int, template: Template | None = None) -> Json:
    return _workload("Deployment", name, namespace, template, {"replicas": replicas})


def stateful_set(name: str, namespace: str, replicas: int, template: Template | None = None) -> Json:
    parallel = {"replicas": replicas, "serviceName": name, "podManagementPolicy": "Parallel"}
    return _workload("StatefulSet", name, namespace, template, parallel)


def daemon_set(name: str, namespace: str, template: Template | None = None) -> Json:
    """Runs on every node, tainted ones too unless `template.spec` says otherwise."""
    base = template or Template()
    spec = {"tolerations": [{"operator": "Exists"}], **base.spec}
    return _workload("DaemonSet", name, namespace, _with_spec(base, spec), {})


def budget(name: str, namespace: str, app: str, **limits: int | str) -> Json:
    """A PodDisruptionBudget over the pods labelled app=`app`; `minAvailable=…` or `maxUnavailable=…`."""
    spec = {"selector": {"matchLabels": {"app": app}}, **limits}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def namespace_object(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def stamp(age: datetime.timedelta) -> str:
    """The time `age` ago as Kubernetes writes it."""
    return (datetime.datetime.now(datetime.UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")


def ready_condition(ready: bool, age: datetime.timedelta = datetime.timedelta(0)) -> Json:
    reason = "KubeletReady" if ready else "KubeletNotReady"
    return _condition("Ready", "True" if ready else "False", reason, age)


def _workload(kind: str, name: str, namespace: str, template: Template | None, more: Json) -> Json:
    spec = {
        "selector": {"matchLabels": {"app": name}},
        "template": (template or Template()).pod_template(name),
        **more,
    }
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _with_spec(template: Template, spec: dict[str, Any]) -> Template:
    return dataclasses.replace(template, spec=spec)


def _conditions(age: datetime.timedelta) -> list[Json]:
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    calm = [_condition(kind, "False", f"KubeletHasNo{kind}", age) for kind in pressures]
    return [*calm, ready_condition(True, age)]


def _condition(kind: str, status: str, reason: str, age: datetime.timedelta) -> Json:
    times = {"lastHeartbeatTime": stamp(datetime.timedelta(0)), "lastTransitionTime": stamp(age)}
    return {"type": kind, "status": status, "reason": reason, "message": reason, **times}


def _instance(name: str) -> str:
    return f"i-bp1{zlib.crc32(name.encode()):08x}{zlib.crc32(name[::-1].encode()):08x}"
