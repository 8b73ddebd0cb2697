"""Objects for the tests of the API servers. Pure; sends nothing."""

from typing import Any

Json = dict[str, Any]


def node(name: str, cpu: str = "4", **labels: str) -> Json:
    """A node of that many cores. The kubelets of either server make it Ready."""
    amounts = {"cpu": cpu, "memory": "8Gi", "pods": "20", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {},
        "status": {"allocatable": amounts, "capacity": amounts},
    }


def template(app: str, cpu: str = "100m", **spec: Any) -> Json:
    """A pod template; a nodeSelector keeps tests to their own nodes."""
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}},
    }
    grace = {"terminationGracePeriodSeconds": 1}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **grace, **spec}}


def pod(name: str, cpu: str = "100m", **spec: Any) -> Json:
    made = template(name, cpu, **spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **made["metadata"]}, "spec": made["spec"]}


def workload(kind: str, name: str, replicas: int | None = 1, cpu: str = "100m", **spec: Any) -> Json:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet with the label app=name; `spec` is of its pods."""
    made: Json = {"selector": {"matchLabels": {"app": name}}, "template": template(name, cpu, **spec)}
    if replicas is not None:
        made["replicas"] = replicas
    if kind == "StatefulSet":
        made["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": made}


def budget(name: str, app: str, **limit: int | str) -> Json:
    spec = {"selector": {"matchLabels": {"app": app}}, **limit}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def eviction(name: str, **options: Any) -> Json:
    made: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return {**made, "deleteOptions": options} if options else made


def conditions(obj: Json) -> dict[str, str]:
    """Condition type -> status."""
    return {c["type"]: c["status"] for c in obj.get("status", {}).get("conditions") or ()}
