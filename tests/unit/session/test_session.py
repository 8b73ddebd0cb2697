"""The session: what it sends from a dump and from a source that changes, and that no mistake ends it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from core.cluster.store import Store
from core.errors import InputError, SourceUnreachable
from core.kube import kinds, timestamps
from core.session import Session, Where, read
from core.session import planner as planner_module
from core.session import session as session_module
from core.views.detail import DetailView
from core.views.header import About
from core.views.link import Failure, Retry, Update
from core.views.status import Connection, Progress, Source, Status
from core.views.table import TableChange, TableView, ViewKey
from tests.unit import build

NODES = ViewKey("nodes")


def put(store: Store, *objects: build.Object) -> None:
    for one in objects:
        store.upsert(one["kind"], kinds.BY_NAME[one["kind"]].codec.item(msgspec.json.encode(one)))


class FakeSource:
    """A source that is as the test says."""

    def __init__(self) -> None:
        self.ready = self.settled = True
        self.clients = None
        self.error: Exception | None = None
        self.woken = self.closed = 0

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def now(self, clock: object) -> float:
        return float(build.NOW)

    def about(self) -> About:
        return About("fake", None, (Source("kubernetes", Connection.LIVE),))

    def wake(self) -> None:
        self.woken += 1

    async def close(self) -> None:
        self.closed += 1


class Screen:
    """Reads updates as the app does and keeps them."""

    def __init__(self, session: Session) -> None:
        self.session, self.got = session, list[Update]()
        self._updates = session.updates()

    async def until(self, wanted: Callable[[Update], bool], seconds: float = 30.0) -> Update:
        """The next update that is `wanted`."""
        async with asyncio.timeout(seconds):
            async for update in self._updates:
                self.got.append(update)
                if wanted(update):
                    return update
        raise AssertionError("the session has ended")


def of(kind: type[Update], key: ViewKey | None = None) -> Callable[[Update], bool]:
    return lambda update: isinstance(update, kind) and (key is None or getattr(update, "key", None) == key)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def screen(source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Screen]:
    session = Session(Where())

    async def opened() -> FakeSource:
        return source

    monkeypatch.setattr(session, "_open", opened)
    monkeypatch.setattr(session_module, "TICK", 0.02)
    yield Screen(session)
    await session.close()


def store_of(screen: Screen) -> Store:
    return screen.session._store


async def test_a_dump_comes_whole_with_its_own_clock(tmp_path: Path) -> None:
    objects = [build.node("n1", created="2026-01-15T11:00:00Z"), build.pod("a/p", "n1", cpu="2")]
    (tmp_path / "d.json").write_text(json.dumps({"kind": "List", "items": objects}))
    session = Session(Where(dump=str(tmp_path / "d.json")))
    session.subscribe(NODES)
    screen = Screen(session)
    view = await screen.until(of(TableView, NODES))
    assert isinstance(view, TableView)
    assert [row.id for row in view.rows] == ["n1"]
    assert next(cell.bar.booked for cell in view.rows[0].cells if cell.bar is not None) == 0.5
    status = [update for update in screen.got if isinstance(update, Status)][-1]
    assert (status.nodes, status.pods, status.cpu.booked) == (1, 1, 0.5)
    assert status.sources[0].state is Connection.STATIC
    assert status.as_of == timestamps.seconds("2026-01-15T11:00:00Z")
    await session.close()


@pytest.mark.parametrize("text", [None, "", "{", '{"kind": "Nope"}'])
async def test_a_dump_that_cant_be_read_ends_the_session_with_its_line(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "d.json"
    if text is not None:
        path.write_text(text)
    session = Session(Where(dump=str(path)))
    with pytest.raises(InputError, match=r"d\.json"):
        await Screen(session).until(lambda update: False)
    await session.close()


async def test_nobody_waits_for_a_dump_that_is_left(tmp_path: Path) -> None:
    path, told = tmp_path / "d.json", list[Progress]()
    path.write_text(json.dumps({"kind": "List", "items": [build.node(f"n{i}") for i in range(20_000)]}))
    loading = asyncio.ensure_future(read(Where(dump=str(path)), tell=told.append))
    while not told:  # noqa: ASYNC110  # a thread tells
        await asyncio.sleep(0)
    loading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await loading
    before = len(told)
    await asyncio.sleep(0.3)
    assert len(told) <= before + 1 < 10


async def test_what_happens_is_sent_as_a_change(screen: Screen) -> None:
    put(store_of(screen), build.node("n1"), build.node("n2"))
    screen.session.subscribe(NODES)
    first = await screen.until(of(TableView, NODES))
    put(store_of(screen), build.pod("a/p", "n2", cpu="1"))
    change = await screen.until(
        lambda update: isinstance(update, TableChange) and any(row.id == "n2" for row in update.upserted)
    )
    assert isinstance(first, TableView)
    assert isinstance(change, TableChange)
    assert change.generation > first.generation
    assert change.totals is not None


async def test_a_view_that_is_left_is_not_sent_any_more(screen: Screen) -> None:
    put(store_of(screen), build.node("n1"))
    screen.session.subscribe(NODES)
    await screen.until(of(TableView, NODES))
    screen.session.unsubscribe(NODES)
    screen.got.clear()
    put(store_of(screen), build.node("n2"))
    await screen.until(lambda update: isinstance(update, Status) and update.nodes == 2)
    assert not [update for update in screen.got if not isinstance(update, Status)]


async def test_nothing_but_the_header_is_sent_before_the_source_is_ready(screen: Screen, source: FakeSource) -> None:
    source.ready = source.settled = False
    screen.session.subscribe(NODES)
    await screen.until(of(Status))
    put(store_of(screen), build.node("n1"))
    await screen.until(of(Status))
    assert all(isinstance(update, Status) for update in screen.got)
    source.ready = True
    assert await screen.until(of(TableView, NODES))


async def test_a_mistake_in_a_plan_is_said_and_ends_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(planner_module, "decide", broken)
    put(store_of(screen), build.node("n1"))
    screen.session.subscribe(ViewKey("pending"))
    failure = await screen.until(of(Failure, ViewKey("pending")))
    assert isinstance(failure, Failure)
    assert "ZeroDivisionError: nobody thought of this" in failure.message
    assert "ZeroDivisionError" in [update for update in screen.got if isinstance(update, Status)][-1].notice
    screen.session.subscribe(NODES)
    assert await screen.until(of(TableView, NODES))


async def test_a_view_that_breaks_says_so_and_the_others_go_on(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("n1")

    monkeypatch.setattr("core.views.node_detail.view", broken)
    put(store_of(screen), build.node("n1"))
    key = ViewKey("node", "n1")
    screen.session.subscribe(key)
    failure = await screen.until(of(Failure, key))
    assert isinstance(failure, Failure)
    assert "KeyError" in failure.message
    screen.session.subscribe(NODES)
    await screen.until(of(TableView, NODES))
    assert len([update for update in screen.got if isinstance(update, Failure)]) == 1


async def test_a_view_that_broke_is_tried_again(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.views import node_detail

    sound, key = node_detail.view, ViewKey("node", "n1")
    monkeypatch.setattr("core.session.guarded.REST", 0.05)
    monkeypatch.setattr("core.views.node_detail.view", lambda *_: 1 / 0)
    put(store_of(screen), build.node("n1"))
    screen.session.subscribe(key)
    await screen.until(of(Failure, key))
    monkeypatch.setattr("core.views.node_detail.view", sound)
    assert await screen.until(of(DetailView, key))


async def test_a_source_that_is_at_its_end_ends_the_session(screen: Screen, source: FakeSource) -> None:
    await screen.until(of(Status))
    source.error = SourceUnreachable("gone for good")
    with pytest.raises(SourceUnreachable):
        await screen.until(lambda update: False)


async def test_a_view_that_nobody_knows_is_said_once(screen: Screen) -> None:
    screen.session.subscribe(ViewKey("nope"))
    failure = await screen.until(of(Failure))
    assert isinstance(failure, Failure)
    assert "nope" in failure.message


async def test_a_node_that_is_not_there_is_said_once_and_shown_when_it_comes(screen: Screen) -> None:
    key = ViewKey("node", "late")
    screen.session.subscribe(key)
    await screen.until(of(Failure, key))
    put(store_of(screen), build.node("late"))
    await screen.until(of(DetailView, key))
    assert len([update for update in screen.got if isinstance(update, Failure)]) == 1


async def test_a_node_that_goes_is_marked_and_one_that_returns_is_back(screen: Screen) -> None:
    key = ViewKey("node", "n1")
    put(store_of(screen), build.node("n1"))
    screen.session.subscribe(key)
    await screen.until(of(DetailView, key))
    store_of(screen).remove("Node", "n1")
    await screen.until(lambda update: isinstance(update, DetailView) and update.gone)
    put(store_of(screen), build.node("n1"))
    assert await screen.until(lambda update: isinstance(update, DetailView) and not update.gone)


async def test_asking_again_reaches_the_source(screen: Screen, source: FakeSource) -> None:
    await screen.until(of(Status))
    screen.session.intend(Retry())
    assert source.woken == 1


async def test_a_session_closed_while_it_opens_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    session, source, slow = Session(Where()), FakeSource(), asyncio.Event()

    async def opened() -> FakeSource:
        await slow.wait()
        return source

    monkeypatch.setattr(session, "_open", opened)
    reading = asyncio.ensure_future(anext(session.updates(), None))
    await asyncio.sleep(0)
    await session.close()
    slow.set()
    assert await reading is None
    assert source.closed == 1


async def test_a_quiet_cluster_costs_next_to_nothing(screen: Screen, source: FakeSource) -> None:
    source.settled = False  # no plan, so no verdicts either
    put(store_of(screen), *(build.node(f"n{i}") for i in range(500)))
    screen.session.subscribe(ViewKey("nodes", group_by="type"))
    await screen.until(of(TableView))
    started = time.process_time()
    with contextlib.suppress(TimeoutError):
        await screen.until(lambda update: isinstance(update, DetailView), seconds=0.5)
    assert time.process_time() - started < 0.4
    assert all(len(u.upserted) <= 10 for u in screen.got if isinstance(u, TableChange))
