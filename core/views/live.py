"""Views that stay up to date with the living store: each producer remembers what it sent and says only what changed.
What a row or a fact says is in the view's own module; when producers are asked is the session's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from core.analysis.planning import Plan
from core.analysis.scale_in.result import NodeVerdict
from core.cluster.store import Store
from core.views import candidate_detail, candidates, node_detail, pending, pending_detail, pod_detail, scale_in
from core.views.detail import DetailView, Fact
from core.views.link import Failure, Update
from core.views.live_audits import AUDITS, AuditProducer
from core.views.live_groups import GroupDetailView, GroupsView
from core.views.live_nodes import NodesView, Records
from core.views.nodes import NodeRecord
from core.views.planned import Planned
from core.views.table import Cell, TableView, ViewKey


@dataclass(frozen=True, slots=True)
class Moment:
    """What a producer may look at. `records.changed` are the nodes whose record is new since the last moment."""

    store: Store
    records: Records
    now: float
    planned: Planned


class Producer(Protocol):
    """Makes the updates of one subscribed view."""

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        """What to send now, the first time the whole view. None between two steps: let others have the loop."""


PlanView = Callable[[Plan, float, int], TableView | DetailView | None]
"""Makes a view of a plan at a time, numbered; None when what it is about is not in the plan."""
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
        # a record, and the plan, may lag behind the store
        seen = (moment.store.generation, record, moment.planned, int(moment.now // DETAIL_AGES))
        if seen == self._seen:
            return None
        self._seen = seen
        if record is None:
            return self._gone(moment)
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
    pods = store.booking(name).pods.values() if store.is_available("Pod") else None
    view = node_detail.view(record, pods, store.table("PodMetrics"), events, moment.now, store.generation)
    plan = moment.planned.plan
    verdict = next((one for one in plan.scale_in.nodes if one.node == name), None) if plan is not None else None
    return view if plan is None or verdict is None else _with_scale_in(view, plan, verdict, moment.now)


def _with_scale_in(view: DetailView, plan: Plan, verdict: NodeVerdict, now: float) -> DetailView:
    """With what becomes of the node, in a sentence and in full."""
    tone = candidates.short(verdict, now).tone
    fact = Fact("Scale-in", Cell(scale_in.explanation(verdict, now), tone=tone), wide=True)
    pods, *others = view.tables
    facts = (fact, pending_detail.judged(plan), *view.facts)
    return replace(view, facts=facts, tables=(pods, candidate_detail.table(verdict, now), *others))


class GroupsProducer:
    """The Groups table."""

    def __init__(self) -> None:
        self._view = GroupsView()

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        return self._view.produce(moment.store, moment.records, moment.now, moment.planned.plan)


class GroupDetailProducer:
    """One group in full."""

    def __init__(self, key: ViewKey) -> None:
        self._view = GroupDetailView(key)

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        return self._view.produce(moment.store, moment.records, moment.now, moment.planned.plan)


class PlanProducer:
    """A view of the newest plan: made anew when there is a newer one."""

    def __init__(self, key: ViewKey, make: PlanView) -> None:
        self._key, self._make = key, make
        self._of: Planned | None = None

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        planned = moment.planned
        if planned is self._of or (planned.plan is None and not planned.error):
            return
        self._of = planned
        if planned.plan is None:
            yield Failure(self._key, planned.error)
        elif (update := self._view(planned.plan, moment)) is not None:
            yield update
        else:
            yield Failure(self._key, f"{self._key.name}: no such thing in the plan (any more); go back to the list")

    def _view(self, plan: Plan, moment: Moment) -> TableView | DetailView | None:
        return self._make(plan, moment.now, moment.store.generation)


class ScaleInProducer(PlanProducer):
    """The Scale-in table, with what the nodes cost."""

    def __init__(self, key: ViewKey) -> None:
        super().__init__(key, candidates.view)

    def _view(self, plan: Plan, moment: Moment) -> TableView:
        return candidates.view(plan, moment.now, moment.store.generation, moment.planned.prices)


class PodDetailProducer:
    """One pod in full."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._sent: DetailView | None = None
        self._seen: object = None

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        store = moment.store
        seen = (store.version("Pod", "PodDisruptionBudget", "Event", "PodMetrics"), int(moment.now // DETAIL_AGES))
        if seen == self._seen:
            return
        self._seen = seen
        pod = store.table("Pod").get(self._key.name)
        if pod is not None:
            self._sent = pod_detail.view(pod, store.snapshot(moment.now), store.generation)
        elif self._sent is not None:
            self._sent = replace(self._sent, gone=True, generation=store.generation)
        yield self._sent or Failure(self._key, f"pod {self._key.name}: no such pod (any more); go back to the list")


def _pending_class(pod: str) -> PlanView:
    def make(plan: Plan, now: float, generation: int) -> DetailView | None:
        found = pending_detail.find(plan, pod)
        return (
            None
            if found is None
            else replace(pending_detail.view(plan, found, now, generation), key=ViewKey("pending-class", pod))
        )

    return make


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
        case "pod":
            return PodDetailProducer(key)
        case "pending":
            return PlanProducer(key, pending.view)
        case "pending-class":
            return PlanProducer(key, _pending_class(key.name))
        case "scale-in":
            return ScaleInProducer(key)
    return AuditProducer(key, AUDITS[key.kind]) if key.kind in AUDITS else None
