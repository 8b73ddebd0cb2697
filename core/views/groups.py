"""The Groups view: a row for each scaling group or node pool: how large it is and may get, what moves it, what is
wrong. One group in full is in group_detail, the JSON form in group_list; how groups are put together is in
core/cluster/groups."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.analysis.planning import Plan
from core.analysis.reservation import Figures, Reservation, total
from core.cluster import membership
from core.cluster.cloud_kinds import GROUP
from core.cluster.group import Group
from core.cluster.snapshot import Snapshot, Table
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.views import format as fmt
from core.views.group_plan import GroupPlan, could_go, growth, of_plan
from core.views.nodes import NodeRecord
from core.views.table import (
    EMPTY,
    UNKNOWN,
    Align,
    Cell,
    Column,
    Row,
    TableView,
    Tone,
    ViewKey,
    bar_cell,
    text_cell,
)


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """Everything that the views say about one group. `small` None: its limits aren't known, so no verdict uses it;
    `details` None: no cloud was read (a dump)."""

    id: str
    small: NodeGroup | None
    details: Group | None
    nodes: tuple[Node, ...] = ()
    reservation: Reservation = field(default_factory=dict)
    """What its nodes book and use together."""
    planned: GroupPlan | None = None
    """None: there is no plan (yet)."""

    @property
    def name(self) -> str:
        named = self.details.name if self.details is not None else self.small.display_name if self.small else ""
        return named or self.id

    @property
    def pool(self) -> str:
        return self.details.pool_id if self.details is not None else self.small.pool if self.small else ""

    @property
    def min_size(self) -> int | None:
        return self.details.min_size if self.details is not None else self.small.min_size if self.small else None

    @property
    def max_size(self) -> int | None:
        return self.details.max_size if self.details is not None else self.small.max_size if self.small else None

    @property
    def desired(self) -> int | None:
        return self.details.desired if self.details is not None else self.small.desired_size if self.small else None

    @property
    def size(self) -> int:
        """The machines it is meant to have, else those that are nodes."""
        return len(self.nodes) if self.desired is None else self.desired

    @property
    def room(self) -> int | None:
        """How many more it may get."""
        return None if self.max_size is None else self.max_size - self.size

    @property
    def autoscaling(self) -> bool:
        return self.details.autoscaling if self.details is not None else bool(self.small and self.small.autoscaling)

    @property
    def managed_by(self) -> str:
        return self.details.managed_by if self.details is not None else self.small.managed_by if self.small else ""

    @property
    def instance_types(self) -> tuple[str, ...]:
        if self.details is not None:
            return self.details.template.instance_types
        found = (node.instance_type for node in self.small.templates) if self.small else ()
        return tuple(dict.fromkeys(name for name in found if name))

    @property
    def problems(self) -> tuple[str, ...]:
        return self.details.problems if self.details is not None else ()


def of_tables(table: Callable[[str], Table[object]], nodes: Mapping[str, NodeRecord]) -> dict[str, GroupRecord]:
    """Group id -> record, from a snapshot's or a store's tables and the node records of the same moment."""
    details: Table[Group] = table(GROUP.name)  # type: ignore[assignment]  # the table of that kind
    small: Table[NodeGroup] = table("NodeGroup")  # type: ignore[assignment]  # the table of that kind
    of = membership.of_nodes({name: record.node for name, record in nodes.items()}, small.values())
    members: dict[str, list[NodeRecord]] = {}
    for name, group in of.items():
        members.setdefault(group.id, []).append(nodes[name])
    found: dict[str, GroupRecord] = {}
    for key in dict.fromkeys([*details, *small]):
        group_details = details.get(key)
        own = members.get(key, [])
        if key not in small and group_details is not None:
            own = [nodes[name] for name in group_details.nodes if name in nodes]
        booked = total(record.reservation for record in own)
        found[key] = GroupRecord(key, small.get(key), group_details, tuple(record.node for record in own), booked)
    return found


def of_snapshot(snapshot: Snapshot, nodes: Mapping[str, NodeRecord]) -> dict[str, GroupRecord]:
    """The same for a snapshot."""
    return of_tables(snapshot.table, nodes)


def with_plan(records: Mapping[str, GroupRecord], plan: Plan | None) -> dict[str, GroupRecord]:
    """The same with what is planned for each."""
    planned = of_plan(plan) if plan is not None else {}
    return {key: replace(record, planned=planned.get(key)) for key, record in records.items()}


def state(record: GroupRecord) -> tuple[str, Tone]:
    """What a person must know first: suspended, growing, full."""
    group = record.details.scaling if record.details is not None else None
    if record.details is not None and group is None and record.problems:
        return "gone", Tone.DANGER
    if group is not None:
        if group.state and group.state != "Active":
            return group.state.lower(), Tone.WARNING
        if group.system_suspended:
            return "given up", Tone.DANGER
        if group.suspended:
            return "suspended", Tone.WARNING
        if group.pending or group.pending_wait:
            return f"growing +{(group.pending or 0) + (group.pending_wait or 0)}", Tone.ACCENT
        if group.removing or group.removing_wait:
            return f"shrinking -{(group.removing or 0) + (group.removing_wait or 0)}", Tone.ACCENT
    if record.max_size is not None and record.max_size > 0 and record.size >= record.max_size:
        return "at maximum", Tone.WARNING
    return ("active", Tone.GOOD) if group is not None else ("", Tone.PLAIN)


def activity(record: GroupRecord, now: float) -> Cell:
    """The last activity: how it went, and how long ago."""
    last = record.details.last_activity if record.details is not None else None
    if last is None:
        return UNKNOWN if record.details is None else EMPTY
    moment = last.ended or last.started
    age = "" if moment is None else f" {fmt.age(now - moment)} ago"
    tones = {"Failed": Tone.DANGER, "Rejected": Tone.DANGER, "Warning": Tone.WARNING, "InProgress": Tone.ACCENT}
    words = f"in progress {last.progress or 0} %" if last.status == "InProgress" else last.status.lower() + age
    return Cell(words, moment, tones.get(last.status, Tone.PLAIN))


def charge(record: GroupRecord) -> str:
    """How its machines are paid for."""
    if record.details is None:
        return ""
    template = record.details.template
    if template.spot_strategy not in ("", "NoSpot"):
        return "spot"
    return {"PrePaid": "subscription", "PostPaid": "postpaid"}.get(template.charge_type, template.charge_type)


def driven_by(record: GroupRecord) -> str:
    """Who may grow and shrink it."""
    if record.autoscaling:
        return "autoscaler"
    return "schedule" if record.details is not None and (record.details.tasks or record.details.alarms) else "by hand"


def _number(value: int | None, tone: Tone = Tone.PLAIN) -> Cell:
    return UNKNOWN if value is None else Cell(str(value), value, tone)


def _bar(resource: str) -> Callable[[GroupRecord, float], Cell]:
    def cell(record: GroupRecord, now: float) -> Cell:
        figures = record.reservation.get(resource, Figures())
        return bar_cell(figures.booked_share, figures.used_share) if record.nodes else EMPTY

    return cell


def _count(name: str) -> Callable[[GroupRecord, float], Cell]:
    """One of ESS's counts; 0 is quiet."""

    def cell(record: GroupRecord, now: float) -> Cell:
        group = record.details.scaling if record.details is not None else None
        value: int | None = getattr(group, name) if group is not None else None
        return _number(value, Tone.PLAIN if value else Tone.MUTED)

    return cell


def _sum(*names: str) -> Callable[[GroupRecord, float], Cell]:
    def cell(record: GroupRecord, now: float) -> Cell:
        group = record.details.scaling if record.details is not None else None
        values = [getattr(group, name) for name in names] if group is not None else []
        known = [value for value in values if value is not None]
        return _number(sum(known), Tone.PLAIN if sum(known) else Tone.MUTED) if known else UNKNOWN

    return cell


def _text(say: Callable[[GroupRecord], str]) -> Callable[[GroupRecord, float], Cell]:
    return lambda record, now: text_cell(say(record))


def _state(record: GroupRecord, now: float) -> Cell:
    words, tone = state(record)
    return Cell(words, words, tone) if words else EMPTY


def _nodes(record: GroupRecord, now: float) -> Cell:
    ready = sum(node.ready is True for node in record.nodes)
    words = str(len(record.nodes)) if ready == len(record.nodes) else f"{ready}/{len(record.nodes)}"
    return Cell(words, len(record.nodes), Tone.PLAIN if ready == len(record.nodes) else Tone.WARNING)


def _room(record: GroupRecord, now: float) -> Cell:
    return _number(record.room, Tone.PLAIN if record.room else Tone.WARNING)


def _ready_in(record: GroupRecord, now: float) -> Cell:
    taken = record.details.ready_time if record.details is not None else None
    return UNKNOWN if taken is None else Cell(fmt.duration(taken.median), taken.median)


def _problems(record: GroupRecord, now: float) -> Cell:
    if not record.problems:
        return EMPTY
    more = f" (and {len(record.problems) - 1} more)" if record.problems[1:] else ""
    return Cell(record.problems[0] + more, len(record.problems), Tone.WARNING)


_RIGHT = Align.RIGHT
_COLUMNS: tuple[tuple[Column, Callable[[GroupRecord, float], Cell]], ...] = (
    (Column("name", "GROUP", 22, 14, grow=True, hotkey="N", describes="The node pool, or the scaling group."),
     _text(lambda record: record.name)),
    (Column("size", "SIZE", 5, align=_RIGHT, hotkey="Z", describes="Machines that it is meant to have."),
     lambda record, now: _number(record.size)),
    (Column("min", "MIN", 4, align=_RIGHT, importance=2), lambda record, now: _number(record.min_size)),
    (Column("max", "MAX", 4, align=_RIGHT, importance=2), lambda record, now: _number(record.max_size)),
    (Column("room", "ROOM", 5, align=_RIGHT, importance=1, hotkey="R", describes="How many more it may get."), _room),
    (Column("state", "STATE", 14, 10, importance=1, hotkey="T", describes="Growing, suspended, at its maximum."),
     _state),
    (Column("next", "NEXT", 12, 11, importance=2, hotkey="X", describes="Its next size, or why it doesn't grow."),
     lambda record, now: growth(record.planned)),
    (Column("could-go", "COULD GO", 9, importance=3, hotkey="O", describes="How many nodes could go."),
     lambda record, now: could_go(record.planned)),
    (Column("cpu", "CPU", fmt.BAR_WIDTH, bars=True, importance=3, hotkey="C",
            describes="CPU booked and used on its nodes, % of allocatable."), _bar("cpu")),
    (Column("memory", "MEMORY", fmt.BAR_WIDTH, bars=True, importance=6, hotkey="M",
            describes="Memory booked and used on its nodes, % of allocatable."), _bar("memory")),
    (Column("nodes", "NODES", 6, align=_RIGHT, importance=4, describes="Its nodes; Ready ones first when not all are."),
     _nodes),
    (Column("driven", "DRIVEN BY", 10, importance=5, hotkey="D", describes="Who may grow and shrink it."),
     _text(driven_by)),
    (Column("activity", "LAST ACTIVITY", 20, 14, importance=7, hotkey="A", describes="How it went, and when."),
     activity),
    (Column("types", "TYPES", 18, 12, importance=8, hotkey="Y", describes="Machine types, in ESS's order."),
     _text(lambda record: ", ".join(record.instance_types))),
    (Column("charge", "CHARGE", 12, 8, importance=9, hotkey="H", describes="How its machines are paid for."),
     _text(charge)),
    (Column("ready-in", "READY IN", 8, align=_RIGHT, importance=10, hotkey="I",
            describes="Measured: from the trigger of an activity to Ready, the median."), _ready_in),
    (Column("problems", "PROBLEMS", 30, 12, importance=3, grow=True, hotkey="P", describes="What is wrong with it."),
     _problems),
)  # fmt: skip
_WIDE: tuple[tuple[Column, Callable[[GroupRecord, float], Cell]], ...] = (
    (Column("id", "ID", 24, importance=99), _text(lambda record: record.id)),
    (Column("pool", "POOL", 34, importance=99), _text(lambda record: record.pool)),
    (Column("managed", "MANAGED BY", 10, importance=99), _text(lambda record: record.managed_by)),
    (Column("service", "IN SERVICE", 10, align=_RIGHT, importance=99), _count("active")),
    (Column("pending", "PENDING", 8, align=_RIGHT, importance=99), _sum("pending", "pending_wait")),
    (Column("standby", "STANDBY", 8, align=_RIGHT, importance=99), _count("standby")),
    (Column("protected", "PROTECTED", 9, align=_RIGHT, importance=99), _count("protected")),
    (Column("removing", "REMOVING", 8, align=_RIGHT, importance=99), _sum("removing", "removing_wait")),
)


def columns(wide: bool = False) -> tuple[Column, ...]:
    """The columns; `wide` adds ids and ESS's counts."""
    return tuple(column for column, _ in (_COLUMNS + _WIDE if wide else _COLUMNS))


def row(record: GroupRecord, now: float, wide: bool = False) -> Row:
    """One group's row."""
    return Row(record.id, tuple(cell(record, now) for _, cell in (_COLUMNS + _WIDE if wide else _COLUMNS)))


def view(
    records: Iterable[GroupRecord],
    now: float,
    generation: int,
    notes: tuple[str, ...] = (),
    wide: bool = False,
) -> TableView:
    """The whole table."""
    return TableView(
        key=ViewKey("groups"),
        title="Groups",
        columns=columns(wide),
        rows=tuple(row(record, now, wide) for record in records),
        generation=generation,
        as_of=now,
        noun="groups",
        empty="No groups: none belongs to this cluster, or the cloud was not read.",
        notes=notes,
    )


def strangers(found: Iterable[GroupRecord], in_region: int) -> tuple[str, ...]:
    """A line about the region's groups that belong to something else."""
    others = in_region - sum(one.details is not None and one.details.scaling is not None for one in found)
    return (f"{others} more scaling groups of the region have no tie to this cluster",) if others > 0 else ()


def missing(unavailable: Mapping[str, str]) -> tuple[str, ...]:
    """What of the cloud can't be read, a line for each cause."""
    words = {
        "ScalingGroup": "scaling groups",
        "ScalingInstance": "members",
        "ScalingConfiguration": "scaling configurations",
        "ScalingActivity": "activities",
        "NodePool": "node pools",
        "Instance": "machines",
    }
    causes: dict[str, list[str]] = {}
    for kind, name in words.items():
        if kind in unavailable:
            causes.setdefault(unavailable[kind], []).append(name)
    return tuple(f"no {', '.join(names)}: {why}" for why, names in causes.items())
