"""The Nodes view: a row for each node and each pool (or zone, or type), with what is booked and used. Figures come from
analysis/reservation; the JSON form is in node_list, one node in full in node_detail."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from core.analysis.reservation import Figures, Reservation, total
from core.kube.node import Node
from core.views import format as fmt
from core.views.table import (
    EMPTY,
    UNKNOWN,
    Align,
    Cell,
    Column,
    Elide,
    Row,
    TableView,
    Tone,
    ViewKey,
    bar_cell,
    text_cell,
)

GROUPINGS = ("", "pool", "zone", "type")
TOTALS, VIRTUAL = "totals", "virtual nodes"
_NONE = Figures()


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """Everything that the views say about one node."""

    node: Node
    reservation: Reservation
    pool: str = ""
    """The pool's name where a group gives one, else its id."""
    group: str = ""
    origin: str = "unknown"
    origin_evidence: str = ""
    verdict: Cell = EMPTY
    """What scale-in says, in a few words."""
    readable: bool = True
    """False: nodes may not be read; this one is known by the pods on it, and only what they book is."""

    def figures(self, resource: str) -> Figures:
        return self.reservation.get(resource, _NONE)


class Traits(NamedTuple):
    """What a roll-up says about its members beside their sums."""

    unready: bool
    could_go: bool
    pool: str
    instance_type: str
    zone: str
    charge: str


def traits(record: NodeRecord) -> Traits:
    """Those of one node."""
    return Traits(
        record.readable and not record.node.ready,
        record.verdict.tone is Tone.GOOD,
        _pool(record),
        record.node.instance_type,
        record.node.zone,
        _charge(record),
    )


@dataclass(frozen=True, slots=True)
class Roll:
    """A roll-up: the nodes of one pool, zone or type, or all of them."""

    name: str
    traits: Mapping[Traits, int]
    """What its members have in common, and how many of them: few, however many nodes there are."""
    reservation: Reservation
    count: int

    def figures(self, resource: str) -> Figures:
        return self.reservation.get(resource, _NONE)


def roll_up(name: str, records: Sequence[NodeRecord]) -> Roll:
    """The sum of some nodes."""
    return Roll(name, Counter(map(traits, records)), total(record.reservation for record in records), len(records))


@dataclass(frozen=True, slots=True)
class NodeColumn:
    """A column and how its cells are made: for a node, and for a roll-up."""

    column: Column
    cell: Callable[[NodeRecord, float], Cell]
    rolled: Callable[[Roll], Cell] = lambda roll: EMPTY


_READY = {True: ("Ready", Tone.GOOD), False: ("NotReady", Tone.DANGER), None: ("Unknown", Tone.WARNING)}


def state(node: Node) -> tuple[str, Tone]:
    """Ready or not, cordoned, leaving: what a person must know first."""
    words, tone = _READY[node.ready]
    condition = node.condition("Ready")
    if condition is not None and condition.status == "Unknown":
        words, tone = "Unreachable", Tone.DANGER
    if node.deletion is not None:
        return "Deleting", Tone.WARNING
    return (f"{words},cordoned", Tone.WARNING if tone is Tone.GOOD else tone) if node.unschedulable else (words, tone)


_SHOW: dict[str, Callable[[float | None], str]] = {"cpu": fmt.cpu, "memory": fmt.size}


def _bar(resource: str) -> Callable[[NodeRecord | Roll], Cell]:
    def cell(of: NodeRecord | Roll) -> Cell:
        figures = of.figures(resource)
        if figures.requested and not figures.allocatable:  # a share of nothing, or of what is unknown
            return Cell(f"{_SHOW[resource](figures.requested)} booked", figures.requested)
        return bar_cell(figures.booked_share, figures.used_share)

    return cell


def _pods(of: NodeRecord | Roll) -> Cell:
    figures = of.figures("pods")
    if figures.requested is None:
        return UNKNOWN
    if not figures.allocatable:
        return Cell(str(figures.requested), figures.requested)
    full = figures.requested >= figures.allocatable
    return Cell(f"{figures.requested}/{figures.allocatable}", figures.requested, Tone.WARNING if full else Tone.PLAIN)


def _state(record: NodeRecord) -> Cell:
    if not record.readable:
        return Cell("not readable", "", Tone.MUTED)
    words, tone = state(record.node)
    return Cell(words, words, tone)


def _verdict(record: NodeRecord) -> Cell:
    """The verdict; first of all that the node is in trouble, for the column with its state is the first to go."""
    verdict, its_state = record.verdict, _state(record)
    if its_state.tone is not Tone.DANGER:
        return verdict
    words = f"{its_state.text}: {verdict.text}" if verdict.text else its_state.text
    return Cell(words, verdict.sort, Tone.DANGER)


def _states(roll: Roll) -> Cell:
    unready = sum(count for one, count in roll.traits.items() if one.unready)
    return Cell(f"{unready} not ready", unready, Tone.DANGER) if unready else EMPTY


def _age(record: NodeRecord, now: float) -> Cell:
    created = record.node.created
    return UNKNOWN if created is None else Cell(fmt.age(now - created), now - created)


def _could_go(roll: Roll) -> Cell:
    going = sum(count for one, count in roll.traits.items() if one.could_go)
    return Cell(f"{going} could go", -going, Tone.GOOD) if going else EMPTY


def _common(trait: str) -> Callable[[Roll], Cell]:
    """The value that all members share, or how many different ones there are."""

    def cell(roll: Roll) -> Cell:
        values = {getattr(one, trait) for one in roll.traits}
        if len(values) <= 1:
            return text_cell(next(iter(values), ""))
        return Cell(f"{len(values)} kinds", None, Tone.MUTED)

    return cell


def _amount(resource: str, part: str, show: Callable[[float | None], str]) -> NodeColumn:
    """A plain figure for the wide form: `cpu.requested`, `memory.headroom` …"""

    def cell(of: NodeRecord | Roll) -> Cell:
        figures = of.figures(resource)
        unknown = part in ("allocatable", "headroom") and not figures.allocatable  # the node may not be read
        value = None if unknown else getattr(figures, part)
        return UNKNOWN if value is None else Cell(show(value), value)

    title = f"{resource} {part}".upper()
    column = Column(f"{resource}.{part}", title, max(8, len(title)), align=Align.RIGHT, importance=99)
    return NodeColumn(column, lambda record, now: cell(record), cell)


def _pool(record: NodeRecord) -> str:
    """The pool, or the scaling group of a node that is in no pool."""
    return record.pool or record.group


def _charge(record: NodeRecord) -> str:
    words = {"PrePaid": "subscription", "PostPaid": "postpaid"}
    spot = record.node.labels.get("node.alibabacloud.com/spot-strategy", "NoSpot")
    return "spot" if spot not in ("", "NoSpot") else words.get(record.node.charge_type, record.node.charge_type)


def _column(
    column: Column, cell: Callable[[NodeRecord], Cell], rolled: Callable[[Roll], Cell] = lambda roll: EMPTY
) -> NodeColumn:
    return NodeColumn(column, lambda record, now: cell(record), rolled)


def _shared(column: Column, value: Callable[[NodeRecord], str], trait: str) -> NodeColumn:
    """A text column whose roll-up says what the members have in common: that trait."""
    return _column(column, lambda record: text_cell(value(record)), _common(trait))


_RIGHT = Align.RIGHT
_COLUMNS: tuple[NodeColumn, ...] = (
    _column(
        Column("name", "NAME", 26, 16, elide=Elide.START, grow=True, hotkey="N", describes="The node."),
        lambda record: text_cell(record.node.name),
        lambda roll: Cell(roll.name, roll.name, Tone.ACCENT),
    ),
    _column(
        Column("cpu", "CPU", fmt.BAR_WIDTH, bars=True, hotkey="C", describes="CPU booked and used, % of allocatable."),
        _bar("cpu"),
        _bar("cpu"),
    ),
    _column(
        Column("memory", "MEMORY", fmt.BAR_WIDTH, importance=1, bars=True, hotkey="M",
               describes="Memory booked and used, % of allocatable."),
        _bar("memory"),
        _bar("memory"),
    ),
    _column(
        Column("scale-in", "SCALE-IN", 44, 21, grow=True, describes="Could the node go; if not, why."),
        _verdict,
        _could_go,
    ),
    _column(
        Column("pods", "PODS", 9, 7, align=_RIGHT, importance=4, hotkey="P",
               describes="Pods that count, of pod slots."),
        _pods,
        _pods,
    ),
    _column(
        Column("state", "STATE", 14, 8, importance=3, hotkey="T", describes="Ready, cordoned, leaving."),
        _state,
        _states,
    ),
    _shared(Column("pool", "POOL", 14, 6, importance=5, hotkey="O", describes="The node pool."), _pool, "pool"),
    _shared(
        Column("type", "TYPE", 16, 16, importance=7, hotkey="Y", describes="The machine type."),
        lambda record: record.node.instance_type,
        "instance_type",
    ),
    NodeColumn(Column("age", "AGE", 5, align=_RIGHT, importance=6, hotkey="A", describes="Since it joined."), _age),
    _shared(Column("zone", "ZONE", 13, 13, importance=9, hotkey="Z", describes="The zone."),
            lambda record: record.node.zone, "zone"),
    _shared(Column("charge", "CHARGE", 12, 8, importance=10, hotkey="H", describes="How it is paid for."),
            _charge, "charge"),
    _column(
        Column("origin", "ORIGIN", 15, 15, importance=8, hotkey="I", describes="How the node came to be."),
        lambda record: text_cell(record.origin),
    ),
)  # fmt: skip

_PARTS = ("allocatable", "requested", "limits", "used", "daemonsets", "headroom")
_WIDE: tuple[NodeColumn, ...] = (
    *(_amount("cpu", part, fmt.cpu) for part in _PARTS),
    *(_amount("memory", part, fmt.size) for part in _PARTS),
    *(_amount("ephemeral-storage", part, fmt.size) for part in ("allocatable", "requested")),
)


def columns(wide: bool = False) -> tuple[Column, ...]:
    """The columns; `wide` adds plain figures, for paper rather than for a screen."""
    return tuple(one.column for one in (_COLUMNS + _WIDE if wide else _COLUMNS))


def row(record: NodeRecord, now: float, parent: str = "", wide: bool = False) -> Row:
    """One node's row, below `parent` where it is grouped."""
    cells = tuple(one.cell(record, now) for one in (_COLUMNS + _WIDE if wide else _COLUMNS))
    return Row(record.node.name, cells, parent, 1 if parent else 0, labels=record.node.labels)


def rolled_row(roll: Roll, row_id: str, wide: bool = False) -> Row:
    """A roll-up's row: its name says how many nodes it holds."""
    shown = replace(roll, name=f"{roll.name}  {fmt.counted(roll.count, 'nodes')}")
    return Row(row_id, tuple(one.rolled(shown) for one in (_COLUMNS + _WIDE if wide else _COLUMNS)), group=True)


def group_name(record: NodeRecord, group_by: str) -> str:
    """The roll-up that a node belongs to. Virtual nodes stand apart whatever the grouping."""
    if record.node.virtual:
        return VIRTUAL
    value = {"pool": _pool(record), "zone": record.node.zone, "type": record.node.instance_type}[group_by]
    return value or f"no {group_by}"


def group_id(name: str) -> str:
    """The row id of a roll-up: no node can have it."""
    return f"group/{name}"


def group_order(name: str) -> tuple[bool, list[str | int]]:
    """Roll-ups by name, numbers in it by value; virtual nodes last."""
    parts = re.split(r"(\d+)", name)
    return name == VIRTUAL, [int(part) if index % 2 else part for index, part in enumerate(parts)]


def grouped(records: Iterable[NodeRecord], group_by: str) -> dict[str, list[NodeRecord]]:
    """Roll-up name -> its nodes, in `group_order`."""
    found: dict[str, list[NodeRecord]] = {}
    for record in records:
        found.setdefault(group_name(record, group_by), []).append(record)
    return dict(sorted(found.items(), key=lambda item: group_order(item[0])))


def totals(records: Iterable[NodeRecord]) -> Roll:
    """The cluster: all nodes but the virtual ones."""
    real = [record for record in records if not record.node.virtual]
    return Roll("total", {}, total(record.reservation for record in real), len(real))


def view(
    records: Mapping[str, NodeRecord],
    now: float,
    generation: int,
    group_by: str = "",
    notes: tuple[str, ...] = (),
    wide: bool = False,
) -> TableView:
    """The whole table."""
    rows: list[Row] = []
    if group_by:
        for name, members in grouped(records.values(), group_by).items():
            rows.append(rolled_row(roll_up(name, members), group_id(name), wide))
            rows += [row(record, now, group_id(name), wide) for record in members]
    else:
        rows = [row(record, now, wide=wide) for record in records.values()]
    return table(tuple(rows), totals(records.values()), now, generation, group_by, notes, wide)


def table(
    rows: tuple[Row, ...],
    total_roll: Roll,
    now: float,
    generation: int,
    group_by: str = "",
    notes: tuple[str, ...] = (),
    wide: bool = False,
) -> TableView:
    """The table around rows that are made already."""
    return TableView(
        key=ViewKey("nodes", group_by=group_by),
        title="Nodes",
        columns=columns(wide),
        rows=rows,
        generation=generation,
        as_of=now,
        totals=rolled_row(total_roll, TOTALS, wide) if rows else None,
        group_choices=GROUPINGS,
        noun="nodes",
        empty="No nodes: the cluster has none, or this identity may not list them.",
        notes=notes,
    )
