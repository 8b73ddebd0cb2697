"""Values that the API server fills in on create: kind defaults and the built-in admission plugins that add fields.

Rules: pkg/apis/*/v1/defaults.go, DefaultTolerationSeconds, Priority and ServiceAccount admission. No checks here.
"""

import base64
from collections.abc import Callable
from typing import Any

Obj = dict[str, Any]

_POD_SPEC: Obj = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "securityContext": {},
}
_CONTAINER: Obj = {
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_EVICTED_AFTER = [
    {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
]
_ROLLING = {"type": "RollingUpdate"}
_SPEC: dict[str, Obj] = {
    "Deployment": {
        "replicas": 1,
        "strategy": {**_ROLLING, "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    },
    "ReplicaSet": {"replicas": 1},
    "ReplicationController": {"replicas": 1},
    "DaemonSet": {
        "updateStrategy": {**_ROLLING, "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    },
    "StatefulSet": {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {**_ROLLING, "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    },
    "Job": {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    },
    "CronJob": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    },
    "HorizontalPodAutoscaler": {"minReplicas": 1},
    "Namespace": {"finalizers": ["kubernetes"]},
    "PersistentVolumeClaim": {"volumeMode": "Filesystem"},
    "Service": {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"},
}
_DAEMONS = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
_HEALTH = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
_STATUS: dict[str, Obj] = {
    "CronJob": {},
    "DaemonSet": dict.fromkeys(_DAEMONS, 0),
    "Deployment": {},
    "HorizontalPodAutoscaler": {"currentMetrics": None, "desiredReplicas": 0},
    "Job": {},
    "PodDisruptionBudget": dict.fromkeys(_HEALTH, 0),
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"availableReplicas": 0, "replicas": 0},
    "Namespace": {"phase": "Active"},
    "PersistentVolume": {"phase": "Available"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "Service": {"loadBalancer": {}},
}
_TOP: dict[str, Obj] = {
    "PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "Secret": {"type": "Opaque"},
}

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_NAMESPACE_FIELD = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
_TOKEN: Obj = {
    "defaultMode": 420,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [_NAMESPACE_FIELD]}},
    ],
}
_GATED: Obj = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}

PriorityOf = Callable[[str], tuple[int, str]]
"""Name of a PriorityClass ("" for the default) -> its value and preemption policy."""


def fill(obj: Obj, priority_of: PriorityOf, suffix: Callable[[], str]) -> Obj:
    """`obj` with the defaults of its kind; shares what it doesn't change. `suffix` makes random name endings."""
    kind = obj["kind"]
    if kind == "Pod":
        return _pod(obj, priority_of, suffix)
    result = {**_TOP.get(kind, {}), **obj}
    if kind in _SPEC:
        result["spec"] = {**_SPEC[kind], **(obj.get("spec") or {})}
        _fill_template(result["spec"])
    if kind in _STATUS:
        result["status"] = {**_STATUS[kind], **(obj.get("status") or {})}
    if kind == "Namespace":
        _label_namespace(result)
    if kind == "CustomResourceDefinition":
        _establish(result)
    if kind == "Job":
        _select_job_pods(result)
    if kind == "Secret" and obj.get("stringData"):
        _encode_texts(result)
    return result


def _encode_texts(secret: Obj) -> None:
    texts = secret.pop("stringData")
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    secret["data"] = {**(secret.get("data") or {}), **encoded}


def _fill_template(spec: Obj) -> None:
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        spec["template"] = {"metadata": {}, **template, "spec": _pod_spec(template["spec"])}
    job = spec.get("jobTemplate")
    if isinstance(job, dict) and isinstance(job.get("spec"), dict):
        spec["jobTemplate"] = {"metadata": {}, **job, "spec": dict(job["spec"])}
        _fill_template(spec["jobTemplate"]["spec"])


def _label_namespace(namespace: Obj) -> None:
    meta = namespace["metadata"]
    labels = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    namespace["metadata"] = {**meta, "labels": labels}


def _establish(definition: Obj) -> None:
    """A definition is accepted as it is, at once."""
    at = definition["metadata"].get("creationTimestamp")
    said = (("NamesAccepted", "NoConflicts"), ("Established", "InitialNamesAccepted"))
    conditions = [
        {"type": type_, "status": "True", "reason": reason, "message": "", "lastTransitionTime": at}
        for type_, reason in said
    ]
    definition["status"] = {"acceptedNames": (definition.get("spec") or {}).get("names"), "conditions": conditions}


def _select_job_pods(job: Obj) -> None:
    spec = job["spec"]
    if spec.get("selector") or not isinstance(spec.get("template"), dict):
        return
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    added = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    added |= {"controller-uid": uid, "job-name": name}
    meta = spec["template"].get("metadata") or {}
    labelled = {**meta, "labels": {**(meta.get("labels") or {}), **added}}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    spec["template"] = {**spec["template"], "metadata": labelled}
    if not job["metadata"].get("labels"):
        job["metadata"] = {**job["metadata"], "labels": labelled["labels"]}


def _pod_spec(spec: Obj) -> Obj:
    result = {**_POD_SPEC, **spec}
    for field in ("containers", "initContainers"):
        if isinstance(spec.get(field), list):
            result[field] = [_container(c, bool(spec.get("hostNetwork"))) for c in spec[field] if isinstance(c, dict)]
    return result


def _container(container: Obj, host_network: bool) -> Obj:
    result = {**_CONTAINER, **container}
    resources = result["resources"] or {}
    limits = resources.get("limits")
    if limits:
        result["resources"] = {**resources, "requests": {**limits, **(resources.get("requests") or {})}}
    if container.get("ports"):
        result["ports"] = [_port(port, host_network) for port in container["ports"]]
    return result


def _port(port: Obj, host_network: bool) -> Obj:
    result = {"protocol": "TCP", **port}
    if host_network and "hostPort" not in port:
        result["hostPort"] = port.get("containerPort")
    return result


def _pod(pod: Obj, priority_of: PriorityOf, suffix: Callable[[], str]) -> Obj:
    spec = _pod_spec(pod.get("spec") or {})
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("enableServiceLinks", True)
    if "priority" not in spec:
        spec["priority"], spec["preemptionPolicy"] = priority_of(spec.get("priorityClassName") or "")
    spec["tolerations"] = _tolerations(spec.get("tolerations") or [])
    if spec.get("automountServiceAccountToken", True) and spec.get("containers"):
        _mount_token(spec, f"kube-api-access-{suffix()}")
    status = {"phase": "Pending", "qosClass": qos_class(spec), **(pod.get("status") or {})}
    if spec.get("schedulingGates"):
        status["conditions"] = [_GATED]
    return {**pod, "spec": spec, "status": status}


def _mount_token(spec: Obj, name: str) -> None:
    """The service account's token, as the ServiceAccount admission mounts it into every container."""
    mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_PATH}
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            mounts = container.get("volumeMounts") or ()
            if all(other.get("mountPath") != _TOKEN_PATH for other in mounts):
                container["volumeMounts"] = [*mounts, mount]
    spec["volumes"] = [*(spec.get("volumes") or ()), {"name": name, "projected": _TOKEN}]


def _tolerations(declared: list[Obj]) -> list[Obj]:
    missing = [added for added in _EVICTED_AFTER if not any(_covers(own, added) for own in declared)]
    return [*declared, *missing]


def _covers(toleration: Obj, other: Obj) -> bool:
    return toleration.get("key", "") in ("", other["key"]) and toleration.get("effect", "") in ("", other["effect"])


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort (pkg/apis/core/helper/qos)."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    resources = [container.get("resources") or {} for container in containers]
    named = [{**(r.get("requests") or {}), **(r.get("limits") or {})} for r in resources]
    if not any("cpu" in amounts or "memory" in amounts for amounts in named):
        return "BestEffort"
    return "Guaranteed" if resources and all(_guaranteed(r) for r in resources) else "Burstable"


def _guaranteed(resources: Obj) -> bool:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return all(name in limits and requests.get(name, limits[name]) == limits[name] for name in ("cpu", "memory"))
