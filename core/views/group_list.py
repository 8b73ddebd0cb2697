"""`vacancy groups -o json`: the groups as a document, and their flat form for CSV. Nothing is formatted here:
integers, and null for what is unknown. Userdata shows masked, as it came from the client."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.cluster.group import Group
from core.kube.node import Node
from core.views.groups import GroupRecord, charge, driven_by, state


def document(records: Iterable[GroupRecord], unavailable: Mapping[str, str], as_of: str) -> dict[str, Any]:
    """The GroupList."""
    return {
        "apiVersion": "vacancy/v1",
        "kind": "GroupList",
        "asOf": as_of,
        "items": [item(record) for record in records],
        "unavailable": sorted(unavailable),
    }


def item(record: GroupRecord) -> dict[str, Any]:
    """One group."""
    details = record.details
    found: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "pool": record.pool or None,
        "managedBy": record.managed_by or None,
        "autoscaling": record.autoscaling,
        "autoscalingBecause": details.autoscaling_because if details is not None else None,
        "minSize": record.min_size,
        "maxSize": record.max_size,
        "desiredSize": record.desired,
        "room": record.room,
        "state": state(record)[0] or None,
        "nodes": [node.name for node in record.nodes],
        "instanceTypes": list(record.instance_types),
        "chargeType": charge(record) or None,
        "problems": list(record.problems),
    }
    templates = record.small.templates if record.small is not None else ()
    found["templates"] = [_template(node) for node in templates]
    return {**found, **_of_cloud(details)} if details is not None else found


def _template(node: Node) -> dict[str, Any]:
    return {
        "instanceType": node.instance_type or None,
        "labels": dict(node.labels),
        "taints": [f"{taint.key}={taint.value}:{taint.effect}" for taint in node.taints],
        "capacity": node.capacity,
        "allocatable": node.allocatable,
    }


def _of_cloud(group: Group) -> dict[str, Any]:
    data = group.configuration.user_data if group.configuration is not None else None
    return {
        "links": msgspec.to_builtins(group.links),
        "counts": _counts(group),
        "suspended": list(group.scaling.suspended) if group.scaling is not None else None,
        "cooldownSeconds": group.scaling.cooldown if group.scaling is not None else None,
        "members": [_member(member) for member in group.members],
        "templateSources": {part.name: part.source for part in group.template.parts},
        "userData": msgspec.to_builtins(data) if data is not None else None,
        "rules": msgspec.to_builtins(group.rules),
        "scheduledTasks": msgspec.to_builtins(group.tasks),
        "alarms": msgspec.to_builtins(group.alarms),
        "hooks": msgspec.to_builtins(group.hooks),
        "activities": msgspec.to_builtins(group.activities),
        "readyTime": msgspec.to_builtins(group.ready_time),
    }


def _counts(group: Group) -> dict[str, int | None] | None:
    scaling = group.scaling
    if scaling is None:
        return None
    names = ("total", "active", "pending", "pending_wait", "protected", "standby", "stopped", "removing")
    return {name: getattr(scaling, name) for name in names} | {"removing_wait": scaling.removing_wait}


def _member(member: Any) -> dict[str, Any]:
    scaling = member.scaling
    return {
        "instanceId": member.instance_id or None,
        "node": member.node or None,
        "state": scaling.state if scaling is not None else None,
        "creationType": scaling.creation if scaling is not None else None,
        "because": member.because,
    }


def flat(record: GroupRecord) -> dict[str, str | int | bool | None]:
    """One group as one line of CSV."""
    details = record.details
    ready = details.ready_time if details is not None else None
    return {
        "id": record.id,
        "name": record.name,
        "pool": record.pool or None,
        "managedBy": record.managed_by or None,
        "drivenBy": driven_by(record),
        "minSize": record.min_size,
        "maxSize": record.max_size,
        "desiredSize": record.desired,
        "nodes": len(record.nodes),
        "state": state(record)[0] or None,
        "instanceTypes": " ".join(record.instance_types),
        "chargeType": charge(record) or None,
        "readySeconds": round(ready.median) if ready is not None else None,
        "problems": "; ".join(record.problems) or None,
    }
