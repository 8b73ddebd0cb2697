"""Servers that misbehave: one clear line, within its time, and nobody else notices."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from aiohttp import web

from core.clients.prometheus import PrometheusError, Reader, TooMuch, find, reader
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.errors import InputError
from core.feeds.sink import Phase
from core.feeds.usage_history import HistoryChoice, HistoryFeed, HistoryTiming, open_feed
from core.session import Session, Where
from core.views import sources
from core.views.status import Connection
from core.views.table import TableView, ViewKey
from tests.controlplane.processes import free_ports
from tests.unit.build import node, policy

NOWHERE = Path("/nonexistent")
Answer = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners = []

    async def start(answer: Answer) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        (port,) = free_ports(1)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


def client(url: str, **env: str) -> Reader:
    settings = find(url, {f"VACANCY_PROMETHEUS_{name}": value for name, value in env.items()}, NOWHERE)
    assert settings is not None
    return Reader(settings, pause=0.01)


def answering(body: str | bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        text = body.encode() if isinstance(body, str) else body
        return web.Response(body=text, status=status, headers={"Content-Type": "application/json", **headers})

    return answer


def vector(*rows: tuple[dict[str, str], str]) -> str:
    result = [{"metric": labels, "value": [1.5, value]} for labels, value in rows]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


def trouble(kind: str, text: str) -> str:
    return json.dumps({"status": "error", "errorType": kind, "error": text})


MATRIX = '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}}'


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("<!DOCTYPE html><title>Sign in</title>", 200, "a web page"),
        ("\x00\xff", 200, "something else than query results"),
        ("[" * 100_000, 200, "something else than query results"),
        (MATRIX, 200, "something else"),
        ('{"status":"success","data":{"resultType":"scalar","result":[]}}', 200, "than a vector"),
        (MATRIX.replace("matrix", "vector"), 200, "something else"),
        ("<html>", 404, "it answered 404"),
        ("", 302, "a redirection"),
        (trouble("bad_data", "parse error\x1b[31m at <b>char</b>\n5"), 400, "400 parse error [31m at <b>char</b> 5"),
        ("", 401, "VACANCY_PROMETHEUS_TOKEN"),
        ("{", 503, "it answered 503"),
        ("x" * 3_000_000, 200, "larger than 1 MiB"),
    ],
)  # fmt: skip
async def test_strange_answers_are_one_clear_line(
    serve: Serve, body: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LARGEST", 2**20)
    headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    one = client(await serve(answering(body, status, headers)))
    with pytest.raises(PrometheusError) as raised:
        await one.vector("up")
    await one.close()
    assert said in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) <= 300


async def test_a_bomb_is_not_unpacked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(reader, "LARGEST", 2**20)
    one = client(await serve(answering(gzip.compress(b"0" * 50_000_000), 200, {"Content-Encoding": "gzip"})))
    with pytest.raises(PrometheusError, match="larger than"):
        await one.vector("up")
    await one.close()


async def test_odd_numbers_are_left_out_and_counted(serve: Serve) -> None:
    rows = [({"container": name}, name) for name in ("NaN", "+Inf", "-Inf", "-1", "x", "1e300", "0", "2.5")]
    one = client(await serve(answering(vector(*rows))))
    found = await one.vector("up")
    await one.close()
    assert [number for _, number in found.samples] == [1e300, 0.0, 2.5]
    assert found.odd == 5


async def test_what_passes_is_tried_again_and_what_does_not_is_not(serve: Serve) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["query"])
        if request.query["query"] == "bad" or len(asked) < 3:
            return web.Response(status=400 if request.query["query"] == "bad" else 503, text="")
        return web.Response(text=vector())

    one = client(await serve(answer))
    assert (await one.vector("up")).samples == ()
    with pytest.raises(PrometheusError):
        await one.vector("bad")
    await one.close()
    assert asked == ["up", "up", "up", "bad"]


async def test_who_asks(serve: Serve) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization")))
        return web.Response(text=vector())

    place = await serve(answer)
    for one in (client(f"{place}/tenant/x/", TOKEN="abc"), client(place, USER="me", PASSWORD="pass"), client(place)):
        await one.vector("up")
        await one.close()
    assert seen == [
        ("/tenant/x/api/v1/query", "Bearer abc"), ("/api/v1/query", "Basic bWU6cGFzcw=="), ("/api/v1/query", None)
    ]  # fmt: skip


async def test_silence_ends_in_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "GRACE", 0.2)

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    one = client(await serve(answer))
    with pytest.raises(TooMuch, match="no answer within"):
        await one.vector("up", timeout=0.1)
    await one.close()


async def test_nobody_there() -> None:
    one = client("http://127.0.0.1:1/secret-token/x")
    with pytest.raises(PrometheusError, match=r"^Prometheus at http://127.0.0.1:1: connection refused$"):
        await one.vector("up")
    await one.close()


def feed(url: str, store: Store, intake: Intake, **timing: float) -> HistoryFeed:
    return HistoryFeed(client(url), 7 * 86_400, store, intake, timing=HistoryTiming(**timing))  # type: ignore[arg-type]


async def test_too_much_is_asked_for_more_coarsely(serve: Serve) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        query = request.query["query"]
        asked.append(query)
        if ":300s]" in query or ":1200s]" in query:
            text = trouble("execution", "query processing would load too many samples into memory in query execution")
            return web.Response(status=422, text=text)
        labels = {"namespace": "a", "stem": "b", "container": "c"}
        return web.Response(text=vector((labels, "1.5")))

    store = Store()
    intake = Intake(store)
    one = feed(await serve(answer), store, intake)
    assert await one.read_once()
    await one.close()
    assert [query.count(":4800s]") for query in asked] == [0, 0, 1, 1, 1]
    (found,) = store.table("UsageHistory").values()
    assert (found.cpu, found.memory, found.seconds) == (1_500, 2, 4_800)


async def test_trouble_is_a_state_and_what_is_held_stays(serve: Serve) -> None:
    broken = False

    async def answer(request: web.Request) -> web.Response:
        if broken:
            return web.Response(text="<html>")
        return web.Response(text=vector(({"namespace": "a", "stem": "b", "container": "c"}, "1")))

    store = Store()
    intake = Intake(store)
    one = feed(await serve(answer), store, intake)
    assert await one.read_once()
    assert intake.states["UsageHistory"].phase is Phase.LIVE
    broken = True
    assert not await one.read_once()
    await one.close()
    state = intake.states["UsageHistory"]
    assert (state.phase, len(store.table("UsageHistory"))) == (Phase.RECONNECTING, 1)
    assert state.cause.startswith("it answered with a web page")
    shown = sources.sources(intake.states)[-1]
    assert (shown.name, shown.state) == ("prometheus", Connection.RECONNECTING)


async def test_a_command_does_not_wait_for_ever(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    store = Store()
    intake = Intake(store)
    one = feed(await serve(answer), store, intake)
    assert not await one.read_once(within=0.3)
    await one.close()
    assert intake.states["UsageHistory"].cause.startswith("no answer within 0 s")


async def test_no_view_waits_for_it(serve: Serve, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    path = tmp_path / "dump.json"
    objects = [{"apiVersion": "v1", **node("a")}, {"apiVersion": "vacancy/v1", **policy(assumeComplete=True)}]
    path.write_text(json.dumps({"kind": "List", "items": objects}))
    session = Session(Where(str(path), prometheus=await serve(answer)))
    keys = {ViewKey("nodes"), ViewKey("rightsizing")}
    for key in keys:
        session.subscribe(key)
    async with asyncio.timeout(20):
        async for update in session.updates():
            if isinstance(update, TableView):
                keys.discard(update.key)
            if not keys:
                break
        await session.close()


async def test_two_hundred_thousand_containers_do_not_stop_the_loop(serve: Serve) -> None:
    rows = [({"namespace": "n", "stem": f"s{index}", "container": "c"}, "0.5") for index in range(200_000)]
    store = Store()
    one = feed(await serve(answering(vector(*rows))), store, Intake(store))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # the loop's own work: others may be busy
            await asyncio.sleep(0.01)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.ensure_future(watch())
    assert await one.read_once()
    watching.cancel()
    await one.close()
    assert len(store.table("UsageHistory")) == 200_000
    assert longest < 0.3


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("prometheus:9090", "is no URL"),
        ("ftp://x", "is no URL"),
        ("http://[::1", "is no URL"),
        ("http://user:secret@x", "holds credentials"),
        ("http://x/?a=b", "a ? or a #"),
    ],
)
def test_addresses_that_can_not_be_meant(url: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        find(url, {}, NOWHERE)
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)


def test_where_settings_come_from(tmp_path: Path) -> None:
    (tmp_path / "prometheus.toml").write_text('url = "https://file/p"\nwindow = "14d"\nmatch = \'cluster="a"\'\n')
    env = {"VACANCY_PROMETHEUS": "https://env", "VACANCY_PROMETHEUS_TOKEN": "hush"}
    places = [found.place for url in ("https://line", "") if (found := find(url, env, tmp_path))]
    assert places == ["https://line", "https://env"]
    own = find("", {}, tmp_path)
    assert own is not None
    assert (own.url, own.place, own.window, own.match) == ("https://file/p", "https://file", "14d", 'cluster="a"')
    assert find("", {}, NOWHERE) is None
    assert "hush" not in repr(find("", env, tmp_path))
    (tmp_path / "prometheus.toml").write_text('token = "hush"\n')
    with pytest.raises(InputError, match="only url, window, match, ca"):
        find("", {}, tmp_path)


@pytest.mark.parametrize("window", ["5m", "none", "61d", "week", "-1d"])
def test_a_window_that_makes_no_sense(window: str) -> None:
    store = Store()
    with pytest.raises(InputError, match="--window"):
        open_feed(HistoryChoice("http://x", window, {}, NOWHERE), store, Intake(store))
