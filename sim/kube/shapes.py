"""The representations of an object or a list that a client may ask for: plain, metadata only, or a Table."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sim.kube import events
from sim.kube.columns import AGE, COLUMNS, NAME, Column
from sim.kube.errors import bad_request
from sim.kube.paging import Page
from sim.kube.resources import EVENTS_V1, Resource

Obj = dict[str, Any]
Form = Literal["plain", "metadata", "table", "table of objects", "bare table"]

_META = "meta.k8s.io/v1"
_TABLES: dict[str, Form] = {"": "table", "Metadata": "table", "Object": "table of objects", "None": "bare table"}
"""By `includeObject`: what its rows carry besides their cells."""


def asked_form(accept: str, query: Mapping[str, str]) -> Form:
    """The first form in an Accept header that this server can give; 400 for rows that carry nothing known."""
    for entry in accept.split(","):
        parts = {part.strip() for part in entry.split(";")}
        if "as=Table" in parts and "v=v1" in parts:
            include = query.get("includeObject", "")
            if include not in _TABLES:
                raise bad_request(f'unrecognized includeObject value: "{include}"')
            return _TABLES[include]
        if "as=PartialObjectMetadata" in parts or "as=PartialObjectMetadataList" in parts:
            return "metadata"
        if parts & {"application/json", "*/*", "application/*"} and not any(part.startswith("as=") for part in parts):
            return "plain"
    return "plain"


def of_object(resource: Resource, form: Form, now: datetime) -> Callable[[Obj], Obj]:
    """What turns a stored object into that form."""
    if form in _TABLES.values():
        return lambda obj: _table_of_one(resource, obj, form, now)
    if form == "metadata":
        return _metadata_of
    return events.to_v1 if resource is EVENTS_V1 else _same


def _table_of_one(resource: Resource, obj: Obj, form: Form, now: datetime) -> Obj:
    return table(resource, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")}, form, now)


def _same(obj: Obj) -> Obj:
    return obj


def _metadata_of(obj: Obj) -> Obj:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}


def of_page(resource: Resource, page: Page, form: Form, now: datetime) -> Obj:
    """A list in that form. Items of built-in kinds carry no kind and apiVersion, as upstream's typed lists don't."""
    meta: Obj = {"resourceVersion": str(page.version)}
    if page.continue_token:
        meta["continue"] = page.continue_token
    if page.remaining is not None:
        meta["remainingItemCount"] = page.remaining
    if form in _TABLES.values():
        return table(resource, page.items, meta, form, now)
    if form == "metadata":
        items: Iterable[Obj] = map(_metadata_of, page.items)
        return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": meta, "items": list(items)}
    items = map(events.to_v1, page.items) if resource is EVENTS_V1 else page.items
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
    return {**head, "items": list(items) if resource.custom else [_headless(obj) for obj in items]}


def _headless(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def table(resource: Resource, objects: Iterable[Obj], meta: Obj, form: Form, now: datetime) -> Obj:
    """meta.k8s.io/v1 Table; rows carry the object's metadata, the object, or neither."""
    columns = COLUMNS.get(resource.kind, (NAME, AGE))
    carried = {"table": _metadata_of, "table of objects": of_object(resource, "plain", now)}.get(form)
    rows: list[Obj] = []
    for obj in objects:
        cells = [cell(obj, now) for _, _, _, cell in columns]
        rows.append({"cells": cells, **({"object": carried(obj)} if carried is not None else {})})
    definitions = [_definition(column) for column in columns]
    return {"kind": "Table", "apiVersion": _META, "metadata": meta, "columnDefinitions": definitions, "rows": rows}


def _definition(column: Column) -> Obj:
    name, type_, priority, _ = column
    format_ = "name" if name == "Name" else ""
    return {"name": name, "type": type_, "format": format_, "description": "", "priority": priority}
