"""The verbs on stored resources: get, list, create, update, patch, delete, and the read-only metrics."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from sim.kube import events, fields, protobuf, shapes, strategy
from sim.kube.answer import Answer
from sim.kube.deletion import DeleteOptions
from sim.kube.errors import (
    ApiError,
    bad_request,
    details_of,
    expired,
    method_not_allowed,
    not_found,
    too_large_version,
)
from sim.kube.paging import Page, Pager
from sim.kube.registry import Registry
from sim.kube.request import Filter, RequestInfo, User, decode_body, read_filter
from sim.kube.resources import EVENTS_V1, Resource

Obj = dict[str, Any]

_RETURNED_WHEN_DELETED = frozenset({"Pod", "Node", "PersistentVolumeClaim", "PersistentVolume", "Service"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a resource, understood and allowed."""

    info: RequestInfo
    resource: Resource
    user: User
    accept: str = ""
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def kind(self) -> str:
        return self.resource.kind

    @property
    def namespace(self) -> str:
        return self.info.namespace if self.resource.namespaced else ""

    def sent(self) -> Obj:
        """The JSON object of the body."""
        if self.content_type.startswith(protobuf.MEDIA_TYPE):
            return protobuf.decode(self.body)
        body = decode_body(self.body)
        if not isinstance(body, dict):
            raise bad_request("the body of the request is not an object")
        return body


class MetricsSource(Protocol):
    """Where metrics.k8s.io answers come from (sim/controllers/usage.py); both give complete objects."""

    def nodes(self) -> list[Obj]: ...

    def pods(self, namespace: str) -> list[Obj]: ...


class Verbs:
    """Carries out calls on whole objects."""

    def __init__(self, registry: Registry, metrics: MetricsSource | None) -> None:
        self.registry = registry
        self.pager = Pager(registry)
        self.metrics = metrics

    def answer(self, call: Call) -> Answer:
        """Do what the call's verb says."""
        if call.resource.group == "metrics.k8s.io":
            return self._metrics(call)
        match call.info.verb:
            case "get":
                return self._shown(call, self._get(call))
            case "list":
                return Answer(self._list(call))
            case "create":
                return self._shown(call, self._create(call), 201)
            case "update":
                return self._shown(call, self._update(call))
            case "patch":
                return self._shown(call, self._patch(call))
            case "delete":
                return self._delete(call)
            case "deletecollection":
                return self._delete_all(call)
        raise method_not_allowed()

    def _shown(self, call: Call, obj: Obj, code: int = 200) -> Answer:
        form = shapes.asked_form(call.accept, call.info.query)
        return Answer(shapes.of_object(call.resource, form, self.registry.clock.now())(obj), code)

    def _get(self, call: Call) -> Obj:
        self._check_version(call.info.query.get("resourceVersion", ""))
        return self.registry.get(call.kind, call.info.name, call.namespace)

    def _list(self, call: Call) -> Obj:
        wanted = read_filter(call.info.query, call.kind)
        form = shapes.asked_form(call.accept, call.info.query)
        return shapes.of_page(call.resource, self._page(call, wanted), form, self.registry.clock.now())

    def _page(self, call: Call, wanted: Filter) -> Page:
        query, limit = call.info.query, call.info.number("limit")
        token, version = query.get("continue", ""), query.get("resourceVersion", "")
        match_ = query.get("resourceVersionMatch", "")
        if token:
            if version not in ("", "0"):
                raise bad_request("specifying resource version is not allowed when using continue")
            return self.pager.next(call.kind, call.namespace, wanted, limit, token)
        if match_ and not version:
            raise bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
        self._check_version(version)
        exact = match_ == "Exact" or (limit and not match_ and version not in ("", "0"))
        if exact and int(version) != self.registry.version:
            raise expired("The resourceVersion for the provided list is too old.")
        if limit and version != "0":
            return self.pager.first(call.kind, call.namespace, wanted, limit)
        return self.pager.whole(call.kind, call.namespace, wanted)

    def _check_version(self, version: str) -> None:
        if not version:
            return
        if not version.isdigit():
            raise bad_request(f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: invalid syntax')
        if int(version) > self.registry.version:
            raise too_large_version(int(version), self.registry.version)

    def _create(self, call: Call) -> Obj:
        if call.info.name:
            raise method_not_allowed()
        obj = call.sent()
        if call.resource is EVENTS_V1:
            obj = events.from_v1(obj)
        self._check_kind(call, obj)
        fields.check(call.resource, obj)
        obj = strategy.from_client(call.resource, obj)
        if call.resource.namespaced:
            if obj["metadata"].get("namespace", call.namespace) != call.namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            obj["metadata"]["namespace"] = call.namespace
        return self.registry.create(call.kind, obj, dry_run=call.info.dry_run)

    def _check_kind(self, call: Call, obj: Obj) -> None:
        kind = obj.get("kind", call.kind)
        if kind != call.kind:
            raise bad_request(
                f"the API version in the data ({obj.get('apiVersion')}, Kind={kind}) does not match the expected "
                f"API version ({call.resource.api_version})"
            )

    def _update(self, call: Call) -> Obj:
        obj = call.sent()
        self._check_kind(call, obj)
        fields.check(call.resource, obj)
        meta = obj.get("metadata") or {}
        if meta.get("name", call.info.name) != call.info.name:
            name = call.info.name
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
        obj = {**obj, "metadata": {**meta, "name": call.info.name, "namespace": call.namespace}}
        return self.registry.update(call.kind, obj, subresource=call.info.subresource, dry_run=call.info.dry_run)

    def _patch(self, call: Call) -> Obj:
        how = call.content_type.partition(";")[0].strip()
        return self.registry.patch(
            call.kind,
            call.info.name,
            decode_body(call.body),
            call.namespace,
            how=how,
            subresource=call.info.subresource,
            dry_run=call.info.dry_run,
        )

    def _delete(self, call: Call) -> Answer:
        options = read_delete_options(call)
        last = self.registry.delete(call.kind, call.info.name, call.namespace, options)
        if call.kind in _RETURNED_WHEN_DELETED or "deletionTimestamp" in last["metadata"]:
            return self._shown(call, last)
        details = {**details_of(call.resource, call.info.name), "uid": last["metadata"]["uid"]}
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
        return Answer({**head, "status": "Success", "details": details})

    def _delete_all(self, call: Call) -> Answer:
        options = read_delete_options(call)
        page = self.pager.whole(call.kind, call.namespace, read_filter(call.info.query, call.kind))
        for obj in page.items:
            self.registry.delete(call.kind, obj["metadata"]["name"], obj["metadata"].get("namespace", ""), options)
        return Answer(shapes.of_page(call.resource, page, "plain", self.registry.clock.now()))

    def _metrics(self, call: Call) -> Answer:
        if self.metrics is None:
            raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        found = self.metrics.nodes() if call.kind == "NodeMetrics" else self.metrics.pods(call.namespace)
        if call.info.verb == "get":
            for obj in found:
                if obj["metadata"]["name"] == call.info.name:
                    return Answer(obj)
            raise not_found(call.resource, call.info.name)
        if call.info.verb != "list":
            raise method_not_allowed()
        wanted = read_filter(call.info.query, call.kind)
        items = [obj for obj in found if wanted.matches(obj)]
        head = {"kind": f"{call.kind}List", "apiVersion": call.resource.api_version, "metadata": {}}
        return Answer({**head, "items": items})


def read_delete_options(call: Call) -> DeleteOptions:
    """From the body, or from the query where the body is empty."""
    body = call.sent() if call.body else {}
    query = call.info.query
    for name in ("propagationPolicy", "gracePeriodSeconds"):
        if name in query:
            body = {name: query[name], **body}
    if call.info.dry_run:
        body = {**body, "dryRun": ["All"]}
    return DeleteOptions.read(body)
