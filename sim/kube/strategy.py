"""What a create or an update may set: system fields, the split between spec and status, immutable fields, generation.

After pkg/registry/*/strategy.go and pkg/apis/*/validation, reduced to what clients of a capacity tool can run into.
"""

import re
from typing import Any

import msgspec

from core.kube.selectors import LabelSelector
from sim.kube.errors import bad_request, conflict, invalid, modified
from sim.kube.resources import Resource

Obj = dict[str, Any]

_SYSTEM = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "resourceVersion",
    "uid",
)
_WITHOUT_GENERATION = frozenset(
    {"HorizontalPodAutoscaler", "Node", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Service"}
)
_KEEPS_META_IN_STATUS = frozenset({"Node", "Pod"})
_WORKLOADS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PATH_NAMES = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
_MUTABLE_IN_CONTAINER = ("image",)
_MUTABLE_IN_POD = ("activeDeadlineSeconds", "schedulingGates", "terminationGracePeriodSeconds", "tolerations")
_NAME_PROBLEM = (
    'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '
    "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation "
    "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_POD_UPDATE = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def has_generation(resource: Resource, obj: Obj) -> bool:
    return "spec" in obj and resource.kind not in _WITHOUT_GENERATION


def from_client(resource: Resource, obj: Obj) -> Obj:
    """A create request's object without the fields that only the server sets."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SYSTEM}
    result = {**obj, "metadata": meta}
    if resource.has_status and resource.kind != "Node":
        result.pop("status", None)
    return result


def check_create(resource: Resource, obj: Obj) -> None:
    """422 for what would break the controllers: bad names, missing containers, selectors that miss their template."""
    name = obj["metadata"]["name"]
    if resource.kind not in _PATH_NAMES and not (_NAME.fullmatch(name) and len(name) <= 253):
        raise invalid(resource, name, "metadata.name", _NAME_PROBLEM.format(name=name))
    if resource.kind == "Pod" and not obj["spec"].get("containers"):
        raise invalid(resource, name, "spec.containers", "Required value", "FieldValueRequired")
    if resource.kind in _WORKLOADS:
        _check_selector(resource, obj)
    if resource.kind == "PodDisruptionBudget":
        _check_budget(resource, obj)
    if resource.kind == "Lease":
        _check_lease(resource, obj)


def _check_selector(resource: Resource, obj: Obj) -> None:
    name, spec = obj["metadata"]["name"], obj.get("spec") or {}
    selector = spec.get("selector")
    if not selector:
        raise invalid(resource, name, "spec.selector", "Required value", "FieldValueRequired")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not label_selector(selector).matches(labels):
        text = msgspec.json.encode(labels).decode()
        problem = f"Invalid value: {text}: `selector` does not match template `labels`"
        raise invalid(resource, name, "spec.template.metadata.labels", problem)


def _check_budget(resource: Resource, obj: Obj) -> None:
    spec = obj.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        problem = "Invalid value: minAvailable and maxUnavailable cannot be both set"
        raise invalid(resource, obj["metadata"]["name"], "spec", problem)


def _check_lease(resource: Resource, obj: Obj) -> None:
    limits = {"leaseDurationSeconds": (1, "greater than 0"), "leaseTransitions": (0, "greater than or equal to 0")}
    for field, (least, words) in limits.items():
        value = (obj.get("spec") or {}).get(field)
        if value is not None and value < least:
            problem = f"Invalid value: {value}: must be {words}"
            raise invalid(resource, obj["metadata"]["name"], f"spec.{field}", problem)


def label_selector(selector: Obj) -> LabelSelector:
    """A metav1.LabelSelector of an object; 400 when it is none."""
    try:
        return msgspec.convert(selector, LabelSelector, strict=False)
    except msgspec.ValidationError as error:
        raise bad_request(f"invalid label selector: {error}") from None


def update(resource: Resource, old: Obj, new: Obj, subresource: str) -> Obj:
    """The object to store: `new` as far as this (sub)resource may set it, everything else from `old`."""
    meta = _meta(resource, old, new)
    if subresource == "status":
        kept = meta if resource.kind in _KEEPS_META_IN_STATUS else old["metadata"]
        result = {**old, "metadata": kept}
        return _with(result, "status", new.get("status"))
    result = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": meta}
    if resource.has_status:
        result = _with(result, "status", old.get("status"))
    if resource.kind == "Namespace" and subresource != "finalize":
        result = _with(result, "spec", old.get("spec"))
    _check_update(resource, old, result)
    if has_generation(resource, result) and result.get("spec") != old.get("spec"):
        result["metadata"] = {**meta, "generation": meta.get("generation", 0) + 1}
    return result


def check_identity(resource: Resource, old: Obj, new: Obj) -> None:
    """422 when a patch gives an object another uid."""
    uid = new["metadata"].get("uid")
    if uid != old["metadata"]["uid"]:
        raise invalid(resource, old["metadata"]["name"], "metadata.uid", f'Invalid value: "{uid}": field is immutable')


def _with(obj: Obj, field: str, value: Any) -> Obj:
    if value is None:
        return {key: kept for key, kept in obj.items() if key != field}
    return {**obj, field: value}


def _meta(resource: Resource, old: Obj, new: Obj) -> Obj:
    before, after = old["metadata"], new.get("metadata") or {}
    name = before["name"]
    if after.get("name", name) != name:
        raise bad_request(f"the name of the object ({after['name']}) does not match the name on the URL ({name})")
    if after.get("resourceVersion") not in (None, "", before["resourceVersion"]):
        raise modified(resource, name)
    if after.get("uid") not in (None, "", before["uid"]):
        why = f"Precondition failed: UID in precondition: {after['uid']}, UID in object meta: {before['uid']}"
        raise conflict(resource, name, why)
    kept = {key: before[key] for key in ("namespace", *_SYSTEM) if key in before}
    settable = {key: value for key, value in after.items() if key not in _SYSTEM}
    return {**settable, **kept, "name": name}


def _check_update(resource: Resource, old: Obj, new: Obj) -> None:
    before, after = old.get("spec") or {}, new.get("spec") or {}
    if before is after or before == after:
        return
    name = old["metadata"]["name"]
    if resource.kind == "Lease":
        _check_lease(resource, new)
    if resource.kind in _WORKLOADS and before.get("selector") != after.get("selector"):
        text = msgspec.json.encode(after.get("selector")).decode()
        raise invalid(resource, name, "spec.selector", f"Invalid value: {text}: field is immutable")
    if resource.kind == "Pod" and _frozen(before) != _frozen(after):
        raise invalid(resource, name, "spec", _POD_UPDATE, "FieldValueForbidden")
    if resource.kind == "Node" and before.get("providerID") and before["providerID"] != after.get("providerID"):
        problem = 'Forbidden: node updates may not change providerID except from "" to valid'
        raise invalid(resource, name, "spec.providerID", problem, "FieldValueForbidden")


def _frozen(spec: Obj) -> Obj:
    """What of a pod's spec nobody may change."""
    kept = {key: value for key, value in spec.items() if key not in _MUTABLE_IN_POD}
    for field in ("containers", "initContainers"):
        containers = spec.get(field) or []
        kept[field] = [{k: v for k, v in c.items() if k not in _MUTABLE_IN_CONTAINER} for c in containers]
    return kept
