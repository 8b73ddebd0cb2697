"""The Nodes view kept up to date: records, roll-ups and rows are made anew only for nodes that changed, and in steps,
so that the keyboard never waits. What they say is in nodes; the other live views are in live."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from core.analysis import origin
from core.analysis.reservation import Tally
from core.cluster.membership import Members
from core.cluster.store import Store
from core.kube.own_kinds import NodeGroup
from core.views import nodes
from core.views.node_records import of_store
from core.views.nodes import NodeRecord, Roll, Traits, traits
from core.views.table import Cell, Row, TableChange, TableView, ViewKey

STEP = 100
"""Nodes that are worked on in one go: a few milliseconds."""
AGEING = 240
"""Rounds in which every node is looked at once although nothing happened: its age has moved on."""


@dataclass(slots=True)
class LiveRoll:
    """A roll-up whose sum follows its members."""

    members: dict[str, NodeRecord] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    traits: Counter[Traits] = field(default_factory=Counter)

    def put(self, name: str, record: NodeRecord | None) -> None:
        """A member came, changed, or (None) went."""
        previous = self.members.get(name)
        if previous is not None:
            self.tally.add(previous.reservation, -1)
            self._trait(previous, -1)
        if record is None:
            self.members.pop(name, None)
        else:
            self.members[name] = record
            self.tally.add(record.reservation)
            self._trait(record, 1)

    def _trait(self, record: NodeRecord, sign: int) -> None:
        one = traits(record)
        self.traits[one] += sign
        if not self.traits[one]:
            del self.traits[one]

    def roll(self, name: str) -> Roll:
        """As it is now."""
        return Roll(name, self.traits, self.tally.figures(), len(self.members))

    def sum(self, name: str) -> Roll:
        """Only the figures, for a roll-up of so many members that what they have in common says nothing."""
        return Roll(name, {}, self.tally.figures(), len(self.members))


@dataclass(slots=True)
class Records:
    """Node name -> record, made anew only for nodes that changed."""

    store: Store
    by_name: dict[str, NodeRecord] = field(default_factory=dict)
    groups: dict[str, NodeGroup] = field(default_factory=dict)
    """Node name -> its group, for those that are in one."""
    total: LiveRoll = field(default_factory=LiveRoll)
    """The cluster: every node but the virtual ones."""
    verdicts: Mapping[str, Cell] = field(default_factory=dict)
    """What scale-in says about each node, in a few words."""
    changed: set[str] = field(default_factory=set)
    _members: Members = field(default_factory=lambda: Members(()))
    _groups_of: object = None
    _next_to_age: list[str] = field(default_factory=list)

    def refresh(self, dirty: set[str]) -> Iterator[None]:
        """Take over what changed, in steps. Afterwards `changed` names all nodes whose record is new."""
        self.changed = dirty | set(islice(self._ageing(), len(self.by_name) // AGEING + 1))
        if self._new_groups():
            self.changed |= {*self.store.table("Node"), *self.by_name, *self._only_booked()}
        known = self.store.is_available("Pod")
        for index, name in enumerate(self._in_order(self.changed)):
            self._renew(name, known)
            if index % STEP == STEP - 1:
                yield

    def _only_booked(self) -> set[str]:
        """Where nodes may not be read: those that pods are bound to."""
        if self.store.is_available("Node") or not self.store.is_available("Pod"):
            return set()
        return {pod.node for pod in self.store.table("Pod").values() if pod.node is not None}

    def _in_order(self, names: set[str]) -> list[str]:
        """Nodes that are new stand in the order in which they came."""
        if names <= self.by_name.keys():
            return list(names)
        order = {name: index for index, name in enumerate(self.store.table("Node"))}
        return sorted(names, key=lambda name: order.get(name, -1))

    def _renew(self, name: str, pods_known: bool) -> None:
        self._regroup(name)
        record = of_store(self.store, name, self.groups, pods_known)
        if record is not None and name in self.verdicts:
            record = replace(record, verdict=self.verdicts[name])
        self.total.put(name, record if record is not None and not record.node.virtual else None)
        if record is None:
            self.by_name.pop(name, None)
        else:
            self.by_name[name] = record

    def _regroup(self, name: str) -> None:
        node = self.store.table("Node").get(name)
        group = self._members.of(node) if node is not None else None
        if group is not None:
            self.groups[name] = group
        else:
            self.groups.pop(name, None)

    def _ageing(self) -> Iterator[str]:
        """Node names round and round."""
        while self._next_to_age or self.by_name:
            self._next_to_age = self._next_to_age or list(self.by_name)
            yield self._next_to_age.pop()

    def _new_groups(self) -> bool:
        """Groups, and what tells where nodes come from, change rarely: all nodes are looked at again only then."""
        groups = tuple(self.store.table("NodeGroup").values())
        origins = self.store.version(*origin.KINDS)
        known = tuple(self.store.is_available(kind) for kind in ("Node", "Pod"))
        now = (groups, known, origins)
        if now == self._groups_of:
            return False
        self._groups_of = now
        self._members = Members(groups)
        return True


class LiveTable:
    """The rows of one grouping, and which of them are new."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._rolls: dict[str, LiveRoll] = {}
        self._home: dict[str, str] = {}
        self._rows: dict[str, Row] = {}
        self._touched: set[str] = set()
        self.changed: dict[str, Row] = {}
        self.moved = False

    def take(self, dirty: Iterable[str], records: Mapping[str, NodeRecord], now: float) -> Iterator[None]:
        """Take over what changed, in steps. Afterwards `changed` and `moved` tell what came of it."""
        self.changed, self.moved = {}, False
        for index, name in enumerate(dirty):
            self._take_one(name, records.get(name), now)
            if index % STEP == STEP - 1:
                yield

    def _take_one(self, name: str, record: NodeRecord | None, now: float) -> None:
        old, new = self._home.get(name), None if record is None else self._group(record)
        self.moved |= old != new
        self._regroup(name, old, new, record)
        self._touched |= {group for group in (old, new) if group}
        if record is not None:
            self.changed[name] = self._row(record, now, new or "")

    def rolled(self) -> tuple[Row, ...]:
        """The rows of the roll-ups that changed since the last call."""
        touched, self._touched = self._touched, set()
        return tuple(self._rolled(group) for group in touched if group in self._rolls)

    def _group(self, record: NodeRecord) -> str:
        return nodes.group_name(record, self._key.group_by) if self._key.group_by else ""

    def _regroup(self, name: str, old: str | None, new: str | None, record: NodeRecord | None) -> None:
        if old is not None and old != new:
            self._rolls[old].put(name, None)
            del self._home[name]
            self._rows.pop(name, None)
            if not self._rolls[old].members:
                del self._rolls[old]
        if new is not None:
            self._home[name] = new
            self._rolls.setdefault(new, LiveRoll()).put(name, record)

    def _row(self, record: NodeRecord, now: float, group: str) -> Row:
        row = self._rows[record.node.name] = nodes.row(record, now, nodes.group_id(group) if group else "")
        return row

    def _rolled(self, group: str) -> Row:
        return nodes.rolled_row(self._rolls[group].roll(group), nodes.group_id(group))

    def rows(self, order: Mapping[str, NodeRecord]) -> tuple[Row, ...]:
        """All rows: ungrouped in the nodes' order, else each roll-up before its members, virtual nodes last."""
        if not self._key.group_by:
            return tuple(self._rows[name] for name in order)
        groups = sorted(self._rolls, key=nodes.group_order)
        return tuple(
            row
            for group in groups
            for row in (self._rolled(group), *(self._rows[name] for name in self._rolls[group].members))
        )


class NodesView:
    """Sends the Nodes table: whole at first and when rows come, go or move, else only the rows that changed."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._table: LiveTable | None = None
        self._generation = 0

    def produce(self, records: Records, now: float) -> Iterator[TableView | TableChange | None]:
        """What to send now, after steps of None."""
        if self._table is None:
            self._table = LiveTable(self._key)
            yield from self._table.take(records.by_name, records.by_name, now)
            yield self._whole(self._table, records, now)
        elif records.changed:
            yield from self._table.take(records.changed, records.by_name, now)
            yield (
                self._whole(self._table, records, now) if self._table.moved else self._change(self._table, records, now)
            )

    def _whole(self, table: LiveTable, records: Records, now: float) -> TableView:
        self._generation += 1
        table.rolled()
        rows = table.rows(records.by_name)
        return nodes.table(rows, records.total.sum("total"), now, self._generation, self._key.group_by)

    def _change(self, table: LiveTable, records: Records, now: float) -> TableChange:
        self._generation += 1
        totals = nodes.rolled_row(records.total.sum("total"), nodes.TOTALS) if records.by_name else None
        upserted = (*table.rolled(), *table.changed.values())
        return TableChange(self._key, self._generation - 1, self._generation, now, upserted, totals=totals)
