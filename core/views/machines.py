"""Machines that could become nodes, as a table and as a document: each with its verdict, the ways that are open, and
what speaks against it. The verdict is made in core/analysis/attachable."""

from collections.abc import Iterable, Sequence
from typing import Any

from core.analysis.attachable import Candidate, Suits, Weight
from core.views import format as fmt
from core.views.table import (
    UNKNOWN,
    Align,
    Cell,
    Column,
    Row,
    TableView,
    Tone,
    ViewKey,
    text_cell,
)

KIND = "machines"
COLUMNS = (
    Column("machine", "MACHINE", 20, min_width=12, grow=True, describes="The machine's name, else its id"),
    Column("verdict", "VERDICT", 10, describes="Whether it could become a node; unknown is not suitable"),
    Column("ways", "WAYS", 19, importance=1, describes="The ways that are open: manual, userdata, ack"),
    Column("why", "WHY", 60, min_width=29, grow=True, describes="What speaks against it, or is to be kept in mind"),
    Column("type", "TYPE", 18, min_width=12, importance=3, describes="Machine type"),
    Column("cpu", "CPU", 4, align=Align.RIGHT, importance=4, describes="vCPUs"),
    Column("memory", "MEMORY", 7, align=Align.RIGHT, importance=4, describes="Memory"),
    Column("state", "STATE", 8, importance=2, describes="As ECS has it"),
    Column("charge", "CHARGE", 8, importance=6, describes="PrePaid is a subscription, PostPaid is pay-as-you-go"),
    Column("zone", "ZONE", 14, importance=7, describes="Where it stands"),
    Column("id", "ID", 24, min_width=22, importance=8, describes="What vacancy attach wants to be told"),
)
EMPTY = "No machine of the cluster's VPC is free: all of them are nodes."
_TONES = {Suits.YES: Tone.GOOD, Suits.NO: Tone.MUTED, Suits.UNKNOWN: Tone.WARNING}
_FULL = {"AlreadyNode": 0, "OtherCluster": 1, "InGroup": 2}
"""Reasons that say it all come first."""


def view(candidates: Sequence[Candidate], now: float, generation: int, key: ViewKey | None = None) -> TableView:
    """The table, suitable ones first."""
    rows = tuple(_row(one) for one in candidates)
    return TableView(key or ViewKey(KIND), "Machines", COLUMNS, rows, generation, now, noun="machines", empty=EMPTY)


def _row(one: Candidate) -> Row:
    machine, tone = one.machine, _TONES[one.suits]
    memory = None if machine.memory is None else machine.memory * 2**20
    cells = (
        text_cell(machine.name or machine.id),
        text_cell(one.suits.value, tone),
        text_cell(" ".join(one.ways)),
        text_cell(why(one), Tone.WARNING if one.suits is Suits.YES else tone),
        text_cell(machine.type),
        Cell(str(machine.cpu), machine.cpu) if machine.cpu is not None else UNKNOWN,
        Cell(fmt.size(memory), memory) if memory is not None else UNKNOWN,
        text_cell(machine.status) if machine.status else UNKNOWN,
        text_cell(machine.charge_type) if machine.charge_type else UNKNOWN,
        text_cell(machine.zone) if machine.zone else UNKNOWN,
        text_cell(machine.id),
    )
    return Row(machine.id, cells, labels=machine.tags)


def why(one: Candidate) -> str:
    """All reasons in one line, those that say it all first."""
    order = list(Weight)
    reasons = sorted(one.reasons, key=lambda reason: (_FULL.get(reason.code, 9), order.index(reason.weight)))
    return "; ".join(reason.text for reason in reasons)


def document(candidates: Iterable[Candidate], unavailable: Iterable[str], as_of: str) -> dict[str, Any]:
    """The MachineList: `vacancy attach -o json`."""
    return {
        "apiVersion": "vacancy/v1",
        "kind": "MachineList",
        "asOf": as_of,
        "items": [item(one) for one in candidates],
        "unavailable": sorted(unavailable),
    }


def item(one: Candidate) -> dict[str, Any]:
    """One machine. Memory in bytes; what is unknown is null."""
    machine = one.machine
    return {
        "id": machine.id,
        "name": machine.name or None,
        "verdict": one.suits.value,
        "ways": [way.value for way in one.ways],
        "reasons": [
            {
                "code": reason.code,
                "weight": reason.weight.value,
                "text": reason.text,
                "ways": [way.value for way in reason.ways],
            }
            for reason in one.reasons
        ],
        "instanceType": machine.type or None,
        "cpu": machine.cpu,
        "memory": None if machine.memory is None else machine.memory * 2**20,
        "state": machine.status or None,
        "chargeType": machine.charge_type or None,
        "expires": machine.expires or None,
        "zone": machine.zone or None,
        "vpc": machine.vpc or None,
        "vswitch": machine.vswitch or None,
        "securityGroups": list(machine.security_groups),
        "os": machine.os_name or None,
        "image": machine.image_id or None,
        "addresses": list(machine.addresses),
    }


def flat(one: Candidate) -> dict[str, str | int | None]:
    """One machine as one line of CSV."""
    full = item(one)
    names = ("id", "name", "verdict", "instanceType", "cpu", "memory", "state", "chargeType", "expires", "zone", "os")
    return {**{name: full[name] for name in names}, "ways": " ".join(full["ways"]) or None, "why": why(one) or None}
