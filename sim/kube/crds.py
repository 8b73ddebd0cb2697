"""CustomResourceDefinitions: those of the built-in custom kinds as objects, and new ones served as soon as created.

Schemas, conversion and several versions of one kind are left out.
"""

from typing import Any

from sim.kube.registry import Registry
from sim.kube.resources import CUSTOM, Resource
from sim.kube.shelf import Change

Obj = dict[str, Any]

KIND = "CustomResourceDefinition"


def bootstrap(registry: Registry) -> None:
    """Store the definitions of the custom kinds that are served from the start."""
    for resource in CUSTOM:
        registry.create(KIND, _definition(resource))


def serve(registry: Registry) -> None:
    """From now on serve what definitions name, and serve it no longer when they go."""
    for definition in registry.list(KIND):
        registry.catalog.add(_resource(definition))
    registry.on_change(KIND, lambda change: _follow(registry, change))


def _follow(registry: Registry, change: Change) -> None:
    if change.type == "DELETED":
        registry.catalog.remove(_resource(change.object))
    else:
        registry.catalog.add(_resource(change.object))


def _definition(resource: Resource) -> Obj:
    names: Obj = {"kind": resource.kind, "listKind": f"{resource.kind}List", "plural": resource.plural}
    names |= {"singular": resource.singular, "shortNames": list(resource.short_names)}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version: Obj = {"name": resource.version, "served": True, "storage": True, "schema": schema}
    version["subresources"] = {name: {} for name in resource.subresources}
    spec = {"group": resource.group, "names": names, "scope": "Namespaced", "versions": [version]}
    return {"metadata": {"name": resource.qualified}, "spec": spec}


def _resource(definition: Obj) -> Resource:
    spec, names, version = definition["spec"], definition["spec"]["names"], _version(definition)
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        subresources=tuple(sorted(version.get("subresources") or ())),
        custom=True,
    )


def _version(definition: Obj) -> Obj:
    versions: list[Obj] = definition["spec"]["versions"]
    return next((version for version in versions if version.get("storage")), versions[0])
