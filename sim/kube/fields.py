"""The JSON types of fields that the controllers rely on, so that no body of a wrong shape gets into the store.

By field name, wherever it stands: the names are unambiguous among the served built-in kinds.
"""

import re
from typing import Any

from sim.kube.errors import bad_request
from sim.kube.resources import Resource

Obj = dict[str, Any]

_OBJECTS = (
    *("affinity", "annotations", "binaryData", "claimRef", "data", "labels", "limits", "matchLabels", "metadata"),
    *("nodeAffinity", "nodeSelector", "podAffinity", "podAntiAffinity", "requests", "rollingUpdate", "scaleTargetRef"),
    *("securityContext", "selector", "spec", "strategy", "stringData", "template", "updateStrategy"),
)
_ARRAYS = (
    *("addresses", "conditions", "containers", "env", "ephemeralContainers", "finalizers", "images", "initContainers"),
    *("matchExpressions", "matchFields", "metrics", "nodeSelectorTerms", "ownerReferences", "ports", "rules"),
    *("schedulingGates", "subjects", "taints", "tolerations", "topologySpreadConstraints", "volumeClaimTemplates"),
    *("volumeMounts", "volumes"),
)
_NUMBERS = (
    *(
        "activeDeadlineSeconds",
        "backoffLimit",
        "completions",
        "leaseDurationSeconds",
        "leaseTransitions",
        "maxReplicas",
        "minReadySeconds",
        "minReplicas",
    ),
    *("parallelism", "priority", "replicas", "revisionHistoryLimit", "terminationGracePeriodSeconds"),
    "ttlSecondsAfterFinished",
)
_TEXTS = ("generateName", "kind", "name", "namespace", "nodeName", "schedulerName", "uid")
_TYPES: dict[str, type] = {
    **dict.fromkeys(_OBJECTS, dict),
    **dict.fromkeys(_ARRAYS, list),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(_TEXTS, str),
}
_ELEMENTS: dict[str, type] = {name: dict for name, type_ in _TYPES.items() if type_ is list}
_ELEMENTS |= {"finalizers": str}
_OPAQUE = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "stringData"})
_MICRO_TIMES = frozenset({"acquireTime", "eventTime", "renewTime"})
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")  # six digits, no fewer
_WORDS = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "bool"}


def check(resource: Resource, obj: Obj) -> None:
    """400 for a field of the wrong JSON type; of custom kinds only the metadata is looked at."""
    status = obj.get("status")
    if status is not None and not isinstance(status, dict):
        raise _wrong(resource, ".status", status, dict)
    _walk(resource, {"metadata": obj.get("metadata")} if resource.custom else obj, "")


def _walk(resource: Resource, obj: Obj, path: str) -> None:
    for name, value in obj.items():
        wanted = _TYPES.get(name)
        if value is None:
            continue
        place = f"{path}.{name}"
        if wanted is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            raise _wrong(resource, place, value, wanted)
        if name in _MICRO_TIMES and not _MICRO_TIME.fullmatch(str(value)):
            raise _no_time(resource, value)
        if resource.kind == "ControllerRevision" and name == "data":  # any object
            continue
        if name in _OPAQUE:
            _check_texts(resource, value, place)
        elif isinstance(value, dict):
            _walk(resource, value, place)
        elif isinstance(value, list):
            _walk_list(resource, name, value, place)


def _walk_list(resource: Resource, name: str, values: list[Any], place: str) -> None:
    wanted = _ELEMENTS.get(name)
    for value in values:
        if wanted is not None and not isinstance(value, wanted):
            raise _wrong(resource, place, value, wanted)
        if isinstance(value, dict):
            _walk(resource, value, place)


def _check_texts(resource: Resource, values: Any, place: str) -> None:
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        if not isinstance(value, str):
            raise _wrong(resource, f"{place}.{name}", value, str)


def _wrong(resource: Resource, place: str, value: Any, wanted: type) -> Exception:
    kind, found = resource.kind, _WORDS.get(type(value), "value")
    return bad_request(
        f'{kind} in version "{resource.version}" cannot be handled as a {kind}: json: cannot unmarshal {found} into Go '
        f"struct field {kind}{place} of type {_WORDS[wanted]}"
    )


def _no_time(resource: Resource, value: Any) -> Exception:
    kind, layout = resource.kind, "2006-01-02T15:04:05.000000Z07:00"
    how = f'cannot be handled as a {kind}: parsing time "{value}" as "{layout}": cannot parse "{value}"'
    return bad_request(f'{kind} in version "{resource.version}" {how}')
