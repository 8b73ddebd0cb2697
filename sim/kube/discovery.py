"""What the server says it serves: groups and resources, their aggregated form, version, and a minimal OpenAPI v3."""

from collections.abc import Iterable
from typing import Any

from sim.kube.resources import Catalog, Resource

Obj = dict[str, Any]

VERSION: Obj = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.4-aliyun.1",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.25.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}
AGGREGATED_V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_SCALE = ("autoscaling", "v1", "Scale")
_SUBRESOURCES: dict[str, tuple[tuple[str, str, str], tuple[str, ...]]] = {
    "binding": (("", "v1", "Binding"), ("create",)),
    "eviction": (("policy", "v1", "Eviction"), ("create",)),
    "finalize": (("", "v1", "Namespace"), ("update",)),
    "log": (("", "v1", "Pod"), ("get",)),
    "scale": (_SCALE, ("get", "patch", "update")),
    "token": (("authentication.k8s.io", "v1", "TokenRequest"), ("create",)),
}
_REVIEWS = (
    Resource(
        "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=("create",)
    ),
    Resource(
        "authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=("create",)
    ),
    Resource("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", False, verbs=("create",)),
    Resource("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=("create",)),
)


class Discovery:
    """Documents made from the catalog as it is now."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def answer(self, path: str, aggregated: bool) -> Obj | None:
        """The document at that path, or None."""
        parts = [part for part in path.split("/") if part]
        match parts:
            case ["version"]:
                return VERSION
            case ["api"]:
                return self._aggregated([""]) if aggregated else _core_versions()
            case ["apis"]:
                return self._aggregated(self._groups()) if aggregated else self._group_list()
            case ["apis", group] if group in self._versions():
                return {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis", group, version] if version in self._versions().get(group, ()):
                return self._resources(group, version)
            case ["openapi", "v3"]:
                return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in self._places()}}
            case ["openapi", "v3", *place] if "/".join(place) in self._places():
                return self._openapi("/".join(place))
        return None

    def _all(self) -> Iterable[Resource]:
        return (*self._catalog, *_REVIEWS)

    def _versions(self) -> dict[str, list[str]]:
        found = self._catalog.versions()
        for review in _REVIEWS:
            found.setdefault(review.group, [review.version])
        return found

    def _groups(self) -> list[str]:
        return [group for group in self._versions() if group]

    def _places(self) -> list[str]:
        versions = self._versions()
        return [f"apis/{g}/{v}" if g else f"api/{v}" for g, found in versions.items() for v in found]

    def _of(self, group: str, version: str) -> list[Resource]:
        found = [r for r in self._all() if (r.group, r.version) == (group, version)]
        return sorted(found, key=lambda resource: resource.plural)

    def _group(self, group: str) -> Obj:
        versions = [{"groupVersion": f"{group}/{v}", "version": v} for v in self._versions()[group]]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _group_list(self) -> Obj:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(g) for g in self._groups()]}

    def _resources(self, group: str, version: str) -> Obj:
        served = [entry for resource in self._of(group, version) for entry in _entries(resource)]
        place = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": place, "resources": served}

    def _aggregated(self, groups: list[str]) -> Obj:
        items = []
        for group in groups:
            versions = [
                {"version": v, "resources": [_aggregated(r) for r in self._of(group, v)], "freshness": "Current"}
                for v in self._versions()[group]
            ]
            meta: Obj = {"name": group} if group else {}
            items.append({"metadata": meta | {"creationTimestamp": None}, "versions": versions})
        head = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
        return {**head, "items": items}

    def _openapi(self, place: str) -> Obj:
        """Just enough for kubectl: which kinds exist, and that field validation is understood."""
        paths = {}
        for resource in self._catalog:
            prefix = f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"
            if prefix == place:
                middle = "/namespaces/{namespace}" if resource.namespaced else ""
                paths[f"/{prefix}{middle}/{resource.plural}/{{name}}"] = {"patch": _patch_operation(resource)}
        info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _core_versions() -> Obj:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _patch_operation(resource: Resource) -> Obj:
    names = ("dryRun", "fieldManager", "fieldValidation")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names]
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    ok = {"200": {"description": "OK"}}
    return {"parameters": parameters, "responses": ok, "x-kubernetes-group-version-kind": kind}


def _entries(resource: Resource) -> Iterable[Obj]:
    entry: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    yield entry
    for name in sorted(resource.subresources):
        (group, version, kind), verbs = _subresource(resource, name)
        part: Obj = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
        if (group, version) != (resource.group, resource.version):
            part |= {"group": group, "version": version}
        yield {**part, "kind": kind, "verbs": list(verbs)}


def _subresource(resource: Resource, name: str) -> tuple[tuple[str, str, str], tuple[str, ...]]:
    if name == "status":
        return (resource.group, resource.version, resource.kind), ("get", "patch", "update")
    return _SUBRESOURCES[name]


def _aggregated(resource: Resource) -> Obj:
    entry: Obj = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_sub(resource, name) for name in sorted(resource.subresources)]
    return entry


def _aggregated_sub(resource: Resource, name: str) -> Obj:
    (group, version, kind), verbs = _subresource(resource, name)
    if (group, version) == (resource.group, resource.version):
        group = version = ""
    return {
        "subresource": name,
        "responseKind": {"group": group, "version": version, "kind": kind},
        "verbs": list(verbs),
    }
