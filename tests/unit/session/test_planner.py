"""When the plan is made anew, how often, and what becomes of plans that come too late; and what-ifs made beside it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.analysis.placement import Placement
from core.analysis.planning import Plan
from core.clock import Clock
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.kube import kinds
from core.session import planner as module
from core.session.imagining import WhatIfProducer
from core.session.planner import REST, TIMERS, Planner, decide
from core.views.detail import DetailView
from core.views.link import Failure, Update
from core.views.live import Moment, producer
from core.views.live_nodes import Records
from core.views.plan import document
from core.views.planned import Planned
from core.views.table import ViewKey
from core.views.wish import view_key
from tests.unit.build import NOW, Object, group, node, pod, policy, snapshot, workload

TEMPLATE = {key: part for key, part in node("template").items() if key != "kind"}
CALM = policy(assumeComplete=True, assumeUnneededLongEnough=True, templateSource="template")


class Stopped:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0
        self.clock = Clock(now=lambda: NOW + self.at, monotonic=lambda: self.at)


def put(store: Store, *objects: Object) -> None:
    for one in objects:
        store.upsert(one["kind"], kinds.BY_NAME[one["kind"]].codec.item(msgspec.json.encode(one)))


def filled(*more: Object) -> Store:
    store = Store()
    put(store, node("a"), node("b"), group("g", ["a", "b"], template=TEMPLATE), workload("ReplicaSet"), CALM, *more)
    return store


async def settled(one: Planner, store: Store, now: float = NOW) -> set[str]:
    """Consider until the plan that is being made is taken."""
    changed = one.consider(store, now)
    before = one.latest
    for _ in range(500):
        await asyncio.sleep(0.01)
        changed |= one.consider(store, now)
        if one.latest is not before:
            return changed
    raise AssertionError("no plan came")


def made(one: Planner) -> Plan:
    assert one.latest.plan is not None
    return one.latest.plan


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generations of the snapshots that were planned."""
    seen: list[int] = []
    real = module.decide

    def counted(*words: object) -> Plan:
        found = real(*words)  # type: ignore[arg-type]  # passed on as it is
        seen.append(found.snapshot.generation)
        return found

    monkeypatch.setattr(module, "decide", counted)
    return seen


async def test_the_first_plan_names_all_nodes_and_later_ones_only_what_is_new() -> None:
    time, store = Stopped(), filled()
    one = Planner(time.clock)
    assert one.latest == Planned()
    assert await settled(one, store) == {"a", "b"}
    assert one.latest.verdicts["a"].text == "goes next: empty"
    time.at += 60
    put(store, pod("x", "a", cpu="3900m"))
    assert "a" in await settled(one, store)
    assert one.latest.verdicts["a"].text.startswith("busy: cpu 97 %")


async def test_nothing_is_planned_anew_while_nothing_changed(plans: list[int]) -> None:
    time, store = Stopped(), filled()
    one = Planner(time.clock)
    await settled(one, store)
    time.at += REST + 1
    for _ in range(5):
        one.consider(store, NOW + 1)
        await asyncio.sleep(0.01)
    assert len(plans) == 1
    await settled(one, store, NOW + TIMERS)
    assert len(plans) == 2, "time alone lets nodes go"


async def test_changes_wait_until_the_last_plan_is_paid_for(plans: list[int]) -> None:
    time, store = Stopped(), filled()
    one = Planner(time.clock)
    await settled(one, store)
    for number in range(5):
        put(store, pod(f"p{number}"))
        one.consider(store, NOW)
        await asyncio.sleep(0.02)
    assert len(plans) == 1
    time.at += REST
    await settled(one, store)
    assert plans == [plans[0], store.generation], "one plan for all changes, of the newest state"


def told(plan: Plan) -> Any:
    """Everything but what the planner has watched in between."""
    found = document(plan)
    for one in found["scaleIn"]["nodes"]:
        del one["since"], one["goesAt"], one["estimatedFrom"]
    return found


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generations of the snapshots that were placed from the start."""
    seen: list[int] = []
    real = Placement.from_snapshot

    def counted(snapshot: Snapshot, *rules: Any) -> Placement:
        seen.append(snapshot.generation)
        return real(snapshot, *rules)

    monkeypatch.setattr(Placement, "from_snapshot", counted)
    return seen


async def test_little_that_changed_is_followed_and_planned_as_if_from_the_start(starts: list[int]) -> None:
    time, store = Stopped(), filled(pod("x", "a"))
    one = Planner(time.clock)
    for number in range(4):
        time.at += 60
        put(store, pod(f"p{number}", "b" if number % 2 else None, cpu="900m"))
        await settled(one, store)
    assert len(starts) == 1
    assert told(made(one)) == told(decide(store.snapshot(NOW)))


async def test_a_what_if_takes_nothing_from_the_plan_that_is_shown(starts: list[int]) -> None:
    time, store = Stopped(), filled(pod("x", "a"), pod("y", "b"))
    one = Planner(time.clock)
    await settled(one, store)
    before = document(made(one))
    producer = WhatIfProducer(view_key((("remove", "a"),)))
    answer = await answers(producer, moment(store, one.latest))
    assert isinstance(answer, DetailView)
    assert len(starts) == 2, "it has a placement of its own"
    assert document(made(one)) == before
    time.at += 60
    put(store, pod("z", "b"))
    await settled(one, store)
    assert len(starts) == 2
    assert told(made(one)) == told(decide(store.snapshot(NOW)))


async def test_a_plan_older_than_what_is_shown_is_dropped() -> None:
    time, store = Stopped(), filled()
    one = Planner(time.clock)
    one.consider(store, NOW)
    newer = filled(pod("x", "a"), pod("y", "b"), pod("z"))
    assert newer.generation > store.generation
    shown = one.latest = Planned(decide(newer.snapshot(NOW)))
    await asyncio.sleep(0.3)
    assert one.consider(store, NOW) == set()
    assert one.latest is shown
    await one.close()


async def test_a_bad_setting_is_an_error_and_not_an_end() -> None:
    time, store = Stopped(), filled()
    put(store, policy(ruleSet="nobody knows"))
    one = Planner(time.clock)
    await settled(one, store)
    assert one.latest.plan is None
    assert "ruleSet" in one.latest.error or "nobody knows" in one.latest.error
    put(store, CALM)
    time.at += 60
    await settled(one, store)
    assert len(made(one).scale_in.nodes) == 2


async def test_a_mistake_of_ours_leaves_the_rest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*words: object) -> Plan:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(module, "decide", broken)
    one = Planner(Stopped().clock)
    await settled(one, filled())
    assert one.latest.error.startswith("no plan: ")


def moment(store: Store, planned: Planned) -> Moment:
    return Moment(store, Records(store), NOW, planned)


async def answers(producer: WhatIfProducer, at: Moment) -> Update:
    """What it says once it has found out."""
    for _ in range(500):
        said: Iterator[Update | None] = producer.produce(at)
        for update in said:
            if update is not None:
                return update
        await asyncio.sleep(0.01)
    raise AssertionError("no answer came")


async def test_a_what_if_waits_for_a_plan_and_is_found_out_once() -> None:
    store = filled(pod("x", "a"))
    key = view_key((("drain", "a"),))
    producer = WhatIfProducer(key)
    assert list(producer.produce(moment(store, Planned()))) == []
    at = moment(store, Planned(decide(store.snapshot(NOW))))
    shown = await answers(producer, at)
    assert isinstance(shown, DetailView)
    assert (shown.key, shown.facts[0].value.text) == (key, "1 pod would land on 1 node.")
    await asyncio.sleep(0.05)
    assert list(producer.produce(at)) == []


async def test_what_cannot_be_tried_is_one_line() -> None:
    store = filled()
    planned = Planned(decide(store.snapshot(NOW)))
    for name, part in ((view_key((("drain", "[red]x\x1b"),)).name, "there is none of that name"), ("{}", "no wishes")):
        failure = await answers(WhatIfProducer(ViewKey("what-if", name)), moment(store, planned))
        assert isinstance(failure, Failure)
        assert part in failure.message
    failure = await answers(WhatIfProducer(view_key((("drain", "a"),))), moment(store, Planned(error="bad setting")))
    assert failure == Failure(view_key((("drain", "a"),)), "bad setting")


def test_decide_takes_the_policy_that_the_snapshot_shows() -> None:
    found = decide(snapshot(node("a"), policy(scaleDownUtilizationThreshold=0.9, assumeComplete=True)))
    assert found.policy.scale_down_utilization_threshold == 0.9


def test_a_nodes_detail_says_what_becomes_of_it_once_there_is_a_plan() -> None:
    store = filled(pod("x", "a", cpu="3"))
    records = Records(store)
    list(records.refresh(store.take_dirty_nodes()))

    def labels(planned: Planned) -> dict[str, str]:
        made = producer(ViewKey("node", "a"))
        assert made is not None
        (view,) = made.produce(Moment(store, records, NOW, planned))
        assert isinstance(view, DetailView)
        return {fact.label: fact.value.text for fact in view.facts}

    assert "Scale-in" not in labels(Planned())
    said = labels(Planned(decide(store.snapshot(NOW))))["Scale-in"]
    assert said == "Stays: 75 % of its cpu is booked, above the 50 % that scale-in asks for."
