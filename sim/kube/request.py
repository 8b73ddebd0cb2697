"""What a request asks for: path and query split into verb, resource, namespace, name and subresource.

After k8s.io/apiserver request.RequestInfo; nothing is looked up here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.errors import InputError
from core.kube import selectors
from core.kube.selectors import Requirement
from sim.kube.errors import bad_request

Obj = dict[str, Any]

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "HEAD": "get", "DELETE": "delete"}
_OF_NAMESPACE = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def identity(self) -> Obj:
        """`authentication.k8s.io` UserInfo."""
        return {"username": self.name, "groups": list(self.groups)}


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """One request. `plural` is empty for paths that name no resource (`/version`, discovery, health)."""

    path: str
    verb: str
    query: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource_path(self) -> str:
        """`pods/eviction`: how rules and messages name it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true", "t")

    def number(self, name: str) -> int:
        text = self.query.get(name) or "0"
        if not text.isdigit():
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax ({name})')
        return int(text)

    @property
    def dry_run(self) -> bool:
        value = self.query.get("dryRun", "")
        if value not in ("", "All"):
            raise bad_request(f'invalid dryRun: Unsupported value: "{value}": supported values: "All"')
        return value == "All"


def read(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Split a request's path; the verb is `list` or `watch` where a GET names no object."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        return _resource(method, path, query, "", parts[1], parts[2:])
    if len(parts) >= 4 and parts[0] == "apis":
        return _resource(method, path, query, parts[1], parts[2], parts[3:])
    return RequestInfo(path, method.lower(), query)


def _resource(
    method: str, path: str, query: Mapping[str, str], group: str, version: str, rest: list[str]
) -> RequestInfo:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 2:
        namespace = rest[1]
        if len(rest) >= 3 and rest[2] not in _OF_NAMESPACE:
            rest = rest[2:]
    plural, name, subresource, *_ = (*rest, "", "")
    verb = _VERBS.get(method, method.lower())
    if not name:
        watching = query.get("watch", "").lower() in ("1", "true", "t")
        verb = {"get": "watch" if watching else "list", "delete": "deletecollection"}.get(verb, verb)
    return RequestInfo(path, verb, query, group, version, namespace, plural, name, subresource)


@dataclass(frozen=True, slots=True)
class Filter:
    """A label and a field selector together."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()
    label_text: str = ""
    field_text: str = ""

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, obj: Obj) -> bool:
        if self.labels and not selectors.matches(self.labels, obj["metadata"].get("labels") or {}):
            return False
        return all(_value_matches(requirement, obj) for requirement in self.fields)

    def exactly(self, name: str) -> str | None:
        """The value that field must have, when the selector pins it."""
        for requirement in self.fields:
            if requirement.key == name and requirement.operator == "In" and requirement.values:
                return requirement.values[0]
        return None


def read_filter(query: Mapping[str, str], kind: str) -> Filter:
    """The request's selectors; 400 for one that can't be read or a field that the kind doesn't index."""
    label_text, field_text = query.get("labelSelector") or "", query.get("fieldSelector") or ""
    if not label_text and not field_text:
        return Filter()
    try:
        fields = tuple(_field(term) for term in field_text.split(",") if term.strip())
        wanted = Filter(selectors.parse(label_text), fields, label_text, field_text)
    except InputError as error:
        raise bad_request(f"unable to parse requirement: {error}") from None
    known = (*_COMMON_FIELDS, *_FIELDS.get(kind, ()))
    for requirement in fields:
        if requirement.key not in known:
            raise bad_request(f"field label not supported: {requirement.key}")
    return wanted


def _field(term: str) -> Requirement:
    for mark, operator in (("!=", "NotIn"), ("==", "In"), ("=", "In")):
        key, found, value = term.partition(mark)
        if found:
            return Requirement(key.strip(), operator, (value.strip(),))
    raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")


_COMMON_FIELDS = ("metadata.name", "metadata.namespace")
_EVENT_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
    "Job": ("status.successful",),
    "ReplicaSet": ("status.replicas",),
    "ReplicationController": ("status.replicas",),
    "Event": (
        *(f"involvedObject.{name}" for name in _EVENT_FIELDS),
        *(f"regarding.{name}" for name in _EVENT_FIELDS),
        "reason",
        "reportingComponent",
        "reportingController",
        "source",
        "type",
    ),
}
_BOOLEANS = frozenset({"spec.unschedulable", "spec.hostNetwork"})
_ALIASES = {"source": "source.component", "reportingController": "reportingComponent"}


def _value_matches(requirement: Requirement, obj: Obj) -> bool:
    path = _ALIASES.get(requirement.key, requirement.key).replace("regarding.", "involvedObject.")
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if requirement.key in _BOOLEANS:
        value = "true" if value else "false"
    text = "" if value is None else str(value)
    wanted = (requirement.values or ("",))[0]
    return (text == wanted) == (requirement.operator == "In")


def decode_body(body: bytes) -> Any:
    """JSON of a request body; 400 when it is none."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None
