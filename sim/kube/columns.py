"""The columns of server-side tables for the common kinds, as `kubectl get` shows them (pkg/printers/internalversion).

A column is (name, type, priority, cell): priority 1 shows with `-o wide` only.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sim.kube.ages import since

Obj = dict[str, Any]
Cell = Callable[[Obj, datetime], Any]
Column = tuple[str, str, int, Cell]

_NONE = "<none>"


def _at(*path: str, default: Any = _NONE) -> Cell:
    def cell(obj: Obj, _now: datetime) -> Any:
        value: Any = obj
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return default if value is None or value == "" else value

    return cell


def _name(obj: Obj, _now: datetime) -> Any:
    return obj["metadata"]["name"]


def _age(obj: Obj, now: datetime) -> Any:
    return since(obj["metadata"].get("creationTimestamp"), now)


NAME: Column = ("Name", "string", 0, _name)
AGE: Column = ("Age", "string", 0, _age)


def _status(obj: Obj, field: str) -> Any:
    return (obj.get("status") or {}).get(field) or 0


def _count(field: str) -> Cell:
    return lambda obj, _now: _status(obj, field)


def _desired(obj: Obj, _now: datetime) -> Any:
    return (obj.get("spec") or {}).get("replicas", 1)


def _of_desired(field: str) -> Cell:
    return lambda obj, now: f"{_status(obj, field)}/{_desired(obj, now)}"


def _pod_ready(obj: Obj, _now: datetime) -> str:
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    total = len((obj.get("spec") or {}).get("containers") or ())
    return f"{sum(bool(status.get('ready')) for status in statuses)}/{total}"


def pod_status(obj: Obj) -> str:
    """The word in the STATUS column: the phase unless a reason says more."""
    status: Obj = obj.get("status") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    for container in status.get("containerStatuses") or ():
        state: Obj = container.get("state") or {}
        reason = (state.get("waiting") or {}).get("reason") or (state.get("terminated") or {}).get("reason")
        word = reason or word
    if any(c.get("reason") == "SchedulingGated" for c in status.get("conditions") or ()):
        word = "SchedulingGated"
    if "deletionTimestamp" in obj["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(word)


def _restarts(obj: Obj, _now: datetime) -> str:
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    return str(sum(int(status.get("restartCount", 0)) for status in statuses))


def _node_status(obj: Obj, _now: datetime) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), None)
    word = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    return word + (",SchedulingDisabled" if (obj.get("spec") or {}).get("unschedulable") else "")


def _node_roles(obj: Obj, _now: datetime) -> str:
    labels = obj["metadata"].get("labels") or {}
    prefix = "node-role.kubernetes.io/"
    return ",".join(sorted(key[len(prefix) :] for key in labels if key.startswith(prefix))) or _NONE


def _address(type_: str) -> Cell:
    def cell(obj: Obj, _now: datetime) -> Any:
        addresses = (obj.get("status") or {}).get("addresses") or ()
        return next((a.get("address") for a in addresses if a.get("type") == type_), _NONE)

    return cell


def _images(obj: Obj, _now: datetime) -> str:
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return ",".join(container.get("image", "") for container in spec.get("containers") or ())


def _containers(obj: Obj, _now: datetime) -> str:
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return ",".join(container.get("name", "") for container in spec.get("containers") or ())


def _selector(obj: Obj, _now: datetime) -> str:
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items()) or _NONE


def _job_status(obj: Obj, _now: datetime) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ended = next(
        (c["type"] for c in conditions if c.get("status") == "True" and c["type"] in ("Complete", "Failed")), ""
    )
    return ended or ("Suspended" if (obj.get("spec") or {}).get("suspend") else "Running")


def _completions(obj: Obj, _now: datetime) -> str:
    return f"{_status(obj, 'succeeded')}/{(obj.get('spec') or {}).get('completions', 1)}"


def _event_object(obj: Obj, _now: datetime) -> str:
    about: Obj = obj.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_seen(obj: Obj, now: datetime) -> str:
    moment = obj.get("lastTimestamp") or (obj.get("series") or {}).get("lastObservedTime") or obj.get("eventTime")
    return since(moment or obj["metadata"].get("creationTimestamp"), now)


def _hpa_target(obj: Obj, _now: datetime) -> str:
    reference: Obj = (obj.get("spec") or {}).get("scaleTargetRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _hpa_metrics(obj: Obj, _now: datetime) -> str:
    current = {m.get("resource", {}).get("name"): m for m in (obj.get("status") or {}).get("currentMetrics") or ()}
    words = []
    for metric in (obj.get("spec") or {}).get("metrics") or ():
        resource: Obj = metric.get("resource") or {}
        seen = current.get(resource.get("name"), {}).get("resource", {}).get("current", {}).get("averageUtilization")
        target = (resource.get("target") or {}).get("averageUtilization", "?")
        words.append(
            f"{resource.get('name', metric.get('type', ''))}: {'<unknown>' if seen is None else f'{seen}%'}/{target}%"
        )
    return ", ".join(words) or _NONE


def _data(obj: Obj, _now: datetime) -> int:
    return len(obj.get("data") or {}) + len(obj.get("binaryData") or {})


_SHORT_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _access_modes(obj: Obj, _now: datetime) -> str:
    modes = (obj.get("status") or {}).get("accessModes") or (obj.get("spec") or {}).get("accessModes") or ()
    return ",".join(_SHORT_MODES.get(mode, mode) for mode in modes)


def _node_selector(obj: Obj, _now: datetime) -> str:
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return ",".join(f"{key}={value}" for key, value in (spec.get("nodeSelector") or {}).items()) or _NONE


def _duration(obj: Obj, now: datetime) -> str:
    status = obj.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = datetime.fromisoformat(status["completionTime"]) if status.get("completionTime") else now
    return since(status["startTime"], end)


def _first_seen(obj: Obj, now: datetime) -> str:
    return since(obj.get("firstTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp"), now)


def _ports(obj: Obj, _now: datetime) -> str:
    ports = (obj.get("spec") or {}).get("ports") or ()
    return ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in ports) or _NONE


def _text(path: str, *, title: str = "", wide: bool = False, default: Any = _NONE) -> Column:
    parts = path.split(".")
    return (title or parts[-1], "string", int(wide), _at(*parts, default=default))


_TEMPLATE: tuple[Column, ...] = (
    ("Containers", "string", 1, _containers),
    ("Images", "string", 1, _images),
    ("Selector", "string", 1, _selector),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        NAME,
        ("Ready", "string", 0, _pod_ready),
        ("Status", "string", 0, lambda obj, _now: pod_status(obj)),
        ("Restarts", "string", 0, _restarts),
        AGE,
        _text("status.podIP", title="IP", wide=True),
        _text("spec.nodeName", title="Node", wide=True),
        _text("status.nominatedNodeName", title="Nominated Node", wide=True),
        ("Readiness Gates", "string", 1, lambda _obj, _now: _NONE),
    ),
    "Node": (
        NAME,
        ("Status", "string", 0, _node_status),
        ("Roles", "string", 0, _node_roles),
        AGE,
        _text("status.nodeInfo.kubeletVersion", title="Version", default=""),
        ("Internal-IP", "string", 1, _address("InternalIP")),
        ("External-IP", "string", 1, _address("ExternalIP")),
        _text("status.nodeInfo.osImage", title="OS-Image", wide=True, default="<unknown>"),
        _text("status.nodeInfo.kernelVersion", title="Kernel-Version", wide=True, default="<unknown>"),
        _text("status.nodeInfo.containerRuntimeVersion", title="Container-Runtime", wide=True, default="<unknown>"),
    ),
    "Deployment": (
        NAME,
        ("Ready", "string", 0, _of_desired("readyReplicas")),
        ("Up-to-date", "string", 0, _count("updatedReplicas")),
        ("Available", "string", 0, _count("availableReplicas")),
        AGE,
        *_TEMPLATE,
    ),
    "ReplicaSet": (
        NAME,
        ("Desired", "integer", 0, _desired),
        ("Current", "integer", 0, _count("replicas")),
        ("Ready", "integer", 0, _count("readyReplicas")),
        AGE,
        *_TEMPLATE,
    ),
    "StatefulSet": (NAME, ("Ready", "string", 0, _of_desired("readyReplicas")), AGE, *_TEMPLATE[:2]),
    "DaemonSet": (
        NAME,
        ("Desired", "integer", 0, _count("desiredNumberScheduled")),
        ("Current", "integer", 0, _count("currentNumberScheduled")),
        ("Ready", "integer", 0, _count("numberReady")),
        ("Up-to-date", "integer", 0, _count("updatedNumberScheduled")),
        ("Available", "integer", 0, _count("numberAvailable")),
        ("Node Selector", "string", 0, _node_selector),
        AGE,
        *_TEMPLATE,
    ),
    "Job": (
        NAME,
        ("Status", "string", 0, _job_status),
        ("Completions", "string", 0, _completions),
        ("Duration", "string", 0, _duration),
        AGE,
        *_TEMPLATE,
    ),
    "CronJob": (
        NAME,
        _text("spec.schedule", title="Schedule"),
        _text("spec.suspend", title="Suspend"),
        ("Active", "integer", 0, lambda obj, _now: len((obj.get("status") or {}).get("active") or ())),
        AGE,
    ),
    "HorizontalPodAutoscaler": (
        NAME,
        ("Reference", "string", 0, _hpa_target),
        ("Targets", "string", 0, _hpa_metrics),
        _text("spec.minReplicas", title="MinPods"),
        _text("spec.maxReplicas", title="MaxPods"),
        ("Replicas", "string", 0, _count("currentReplicas")),
        AGE,
    ),
    "PodDisruptionBudget": (
        NAME,
        _text("spec.minAvailable", title="Min Available", default="N/A"),
        _text("spec.maxUnavailable", title="Max Unavailable", default="N/A"),
        ("Allowed Disruptions", "integer", 0, _count("disruptionsAllowed")),
        AGE,
    ),
    "Event": (
        ("Last Seen", "string", 0, _event_seen),
        _text("type", title="Type"),
        _text("reason", title="Reason"),
        ("Object", "string", 0, _event_object),
        _text("involvedObject.fieldPath", title="Subobject", wide=True, default=""),
        _text("source.component", title="Source", wide=True, default=""),
        ("Message", "string", 0, _at("message", default="")),
        ("First Seen", "string", 1, _first_seen),
        _text("count", title="Count", wide=True, default=1),
        ("Name", "string", 1, _name),
    ),
    "Namespace": (NAME, _text("status.phase", title="Status"), AGE),
    "ConfigMap": (NAME, ("Data", "string", 0, _data), AGE),
    "Secret": (NAME, _text("type", title="Type"), ("Data", "string", 0, _data), AGE),
    "Service": (
        NAME,
        _text("spec.type", title="Type"),
        _text("spec.clusterIP", title="Cluster-IP"),
        _text("spec.externalName", title="External-IP"),
        ("Port(s)", "string", 0, _ports),
        AGE,
    ),
    "PersistentVolumeClaim": (
        NAME,
        _text("status.phase", title="Status"),
        _text("spec.volumeName", title="Volume", default=""),
        _text("status.capacity.storage", title="Capacity", default=""),
        ("Access Modes", "string", 0, _access_modes),
        _text("spec.storageClassName", title="StorageClass", default=""),
        _text("spec.volumeAttributesClassName", title="VolumeAttributesClass", default="<unset>"),
        AGE,
        _text("spec.volumeMode", title="VolumeMode", wide=True, default="<unset>"),
    ),
    "PersistentVolume": (
        NAME,
        _text("spec.capacity.storage", title="Capacity", default=""),
        _text("spec.persistentVolumeReclaimPolicy", title="Reclaim Policy"),
        _text("status.phase", title="Status"),
        _text("spec.storageClassName", title="StorageClass", default=""),
        AGE,
    ),
    "StorageClass": (
        NAME,
        _text("provisioner", title="Provisioner"),
        _text("reclaimPolicy", title="ReclaimPolicy"),
        _text("volumeBindingMode", title="VolumeBindingMode"),
        _text("allowVolumeExpansion", title="AllowVolumeExpansion", default=False),
        AGE,
    ),
    "Lease": (NAME, _text("spec.holderIdentity", title="Holder"), AGE),
    "PriorityClass": (
        NAME,
        _text("value", title="Value"),
        _text("globalDefault", title="Global-Default", default=False),
        AGE,
    ),
}
