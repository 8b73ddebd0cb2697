"""The random small clusters of tests/parity, made fit for the real API server; pure, sends nothing.

Owners are left out (the garbage collector would take pods whose owner is not there), and so is what kube-scheduler
does not read: budgets, DaemonSets, node groups.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.controlplane.components import STAY
from tests.controlplane.kinds import Json
from tests.parity import clusters

_TOOL: Any = clusters

ASKED = 8
"""Pods asked for in a cluster."""
NEVER = "random-never"
_OVERHEAD = "random-overhead"
_PRIORITIES = {value: f"random-{'low' if value < 0 else value}" for value in (-50, 100, 1000)}
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


@dataclass(frozen=True)
class RandomCluster:
    """Objects without what the API server fills in. `bound` pods have their node; `asked` are for the scheduler."""

    nodes: list[Json]
    storage: list[Json]
    bound: list[Json]
    asked: list[Json]


def around() -> list[Json]:
    """What all of these clusters have in common: namespaces, priorities, a RuntimeClass for overhead."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app"}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data", "labels": {"team": "x"}}},
        {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": _OVERHEAD},
            "handler": "heavy",
            "overhead": {"podFixed": {"cpu": "100m", "memory": "64Mi"}},
        },
        _priority(NEVER, 0, "Never"),
        *(_priority(name, value, "PreemptLowerPriority") for value, name in _PRIORITIES.items()),
    ]


def random_cluster(seed: int) -> RandomCluster:
    """Every second one is of the harder kind: volumes, host ports, pods behind gates."""
    case = _TOOL.small(seed) if seed % 2 else _TOOL.harder(seed)
    pods = [_pod(one) for one in case["pods"]]
    return RandomCluster(
        nodes=[_node(one) for one in case["nodes"]],
        storage=[one for kind in _STORAGE for one in _stored(case.get(kind, ()))],
        bound=[one for one in pods if "nodeName" in one["spec"]],
        asked=list(_asked(pods)),
    )


_STORAGE = ("storageclasses", "persistentvolumes", "persistentvolumeclaims")


def _priority(name: str, value: int, preemption: str) -> Json:
    metadata = {"name": name}
    rest = {"metadata": metadata, "value": value, "preemptionPolicy": preemption}
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", **rest}


def _node(made: Json) -> Json:
    """As the node controllers and the kubelet would have it: tainted while not ready, and kept so by kwok."""
    metadata = {key: value for key, value in made["metadata"].items() if key != "uid"}
    spec, status = made["spec"], {**made["status"], "phase": "Running"}
    if status["conditions"][0]["status"] != "True":
        metadata = {**metadata, "annotations": {**metadata["annotations"], STAY: "not-ready"}}
        spec = {**spec, "taints": [*spec["taints"], _NOT_READY]}
    return {**made, "metadata": metadata, "spec": spec, "status": status}


def _stored(made: Iterable[Json]) -> Iterator[Json]:
    for one in made:
        yield {**one, "metadata": {**one["metadata"], "uid": str(uuid.uuid4())}}


def _pod(made: Json) -> Json:
    metadata = {key: value for key, value in made["metadata"].items() if key not in ("uid", "ownerReferences")}
    stay = "terminating" if "deletionTimestamp" in metadata else "running"
    metadata["annotations"] = {**metadata["annotations"], STAY: stay}
    left_out = ("priority", "overhead", "schedulingGates")
    spec = {key: value for key, value in made["spec"].items() if key not in left_out}
    if "overhead" in made["spec"]:
        spec["runtimeClassName"] = _OVERHEAD
    if name := _PRIORITIES.get(made["spec"].get("priority", 0)):
        spec["priorityClassName"] = name
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _asked(pods: list[Json]) -> Iterator[Json]:
    """One pod of each workload, those that wait first: a pod more of a workload that is bound comes after them."""
    seen: set[str] = set()
    for one in sorted(pods, key=lambda pod: "nodeName" in pod["spec"]):
        workload, kept = one["metadata"]["labels"]["app"], one["metadata"]
        if workload in seen or "config.mirror" in str(kept["annotations"]) or len(seen) == ASKED:
            continue
        seen.add(workload)
        spec = {key: value for key, value in one["spec"].items() if key != "nodeName"}
        metadata = {"name": f"asked-{kept['name']}", "namespace": kept["namespace"], "labels": kept["labels"]}
        yield {**one, "metadata": metadata, "spec": {**spec, "priorityClassName": NEVER}}
