"""The Groups view kept up to date: what each group's nodes book and use follows the nodes that changed, and rows are
made anew only when something did. What they say is in groups and group_detail."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from core.analysis.planning import Plan
from core.cluster.cloud_kinds import GROUP, SCALING_GROUP
from core.cluster.group import Group
from core.cluster.store import Store
from core.kube.own_kinds import NodeGroup
from core.views import group_detail, group_plan, groups
from core.views.detail import DetailView
from core.views.groups import GroupRecord, with_plan
from core.views.link import Failure
from core.views.live_nodes import STEP, LiveRoll, Records
from core.views.table import TableChange, TableView, ViewKey, difference

AGES = 10
"""Seconds after which rows are made anew although nothing changed: "2m ago" moves on."""
PATIENCE = 30
"""Seconds after which a group that nobody knows is said to be none."""


class GroupRecords:
    """Group id -> record, from the store and the node records."""

    def __init__(self) -> None:
        self._rolls: dict[str, LiveRoll] = {}
        self._home: dict[str, str] = {}
        self._seen: object = None

    def refresh(self, store: Store, records: Records) -> Iterator[None]:
        """Take over the nodes that changed, in steps."""
        names = records.by_name if self._seen is None else records.changed
        for index, name in enumerate(list(names)):
            self._put(name, records)
            if index % STEP == STEP - 1:
                yield

    def changed(self, store: Store, records: Records, now: float, plan: Plan | None = None) -> bool:
        """Whether there is anything new since the last call."""
        moment = (store.version(GROUP.name, "NodeGroup"), int(now // AGES), id(plan))
        if self._seen == moment and not records.changed:
            return False
        self._seen = moment
        return True

    def _put(self, name: str, records: Records) -> None:
        group = records.groups.get(name)
        old, new = self._home.get(name), group.id if group is not None and name in records.by_name else None
        if old is not None and old != new:
            self._rolls[old].put(name, None)
            del self._home[name]
        if new is not None:
            self._home[name] = new
            self._rolls.setdefault(new, LiveRoll()).put(name, records.by_name[name])

    def of(self, store: Store) -> dict[str, GroupRecord]:
        """All groups as they are now."""
        details: Mapping[str, Group] = store.table(GROUP.name)
        small: Mapping[str, NodeGroup] = store.table("NodeGroup")
        return {key: self._record(key, small.get(key), details.get(key)) for key in dict.fromkeys([*details, *small])}

    def _record(self, key: str, small: NodeGroup | None, details: Group | None) -> GroupRecord:
        roll = self._rolls.get(key)
        if roll is None:
            return GroupRecord(key, small, details)
        nodes = tuple(record.node for record in roll.members.values())
        return GroupRecord(key, small, details, nodes, roll.tally.figures())


class GroupsView:
    """Sends the Groups table: whole at first, then what differs."""

    def __init__(self) -> None:
        self._records = GroupRecords()
        self._sent: TableView | None = None

    def produce(
        self, store: Store, records: Records, now: float, plan: Plan | None
    ) -> Iterator[TableView | TableChange | None]:
        """What to send now, after steps of None."""
        yield from self._records.refresh(store, records)
        if not self._records.changed(store, records, now, plan):
            return
        found = with_plan(self._records.of(store), plan)
        generation = self._sent.generation + 1 if self._sent is not None else 1
        others = groups.strangers(found.values(), len(store.table(SCALING_GROUP.name)))
        notes = (*groups.missing(store.unavailable_kinds), *others)
        new = groups.view(found.values(), now, generation, notes)
        update = new if self._sent is None else difference(self._sent, new)
        if isinstance(update, TableView) or update.upserted or update.removed or update.order is not None:
            self._sent = new
            yield update


class GroupDetailView:
    """Sends one group in full whenever something about it changed."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._records = GroupRecords()
        self._sent: DetailView | None = None
        self._missed = 0.0

    def produce(
        self, store: Store, records: Records, now: float, plan: Plan | None
    ) -> Iterator[DetailView | Failure | None]:
        """The group; once that there is none."""
        yield from self._records.refresh(store, records)
        if not self._records.changed(store, records, now, plan):
            return
        record = self._records.of(store).get(self._key.name)
        if record is not None:
            view = group_detail.view(record, now, store.generation)
            self._sent = replace(view, facts=(*group_plan.facts(plan, self._key.name), *view.facts))
            yield self._sent
        elif self._sent is not None and not self._sent.gone:
            self._sent = replace(self._sent, gone=True, generation=store.generation)
            yield self._sent
        elif self._sent is None and self._given_up(store, now):
            yield Failure(self._key, f"group {self._key.name}: no such group (any more); go back to the list")

    def _given_up(self, store: Store, now: float) -> bool:
        """True once: when other groups are known, or for a while nothing is, because the cloud takes its time."""
        self._missed = self._missed or now
        if self._missed < 0 or (not store.table(GROUP.name) and now - self._missed < PATIENCE):
            return False
        self._missed = -1.0
        return True
