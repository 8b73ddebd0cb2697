"""The autoscaler's status ConfigMap, in the YAML form of version 1.30 and on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sim.clock import rfc3339
from sim.kube.registry import Registry
from sim.world.autoscaler.groups import Group

Obj = dict[str, Any]

NAME, NAMESPACE = "cluster-autoscaler-status", "kube-system"


def write(
    registry: Registry, groups: list[Group], now: float, failures: Mapping[str, tuple[str, str]], candidates: set[str]
) -> Obj:
    """Store the status of this loop; `failures` is (code, message) by group in back-off. Returns the ConfigMap."""
    import yaml

    at = datetime.fromtimestamp(now, UTC)
    rows = [_group(group, at, failures.get(group.id), candidates) for group in groups]
    status = {
        "time": _stamp(at),
        "autoscalerStatus": "Running",
        "clusterWide": {
            "health": {"status": "Healthy", "nodeCounts": _counts(groups), **_times(at)},
            "scaleUp": {"status": _any(rows, "scaleUp", "InProgress", "NoActivity"), **_times(at)},
            "scaleDown": {"status": _any(rows, "scaleDown", "CandidatesPresent", "NoCandidates"), **_times(at)},
        },
        "nodeGroups": rows,
    }
    meta = {
        "name": NAME,
        "namespace": NAMESPACE,
        "annotations": {"cluster-autoscaler.kubernetes.io/last-updated": _stamp(at)},
    }
    data = {"status": yaml.safe_dump(status, sort_keys=False)}
    old = registry.find("ConfigMap", NAME, NAMESPACE)
    if old is None:
        return registry.create("ConfigMap", {"metadata": meta, "data": data})
    return registry.rewrite("ConfigMap", {**old, "metadata": {**old["metadata"], **meta}, "data": data})


def _group(group: Group, at: datetime, failure: tuple[str, str] | None, candidates: set[str]) -> Obj:
    found = [name for name in group.ready if name in candidates]
    scale_up: Obj = {"status": "Backoff" if failure else "InProgress" if group.coming else "NoActivity"}
    if failure:
        scale_up["backoffInfo"] = {"errorCode": failure[0], "errorMessage": failure[1][:500]}
    health = {"cloudProviderTarget": group.target, "minSize": group.low, "maxSize": group.high}
    down = {"status": "CandidatesPresent", "candidates": len(found)} if found else {"status": "NoCandidates"}
    return {
        "name": group.id,
        "health": {"status": "Healthy", "nodeCounts": _counts([group]), **health, **_times(at)},
        "scaleUp": {**scale_up, **_times(at)},
        "scaleDown": {**down, **_times(at)},
    }


def _counts(groups: list[Group]) -> Obj:
    ready = sum(len(group.ready) for group in groups)
    return {
        "registered": {"total": ready, "ready": ready, "notStarted": 0, "unready": {"total": 0, "resourceUnready": 0}}
    }


def _any(rows: list[Obj], part: str, wanted: str, otherwise: str) -> str:
    return wanted if any(row[part]["status"] == wanted for row in rows) else otherwise


def _times(at: datetime) -> Obj:
    return {"lastProbeTime": rfc3339(at), "lastTransitionTime": rfc3339(at)}


def _stamp(at: datetime) -> str:
    """Go's layout `2006-01-02 15:04:05.999999999 -0700 MST`."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC")
