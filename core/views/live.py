"""Views that stay up to date with the living store: each producer remembers what it sent and says only what changed.
What a row or a fact says is in the view's own module; when producers are asked is the session's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from core.cluster.store import Store
from core.views import node_detail
from core.views.detail import DetailView
from core.views.link import Failure, Update
from core.views.live_groups import GroupDetailView, GroupsView
from core.views.live_nodes import NodesView, Records
from core.views.nodes import NodeRecord
from core.views.table import ViewKey


@dataclass(frozen=True, slots=True)
class Moment:
    """What a producer may look at. `records.changed` are the nodes whose record is new since the last moment."""

    store: Store
    records: Records
    now: float


class Producer(Protocol):
    """Makes the updates of one subscribed view."""

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        """What to send now, the first time the whole view. None between two steps: let others have the loop."""


DETAIL_AGES = 30
"""Seconds after which a detail is made anew although nothing changed."""


class NodesProducer:
    """The Nodes table."""

    def __init__(self, key: ViewKey) -> None:
        self._view = NodesView(key)

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        return self._view.produce(moment.records, moment.now)


class NodeDetailProducer:
    """One node in full."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._sent: DetailView | None = None
        self._seen: tuple[object, ...] = ()

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        if (update := self._update(moment)) is not None:
            yield update

    def _update(self, moment: Moment) -> Update | None:
        record = moment.records.by_name.get(self._key.name)
        if record is None:
            return self._gone(moment)
        seen = (moment.store.generation, int(moment.now // DETAIL_AGES))
        if seen == self._seen:
            return None
        self._seen = seen
        self._sent = _node_detail(record, moment)
        return self._sent

    def _gone(self, moment: Moment) -> Update | None:
        if self._sent is None:
            return Failure(self._key, f"node {self._key.name}: no such node (any more); go back to the list")
        if self._sent.gone:
            return None
        self._sent = replace(self._sent, gone=True, generation=moment.store.generation)
        return self._sent


def _node_detail(record: NodeRecord, moment: Moment) -> DetailView:
    store, name = moment.store, record.node.name
    events = None
    if store.is_available("Event"):
        all_events = store.table("Event").values()
        events = [event for event in all_events if event.about_kind == "Node" and event.about == name]
    pods = store.booking(name).pods.values()
    return node_detail.view(record, pods, store.table("PodMetrics"), events, moment.now, store.generation)


class GroupsProducer:
    """The Groups table."""

    def __init__(self) -> None:
        self._view = GroupsView()

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        return self._view.produce(moment.store, moment.records, moment.now)


class GroupDetailProducer:
    """One group in full."""

    def __init__(self, key: ViewKey) -> None:
        self._view = GroupDetailView(key)

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        return self._view.produce(moment.store, moment.records, moment.now)


@dataclass(slots=True)
class UnknownView:
    """Says once that there is no such view."""

    key: ViewKey
    said: bool = False

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        if not self.said:
            self.said = True
            yield Failure(self.key, f"no view is called {self.key.kind!r}")


def producer(key: ViewKey) -> Producer | None:
    """The producer of a view; None for a view that nobody knows."""
    match key.kind:
        case "nodes":
            return NodesProducer(key)
        case "node":
            return NodeDetailProducer(key)
        case "groups":
            return GroupsProducer()
        case "group":
            return GroupDetailProducer(key)
    return None
