"""Which autoscaler runs in this cluster, and how that is known. Its settings are merged in core/policy; its status,
events and flags are read in autoscaler_status, autoscaler_events and autoscaler_flags."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.analysis import autoscaler_events, autoscaler_flags, autoscaler_status
from core.analysis.autoscaler_events import Act, Activity
from core.analysis.autoscaler_status import Status
from core.analysis.vendors import cce, goatscaler
from core.cluster.snapshot import Snapshot
from core.errors import one_line
from core.kube.generic import Generic
from core.kube.workloads import Program, Workload

NAMESPACE = "kube-system"
PRIORITIES = "cluster-autoscaler-priority-expander"
META = "autoscaler-meta"
UPSTREAM, ACK, CCE, GOATSCALER, NONE, UNKNOWN = "cluster-autoscaler", "ack", "cce", "goatscaler", "none", "unknown"
NAMES: Mapping[str, str] = {
    UPSTREAM: "Cluster Autoscaler",
    ACK: "ACK's Cluster Autoscaler",
    CCE: "CCE's Cluster Autoscaler",
    GOATSCALER: "GOATScaler",
    NONE: "no autoscaler",
    UNKNOWN: "an unknown autoscaler",
}
_VERSION = re.compile(r":v?(\d{1,2})\.(\d{1,3})")
_ACK_IMAGE = re.compile(r"\.aliyuncs\.com/acs/")


@dataclass(frozen=True)
class Autoscaler:
    """What runs here. `version` is upstream's (None where the vendor has its own numbers); `flags` its command line;
    `meta` ACK's configuration; `priorities` the priority expander's ConfigMap."""

    kind: str = UNKNOWN
    version: tuple[int, int] | None = None
    evidence: tuple[str, ...] = ()
    workload: str = ""
    flags: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    priorities: str | None = None
    status: Status | None = None
    activities: tuple[Activity, ...] = ()

    def __str__(self) -> str:
        version = f" {self.version[0]}.{self.version[1]}" if self.version else ""
        because = f" ({'; '.join(self.evidence)})" if self.evidence else ""
        return f"{self.name}{version}{because}"

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    @cached_property
    def latest(self) -> Mapping[Act, Activity]:
        """The newest activity of each sort."""
        return {activity.act: activity for activity in reversed(self.activities)}


def find(snapshot: Snapshot) -> Autoscaler:
    """What can be seen of an autoscaler in these objects."""
    deployment = _deployment(snapshot)
    arguments = autoscaler_flags.parse(_arguments(deployment)) if deployment is not None else {}
    maps = snapshot.table("ConfigMap")
    namespace = str(arguments.get("namespace", deployment.namespace if deployment is not None else NAMESPACE))
    status_name = str(arguments.get("status-config-map-name", autoscaler_status.CONFIG_MAP))
    meta = _meta(maps.get(f"{NAMESPACE}/{META}"))
    activities = autoscaler_events.read(snapshot.table("Event").values())
    status = _status(maps.get(f"{namespace}/{status_name}"))
    kind, evidence = _kind(snapshot, deployment, meta, status, activities)
    priorities = maps.get(f"{namespace}/{PRIORITIES}")
    return Autoscaler(
        kind=kind,
        version=_version(deployment) if kind in (UPSTREAM, CCE) else None,
        evidence=tuple(evidence),
        workload=f"{deployment.namespace}/{deployment.name}" if deployment is not None else "",
        flags=arguments,
        meta=meta,
        priorities=priorities.data.get("priorities") if priorities is not None else None,
        status=status,
        activities=activities,
    )


def _deployment(snapshot: Snapshot) -> Workload | None:
    """The Deployment of an autoscaler: by name, in kube-system first."""
    named = [w for w in snapshot.table("Deployment").values() if w.programs and _is_autoscaler(w)]
    return min(named, key=lambda w: (w.namespace != NAMESPACE, w.replicas == 0), default=None)


def _is_autoscaler(workload: Workload) -> bool:
    return goatscaler.SOURCE in workload.name or any(
        _program_name(program).endswith(UPSTREAM) or re.search(r"/(cluster-)?autoscaler([:@]|\Z)", program.image)
        for program in workload.programs
    )


def _program_name(program: Program) -> str:
    return program.arguments[0].split()[0] if program.arguments and program.arguments[0].split() else ""


def _arguments(deployment: Workload) -> Iterator[str]:
    for program in deployment.programs:
        yield from program.arguments


def _version(deployment: Workload | None) -> tuple[int, int] | None:
    """Upstream's version in the image tag. A vendor's own numbers (`v1.3.1-…`) are none."""
    for program in deployment.programs if deployment is not None else ():
        match = _VERSION.search(program.image)
        if match and (int(match[1]), int(match[2])) >= (1, 10):
            return int(match[1]), int(match[2])
    return None


def _meta(config: Generic | None) -> Mapping[str, Any]:
    """ACK's configuration: plain keys and JSON documents in one map."""
    found: dict[str, Any] = {}
    for key, text in (config.data if config is not None else {}).items():
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            inner = text
        if isinstance(inner, dict):
            found.update(inner)
        else:
            found[key] = inner if isinstance(inner, bool) else text
    return found


def _status(config: Generic | None) -> Status | None:
    if config is None:
        return None
    return autoscaler_status.read(
        config.data.get("status", ""), config.annotations.get(autoscaler_status.UPDATED_ANNOTATION)
    )


def _kind(
    snapshot: Snapshot,
    deployment: Workload | None,
    meta: Mapping[str, Any],
    status: Status | None,
    activities: Iterable[Activity],
) -> tuple[str, list[str]]:
    evidence = []
    if deployment is not None:
        image = deployment.programs[0].image
        evidence.append(f"Deployment {deployment.key}, image {one_line(image, 120)}")
    if status is not None:
        evidence.append("its status ConfigMap")
    goat = list(_goatscaler_evidence(snapshot, deployment, meta, activities))
    if goat and (deployment is None or goatscaler.SOURCE in deployment.name) and status is None:
        return GOATSCALER, evidence + goat
    if deployment is not None and deployment.replicas == 0:
        return NONE, [*evidence, "scaled to 0 replicas"]
    if deployment is not None or status is not None:
        return _vendor(snapshot, deployment), evidence
    unread = [kind for kind in ("Deployment", "ConfigMap", "Event") if not snapshot.has(kind)]
    if unread:
        return UNKNOWN, [f"{', '.join(unread)} not available"]
    return NONE, ["no Deployment, status or event of one"]


def _goatscaler_evidence(
    snapshot: Snapshot, deployment: Workload | None, meta: Mapping[str, Any], activities: Iterable[Activity]
) -> Iterator[str]:
    if deployment is not None and goatscaler.SOURCE in deployment.name:
        yield f"Deployment {deployment.key}"
    if str(meta.get("scaler-type", "")).lower() == goatscaler.SOURCE:
        yield f"ConfigMap {NAMESPACE}/{META}: scaler-type goatscaler"
    managed = sum(1 for node in snapshot.nodes.values() if goatscaler.manages(node))
    if managed:
        yield f"{managed} nodes labelled as GOATScaler's"
    said = [activity for activity in activities if activity.source == goatscaler.SOURCE]
    if said:
        yield f"{len(said)} events of GOATScaler"


def _vendor(snapshot: Snapshot, deployment: Workload | None) -> str:
    if deployment is not None and any(_ACK_IMAGE.search(program.image) for program in deployment.programs):
        return ACK
    return CCE if any(cce.is_cce(node) for node in snapshot.nodes.values()) else UPSTREAM
