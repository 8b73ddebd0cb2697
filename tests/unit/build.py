"""Small clusters for tests, as the API writes them: plain objects in, a snapshot through the real decode out."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.cluster.snapshot import Snapshot
from core.kube import kinds, timestamps

Object = dict[str, Any]

NOW = timestamps.seconds("2026-01-15T12:00:00Z") or 0
OLD = "2026-01-14T12:00:00Z"


def at(seconds_before_now: float) -> str:
    """The timestamp so long before NOW."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(NOW - seconds_before_now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(name: str, cpu: str = "4", memory: str = "16Gi", **more: Any) -> Object:
    """A ready node. `labels`, `annotations`, `taints`, `ready` ("True", "False", None), `created`, `extra`
    (resources)."""
    resources = {"cpu": cpu, "memory": memory, "pods": "110", **more.get("extra", {})}
    ready = more.get("ready", "True")
    return {
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": f"node-{name}",
            "creationTimestamp": more.get("created", OLD),
            "labels": {"kubernetes.io/hostname": name, **more.get("labels", {})},
            "annotations": more.get("annotations", {}),
        },
        "spec": {"taints": more.get("taints", []), "unschedulable": more.get("unschedulable", False)},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": OLD}] if ready else [],
        },
    }


def pod(name: str, on: str | None = None, cpu: str = "100m", memory: str = "128Mi", **more: Any) -> Object:
    """A pod of ReplicaSet `web`. `owner` (kind or None), `labels`, `annotations`, `created`, `meta`, `spec`,
    `phase`."""
    namespace, _, short = name.rpartition("/")
    owner = more.get("owner", "ReplicaSet")
    reference = {"apiVersion": "apps/v1", "kind": owner, "name": more.get("owner_name", "web"), "uid": "own-web"}
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory, **more.get("extra", {})}}}]
    spec = {"containers": containers, **more.get("spec", {})}
    conditions = [] if on else [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    return {
        "kind": "Pod",
        "metadata": {
            "name": short,
            "namespace": namespace or "default",
            "uid": f"pod-{name}",
            "creationTimestamp": more.get("created", OLD),
            "labels": more.get("labels", {"app": "web"}),
            "annotations": more.get("annotations", {}),
            "ownerReferences": [{**reference, "controller": True}] if owner else [],
            **more.get("meta", {}),
        },
        "spec": {**spec, "nodeName": on} if on else spec,
        "status": {"phase": more.get("phase", "Running" if on else "Pending"), "conditions": conditions},
    }


def workload(kind: str, name: str = "web", namespace: str = "default", **spec: Any) -> Object:
    """A controller."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, "uid": "own-web"}, "spec": spec}


def budget(name: str, allowed: int | None, selector: Object | None = None, namespace: str = "default") -> Object:
    """A PodDisruptionBudget; by default for app=web."""
    chosen = {"matchLabels": {"app": "web"}} if selector is None else selector
    status = {} if allowed is None else {"disruptionsAllowed": allowed}
    meta = {"name": name, "namespace": namespace}
    return {"kind": "PodDisruptionBudget", "metadata": meta, "spec": {"selector": chosen}, "status": status}


def group(name: str, nodes: Iterable[str] = (), low: int = 0, high: int = 10, **spec: Any) -> Object:
    """A NodeGroup of these nodes."""
    sizes = {"minSize": low, "maxSize": high, "nodes": list(nodes)}
    return {"kind": "NodeGroup", "metadata": {"name": name}, "spec": {**sizes, **spec}}


def policy(**spec: Any) -> Object:
    """An AutoscalerPolicy."""
    return {"kind": "AutoscalerPolicy", "metadata": {"name": "default"}, "spec": spec}


def config_map(name: str, data: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> Object:
    """A ConfigMap of kube-system."""
    meta = {"name": name, "namespace": "kube-system", "annotations": dict(annotations or {})}
    return {"kind": "ConfigMap", "metadata": meta, "data": dict(data)}


def event(reason: str, about: str, seconds_ago: float, message: str = "", source: str = "cluster-autoscaler") -> Object:
    """An event on `kind/namespace/name` or `kind/name`."""
    kind, *where = about.split("/")
    involved = {"kind": kind, "name": where[-1], **({"namespace": where[0]} if len(where) > 1 else {})}
    meta = {"name": f"{reason}-{where[-1]}-{seconds_ago}".lower(), "namespace": "default"}
    return {
        "kind": "Event",
        "metadata": meta,
        "reason": reason,
        "message": message,
        "source": {"component": source},
        "lastTimestamp": at(seconds_ago),
        "involvedObject": involved,
    }


def deployment(name: str, image: str, args: Iterable[str], namespace: str = "kube-system", replicas: int = 1) -> Object:
    """A Deployment of one program."""
    template = {"spec": {"containers": [{"name": "main", "image": image, "args": list(args)}]}}
    meta = {"name": name, "namespace": namespace}
    return {"kind": "Deployment", "metadata": meta, "spec": {"replicas": replicas, "template": template}}


def snapshot(*objects: Object, without: Iterable[str] = (), now: float = NOW) -> Snapshot:
    """These objects; kinds in `without` are not available."""
    tables: dict[str, dict[str, Any]] = {}
    for one in objects:
        built = kinds.BY_NAME[one["kind"]].codec.item(msgspec.json.encode(one))
        tables.setdefault(one["kind"], {})[built.key] = built
    return Snapshot(1, now, tables, dict.fromkeys(without, "not in the dump"))
