"""`vacancy nodes -o json`: the node list as a document that other programs rely on (DESIGN.md §4.3), and its flat form
for CSV. Nothing is formatted here: integers, and null for what is unknown."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.analysis.reservation import Figures, Reservation, total
from core.views.nodes import NodeRecord, grouped, totals

_CSV_RESOURCES = ("cpu", "memory", "pods", "ephemeral-storage")
_PARTS = ("capacity", "allocatable", "requested", "limits", "used", "daemonsets")
_SUMMED = (*_PARTS, "measured")
"""Of sums: what `used` is a share of, the allocatable of the nodes that were measured."""
_GIVEN = ("capacity", "allocatable", "measured")
_UNIT = {"cpu": "millicores", "memory": "bytes", "ephemeral-storage": "bytes", "pods": "count"}


def document(
    records: Iterable[NodeRecord], unavailable: Mapping[str, str], as_of: str, group_by: str = ""
) -> dict[str, Any]:
    """The NodeList."""
    found = list(records)
    readable = all(record.readable for record in found)
    result: dict[str, Any] = {
        "apiVersion": "vacancy/v1",
        "kind": "NodeList",
        "asOf": as_of,
        "items": [item(record) for record in found],
        "totals": {
            "nodes": sum(not r.node.virtual for r in found),
            "resources": _resources(totals(found).reservation, readable, _SUMMED),
        },
        "unavailable": sorted(unavailable),
    }
    if group_by:
        result["groups"] = [
            {
                "name": name,
                "by": group_by,
                "nodes": len(members),
                "resources": _resources(_sum(members), readable, _SUMMED),
            }
            for name, members in grouped(found, group_by).items()
        ]
    return result


def _sum(members: list[NodeRecord]) -> Reservation:
    return total(member.reservation for member in members)


def item(record: NodeRecord) -> dict[str, Any]:
    """One node."""
    node = record.node
    return {
        "name": node.name,
        "group": record.group or None,
        "pool": record.pool or None,
        "instanceType": node.instance_type or None,
        "zone": node.zone or None,
        "chargeType": node.charge_type or None,
        "origin": record.origin,
        "originEvidence": record.origin_evidence or None,
        "ready": node.ready,
        "schedulable": not node.unschedulable if record.readable else None,
        "virtual": node.virtual,
        "created": node.created,
        "resources": _resources(record.reservation, record.readable),
    }


def _resources(
    reservation: Reservation, readable: bool, parts: tuple[str, ...] = _PARTS
) -> dict[str, dict[str, int | None]]:
    """What a node that may not be read has to give is unknown, not zero."""
    return {
        name: {part: getattr(figures, part) if readable or part not in _GIVEN else None for part in parts}
        for name, figures in reservation.items()
    }


def flat(record: NodeRecord) -> dict[str, str | int | bool | None]:
    """One node as one line of CSV: units are in the column names."""
    line: dict[str, str | int | bool | None] = {
        key: value for key, value in item(record).items() if key not in ("resources", "originEvidence")
    }
    for resource in _CSV_RESOURCES:
        figures = _resources({resource: record.reservation.get(resource, Figures())}, record.readable)[resource]
        line.update({f"{resource}_{part}_{_UNIT[resource]}": figures[part] for part in _PARTS})
    return line
