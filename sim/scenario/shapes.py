"""Pod templates in few words, and running pods made from them. Which workloads exist is said elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]

REGISTRY = "registry-vpc.cn-hangzhou.aliyuncs.com/shop"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a workload's pods ask for; quantities as Kubernetes writes them, "" for none."""

    cpu: str = "500m"
    memory: str = "512Mi"
    cpu_limit: str = ""
    memory_limit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[tuple[str, str, str]] = ()
    """(key, value, effect); an empty key tolerates everything."""
    affinity: Obj = field(default_factory=dict)
    spread: Sequence[Obj] = ()
    volumes: Sequence[Obj] = ()
    extended: Mapping[str, str] = field(default_factory=dict)
    image: str = f"{REGISTRY}/app:1.8.3"
    priority: str = ""
    host_network: bool = False
    restart: str = "Always"
    gates: Sequence[str] = ()
    ports: Sequence[int] = ()
    args: Sequence[str] = ()

    def template(self, app: str) -> Obj:
        """The pod template of a workload of that name."""
        meta: Obj = {"labels": {"app": app, **self.labels}}
        if self.annotations:
            meta["annotations"] = dict(self.annotations)
        return {"metadata": meta, "spec": self.spec(app)}

    def spec(self, app: str) -> Obj:
        container: Obj = {"name": app.split("/")[-1][:40], "image": self.image, "resources": self._resources()}
        if self.args:
            container["command"] = list(self.args)
        if self.ports:
            container["ports"] = [{"containerPort": port, "hostPort": port} for port in self.ports]
        if self.volumes:
            container["volumeMounts"] = [{"name": v["name"], "mountPath": f"/mnt/{v['name']}"} for v in self.volumes]
        optional: Obj = {
            "nodeSelector": dict(self.selector),
            "tolerations": [_toleration(*row) for row in self.tolerations],
            "affinity": self.affinity,
            "topologySpreadConstraints": list(self.spread),
            "volumes": list(self.volumes),
            "priorityClassName": self.priority,
            "hostNetwork": self.host_network,
            "schedulingGates": [{"name": name} for name in self.gates],
        }
        kept = {key: value for key, value in optional.items() if value}
        return {"containers": [container], "restartPolicy": self.restart, **kept}

    def _resources(self) -> Obj:
        requests = {"cpu": self.cpu, "memory": self.memory, **self.extended}
        limits = {"cpu": self.cpu_limit, "memory": self.memory_limit, **self.extended}
        both = {"requests": requests, "limits": limits}
        return {name: kept for name, values in both.items() if (kept := {k: v for k, v in values.items() if v})}


def _toleration(key: str, value: str, effect: str) -> Obj:
    if not key:
        return {"operator": "Exists"}
    how = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
    return {"key": key, **how, **({"effect": effect} if effect else {})}


def running(pod: Obj, node: str, host_ip: str, pod_ip: str, since: str) -> Obj:
    """The pod bound to a node and Ready since that time."""
    spec = {**pod["spec"], "nodeName": node}
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    statuses = [_container_status(container, since) for container in spec["containers"]]
    status = {
        "phase": "Running",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": since} for kind in kinds
        ],
        "hostIP": host_ip,
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": since,
        "containerStatuses": statuses,
        "qosClass": _quality(spec),
    }
    return {**pod, "spec": spec, "status": status}


def _container_status(container: Obj, since: str) -> Obj:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].partition(':')[0]}@sha256:{'0' * 64}",
        "containerID": "containerd://0",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "lastState": {},
        "state": {"running": {"startedAt": since}},
    }


def _quality(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort, for pods with one kind of container."""
    asked = [container.get("resources") or {} for container in spec["containers"]]
    if not any(row.get("requests") or row.get("limits") for row in asked):
        return "BestEffort"
    equal = all(row.get("limits") and row.get("requests") == row.get("limits") for row in asked)
    return "Guaranteed" if equal else "Burstable"
