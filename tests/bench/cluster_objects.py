"""What the objects of the big cluster look like, as text with marks such as `@name@` to fill in. How many there are,
and on which pages, is in cluster_generator."""

import json
import random
import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

REGISTRY = "registry-vpc.cn-hangzhou.aliyuncs.com/shop"
POOLS = 20
DAEMONS = ("terway", "kube-proxy", "csi-plugin", "logtail-ds", "node-exporter", "nodelocaldns", "arms-agent", "npd")
TRADES = ("checkout", "search", "ledger", "catalog", "gateway", "feature", "report")
OWNERS = ("ReplicaSet", "ReplicaSet", "ReplicaSet", "StatefulSet", "Job")
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Those of Kubernetes' own random names."""
CONTAINER_MARKS = ("ca", "cb", "cc")
_MARK = re.compile(r"@([a-z]+)@")


class Template:
    """A JSON text that is filled in for each object."""

    def __init__(self, document: Json) -> None:
        self._parts = _MARK.split(json.dumps(document, separators=(",", ":")))

    def fill(self, values: dict[str, str]) -> str:
        parts = self._parts.copy()
        parts[1::2] = [values[name] for name in parts[1::2]]
        return "".join(parts)


def letters(rng: random.Random, count: int) -> str:
    """A random part of a name."""
    return "".join(rng.choices(LETTERS, k=count))


@dataclass(frozen=True)
class Application:
    """What the pods of one owner have in common."""

    name: str
    namespace: str
    owner: str
    labels: dict[str, str]
    containers: list[Json]
    extra: Json
    """Parts of the spec that only some have: affinity, tolerations, priority."""

    @property
    def template(self) -> Template:
        return Template({"metadata": _pod_metadata(self), "spec": _pod_spec(self), "status": _pod_status(self)})


def application(rng: random.Random, index: int) -> Application:
    """One of the many."""
    name = f"{rng.choice(TRADES)}-{index}"
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": f"line-{index % 40}",
        "team": f"team-{index % 60}",
        "pod-template-hash": letters(rng, 10),
        "version": f"v{index % 9}.{index % 13}",
    }
    containers = [_container(rng, name, at) for at in range(rng.choice((1, 1, 2, 2, 3)))]
    extra: Json = {}
    if index % 10 == 0:
        extra["affinity"] = _spread_over_hosts(name)
    if index % 7 == 0:
        extra["tolerations"] = [{"key": "dedicated", "value": f"pool-{index % POOLS}", "effect": "NoSchedule"}]
    return Application(name, f"line-{index % 40}", rng.choice(OWNERS), labels, containers, extra)


def daemon(rng: random.Random, index: int) -> Application:
    """One that runs on every node."""
    name = DAEMONS[index]
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["@node@"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    extra = {
        "affinity": {"nodeAffinity": required},
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
    }
    labels = {"app": name, "controller-revision-hash": letters(rng, 10), "pod-template-generation": "3"}
    return Application(name, "kube-system", "DaemonSet", labels, [_container(rng, name, 0)], extra)


def _spread_over_hosts(name: str) -> Json:
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    term = {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    return {"podAntiAffinity": wish}


def _managed(paths: int) -> list[Json]:
    """managedFields as servers keep them: large, and of no use here."""
    spec: Json = {}
    for index in range(paths):
        part = f'k:{{"name":"part-{index % 7}"}}'
        spec[f"f:field-{index}"] = {part: {".": {}, "f:name": {}, "f:value": {}}}
    entry = {"operation": "Update", "apiVersion": "v1", "time": "@made@", "fieldsType": "FieldsV1"}
    running: Json = {"f:status": {"f:phase": {}, "f:podIP": {}}}
    return [
        {**entry, "manager": "kube-controller-manager", "fieldsV1": {"f:spec": spec}},
        {**entry, "manager": "kubelet", "subresource": "status", "fieldsV1": running},
    ]


def _container(rng: random.Random, name: str, at: int) -> Json:
    cpu, memory = rng.choice((50, 100, 250, 500, 1000, 2000)), rng.choice((64, 128, 256, 512, 1024, 2048))
    get = {"path": "/healthz", "port": 8080, "scheme": "HTTP"}
    probe = {"httpGet": get, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    settings = [{"name": f"SETTING_{index}", "value": f"{name}-{index * 7}"} for index in range(rng.randint(3, 9))]
    address = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    token = "/var/run/secrets/kubernetes.io/serviceaccount"
    return {
        "name": f"{name}-{at}" if at else name,
        "image": f"{REGISTRY}/{name}:v{rng.randint(1, 40)}",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "POD_IP", "valueFrom": address}, *settings],
        "resources": {
            "limits": {"cpu": f"{2 * cpu}m", "memory": f"{2 * memory}Mi"},
            "requests": {"cpu": f"{cpu}m", "memory": f"{memory}Mi"},
        },
        "volumeMounts": [
            {"name": "kube-api-access-@volume@", "readOnly": True, "mountPath": token},
            {"name": "data", "mountPath": "/data"},
        ],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _pod_metadata(app: Application) -> Json:
    owner = {
        "apiVersion": "apps/v1",
        "kind": app.owner,
        "name": app.name,
        "uid": f"owner-{app.namespace}-{app.name}",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    notes = {"kubernetes.io/config.seen": "@made@", "k8s.aliyun.com/pod-ips": "@ip@", "prometheus.io/scrape": "true"}
    return {
        "name": f"{app.name}-@suffix@",
        "generateName": f"{app.name}-",
        "namespace": app.namespace,
        "uid": "@uid@",
        "resourceVersion": "@version@",
        "creationTimestamp": "@made@",
        "labels": app.labels,
        "annotations": notes,
        "ownerReferences": [owner],
        "managedFields": _managed(16),
    }


def _pod_spec(app: Application) -> Json:
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    tolerated = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in ("not-ready", "unreachable")
    ]
    return {
        "volumes": [
            {"name": "kube-api-access-@volume@", "projected": {"sources": [token], "defaultMode": 420}},
            {"name": "data", "emptyDir": {}},
        ],
        "containers": app.containers,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": app.name,
        "serviceAccount": app.name,
        "nodeName": "@node@",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        **app.extra,
        "tolerations": [*app.extra.get("tolerations", []), *tolerated],
    }


def _pod_status(app: Application) -> Json:
    names = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    moment = {"lastProbeTime": None, "lastTransitionTime": "@started@"}
    marked = zip(app.containers, CONTAINER_MARKS, strict=False)
    return {
        "phase": "Running",
        "conditions": [{"type": name, "status": "True", **moment} for name in names],
        "containerStatuses": [_container_status(container, mark) for container, mark in marked],
        "hostIP": "@hostip@",
        "hostIPs": [{"ip": "@hostip@"}],
        "podIP": "@ip@",
        "podIPs": [{"ip": "@ip@"}],
        "startTime": "@started@",
        "qosClass": "Burstable",
    }


def _container_status(container: Json, mark: str) -> Json:
    return {
        "name": container["name"],
        "state": {"running": {"startedAt": "@started@"}},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": container["image"],
        "imageID": f"{container['image'].rpartition(':')[0]}@sha256:{'ab' * 32}",
        "containerID": f"containerd://@{mark}@",
        "started": True,
        "allocatedResources": container["resources"]["requests"],
        "resources": container["resources"],
    }


def node() -> Json:
    """A node of ACK."""
    labels = {
        "kubernetes.io/hostname": "@name@",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "@type@",
        "topology.kubernetes.io/region": "cn-hangzhou",
        "topology.kubernetes.io/zone": "@zone@",
        "alibabacloud.com/nodepool-id": "@pool@",
        "ack.aliyun.com": "c0ffee",
        "alibabacloud.com/ecs-instance-id": "@machine@",
        "node.csi.alibabacloud.com/disktype.cloud_essd": "available",
    }
    meta = {
        "name": "@name@",
        "uid": "@uid@",
        "resourceVersion": "@version@",
        "creationTimestamp": "@made@",
        "labels": labels,
        "annotations": {"csi.volume.kubernetes.io/nodeid": "@machine@", "node.alpha.kubernetes.io/ttl": "300"},
        "managedFields": _managed(20),
    }
    spec = {"podCIDR": "10.0.0.0/24", "providerID": "cn-hangzhou.@machine@"}
    return {"metadata": meta, "spec": spec, "status": _node_status()}


def _node_status() -> Json:
    amounts = {"cpu": "@cpu@", "memory": "@memory@Ki", "pods": "110", "ephemeral-storage": "123723328Ki"}
    moment = {"lastHeartbeatTime": "@made@", "lastTransitionTime": "@made@", "message": "as it should be"}
    conditions = [
        {"type": name, "status": str(name == "Ready"), "reason": f"Kubelet{name}", **moment}
        for name in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    ]
    images = [
        {
            "names": [f"{REGISTRY}/image-{i}@sha256:{'cd' * 32}", f"{REGISTRY}/image-{i}:v{i}"],
            "sizeBytes": 10_000_000 + i,
        }
        for i in range(36)
    ]
    return {
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": conditions,
        "images": images,
        "addresses": [{"type": "InternalIP", "address": "@ip@"}, {"type": "Hostname", "address": "@name@"}],
        "nodeInfo": {"kubeletVersion": "v1.35.0-aliyun.1", "osImage": "Alibaba Cloud Linux 3", "architecture": "amd64"},
    }
