"""A busy watch over TLS, whose reading is paused again and again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from core.clients.kubernetes import Clients, Target, Unreachable, connect
from core.feeds.kubernetes import ClusterFeed
from core.feeds.sink import Phase
from core.kube.kinds import BY_NAME
from tests.wire.feeds.api import Api, pod
from tests.wire.feeds.certificates import server_side, write_certificate
from tests.wire.feeds.conftest import QUICK
from tests.wire.feeds.recorder import Recorder

LARGE = "x" * 9_000


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    write_certificate(tmp_path, "ip", 10)
    async with Api(server_side(tmp_path)) as server:
        yield server


@pytest_asyncio.fixture
async def clients(api: Api, tmp_path: Path) -> AsyncIterator[Clients]:
    cluster = {"certificate-authority": "cert.pem"}
    found = await connect(Target(kubeconfig=api.kubeconfig(tmp_path / "kubeconfig", cluster=cluster)))
    yield found
    await found.close()


@pytest_asyncio.fixture
async def recorder(api: Api, clients: Clients) -> AsyncIterator[Recorder]:
    made = Recorder()
    feed = ClusterFeed(clients.reader, made, [BY_NAME["Pod"]], timing=replace(QUICK, lifetime=(600, 600)))
    running = asyncio.create_task(feed.run())
    await api.watched("pods")
    yield made
    assert not running.done()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def large_pod(number: int) -> dict[str, object]:
    obj = pod(f"p{number}")
    obj["metadata"]["annotations"] = {"note": LARGE}
    return obj


async def test_nothing_is_lost_however_fast_and_however_slow_events_come(api: Api, recorder: Recorder) -> None:
    for number in range(400):
        await api.emit("pods", "ADDED", large_pod(number))
        if number % 40 == 0:
            await asyncio.sleep(0.03)
    await recorder.until(lambda: len(recorder.held["Pod"]) == 400)
    for number in range(8):
        await api.emit("pods", "DELETED", pod(f"p{number}"))
        await asyncio.sleep(0.02)
    await recorder.until(lambda: len(recorder.held["Pod"]) == 392)
    assert [state.phase for state in recorder.states["Pod"]] == [Phase.CONNECTING, Phase.LISTING, Phase.LIVE]


async def test_a_watch_may_be_cut_while_its_reading_is_paused(api: Api, clients: Clients, recorder: Recorder) -> None:
    for round_ in range(6):
        await api.watched("pods")
        for number in range(5):
            await api.emit("pods", "ADDED", large_pod(100 * round_ + number))
            await asyncio.sleep(0.01)
        if round_ % 2:
            clients.reader.drop_watches(Unreachable("dropped", "dropped"))
        else:
            api.drop_watches()
        await recorder.until_phase("Pod", Phase.RECONNECTING)
        assert "unexpected" not in recorder.now("Pod").cause
        await recorder.until_phase("Pod", Phase.LIVE)
    await recorder.until(lambda: len(recorder.held["Pod"]) == 30)
