"""What happens to the cluster shows within seconds: in the rows, or as what is wrong and since when.

Each test prints the delays that it measured; `pytest -s` shows them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, closing

import pytest_asyncio

from core.views.status import Connection
from tests.controlplane.failures import forbidden, throttled
from tests.controlplane.followed import Followed, followed
from tests.controlplane.identities import ON_CALL
from tests.controlplane.scene import Scene

SOON = 2.0
"""Seconds in which what happened must show."""


@pytest_asyncio.fixture
async def view(scene: Scene) -> AsyncIterator[Followed]:
    async with followed(scene.cluster.kubeconfig, ON_CALL) as made:
        await made.until(lambda: _pods(made) == 2, SOON, "two pods")
        yield made


def _pods(view: Followed) -> int:
    return sum(view.pods(name) for name in view.rows)


def _has_pods(view: Followed, count: int) -> Callable[[], bool]:
    return lambda: _pods(view) == count


def _said(what: str, seconds: float) -> None:
    print(f"{what}: {seconds:.2f} s")


async def test_a_scaled_deployment(scene: Scene, view: Followed) -> None:
    for replicas in (14, 3):
        await asyncio.to_thread(scene.scale, replicas)
        ordered = time.monotonic()
        await asyncio.to_thread(scene.world.wait_pods, scene.space, replicas)
        done = time.monotonic()
        delay = await view.until(_has_pods(view, replicas), SOON, f"{replicas} pods")
        _said(f"scaled to {replicas}, after the pods run", delay)
        _said(f"scaled to {replicas}, after kubectl", delay + done - ordered)
    booked = sum((view.booked(name) or 0) * 7900 for name in view.rows)
    assert round(booked) == 750


async def test_a_deleted_node(scene: Scene, view: Followed) -> None:
    gone = scene.nodes[0]
    await asyncio.to_thread(scene.cluster.kubectl, "delete", "node", gone, "--wait=false")
    _said("a node deleted", await view.until(lambda: sorted(view.rows) == sorted(scene.nodes[1:]), SOON, "two nodes"))


async def test_a_cordoned_node(scene: Scene, view: Followed) -> None:
    await asyncio.to_thread(scene.cluster.kubectl, "cordon", scene.nodes[0])
    _said("a node cordoned", await view.until(lambda: "cordoned" in view.text(scene.nodes[0], "state"), SOON, "cordon"))


async def test_a_restarted_api_server(scene: Scene, view: Followed) -> None:
    began = time.time()
    await asyncio.to_thread(scene.cluster.stop_apiserver)
    _said("the API server stopped", await view.until(lambda: view.is_in(Connection.RECONNECTING), SOON, "reconnecting"))
    assert any(words in view.notice for words in ("refused", "closed the connection", "broke off"))
    source = view.source()
    assert source is not None
    assert source.since is not None
    assert began - 15 < source.since < time.time()
    assert len(view.rows) == 3
    await asyncio.to_thread(scene.cluster.start_apiserver)
    _said("the API server back", await view.until(lambda: view.is_in(Connection.LIVE), 12, "live again"))
    await asyncio.to_thread(scene.scale, 5)
    _said("scaled afterwards", await view.until(lambda: _pods(view) == 5, 15, "five pods"))
    assert view.emptied == 0


async def test_a_server_that_falls_silent(scene: Scene, view: Followed) -> None:
    """Nothing breaks: only the heartbeat tells, after 5 s of silence, that nobody answers within another 5 s."""
    with scene.cluster.paused():
        stopped = time.time()
        delay = await view.until(lambda: view.is_in(Connection.RECONNECTING), 16, "reconnecting")
        _said("the API server silent", delay)
        source = view.source()
        assert source is not None
        assert source.since is not None
        assert source.since <= stopped + 1
        assert view.status is not None
        assert view.status.as_of is not None
        assert time.time() - view.status.as_of >= delay - 1
        assert len(view.rows) == 3
    _said("the API server awake", await view.until(lambda: view.is_in(Connection.LIVE), 12, "live again"))
    assert view.emptied == 0


async def test_history_that_is_compacted_while_away(scene: Scene, view: Followed) -> None:
    gone = scene.nodes[0]

    def lose_history() -> None:
        with scene.cluster.offline() as etcd:
            etcd.remove("Node", [gone])
            etcd.compact()

    before = (await asyncio.to_thread(scene.world.api.request, "GET", "/api/v1/nodes"))["metadata"]["resourceVersion"]
    await asyncio.to_thread(lose_history)
    _said("after a compaction", await view.until(lambda: gone not in view.rows, 12, "one node less"))
    await view.until(lambda: view.is_in(Connection.LIVE), 12, "live again")
    with closing(scene.world.api.watch("Node", resourceVersion=before, timeoutSeconds=5)) as events:
        assert next(events)["object"]["code"] == 410
    assert sorted(view.rows) == sorted(scene.nodes[1:])
    assert view.emptied == 0


async def test_pods_that_may_no_longer_be_read(scene: Scene, view: Followed) -> None:
    async with within(forbidden(scene.cluster, "Pod")):
        view.ask_again()
        _said("pods forbidden", await view.until(lambda: "pods is forbidden" in view.notice, SOON, "why"))
        await view.until(lambda: view.booked(scene.nodes[0]) is None, SOON, "bookings unknown")
        assert view.text(scene.nodes[0], "pods") == "-"
        assert sorted(view.rows) == sorted(scene.nodes)
        assert view.status is not None
        assert view.status.pods is None
    _said("pods allowed again", await view.until(_has_pods(view, 2), 15, "two pods"))


async def test_nodes_that_may_no_longer_be_read(scene: Scene, view: Followed) -> None:
    async with within(forbidden(scene.cluster, "Node")):
        view.ask_again()
        _said("nodes forbidden", await view.until(lambda: "nodes is forbidden" in view.notice, SOON, "why"))
        await view.until(lambda: {view.text(name, "state") for name in view.rows} == {"not readable"}, SOON, "no nodes")
        assert _pods(view) == 2
    _said("nodes allowed again", await view.until(lambda: len(view.rows) == 3, 15, "three nodes"))


async def test_a_server_that_is_too_busy(scene: Scene, view: Followed) -> None:
    async with within(throttled(scene.cluster)):
        view.ask_again()
        _said("throttled", await view.until(lambda: view.is_in(Connection.RECONNECTING), SOON, "reconnecting"))
        assert "too many requests" in view.notice.lower()
        assert _pods(view) == 2
    _said("no longer throttled", await view.until(lambda: view.is_in(Connection.LIVE), 15, "live again"))


async def test_metrics_that_vanish_and_return(scene: Scene, view: Followed) -> None:
    await asyncio.to_thread(scene.world.wait_node_metrics, scene.nodes)
    await view.until(lambda: all(view.used(name) is not None for name in scene.nodes), 35, "usage")
    scene.cluster.program("metrics-server").stop(kill=True)
    gone = await view.until(lambda: view.is_in(Connection.RECONNECTING, "metrics"), 35, "metrics gone")
    _said("metrics-server stopped (polled every 15 s)", gone)
    source = view.source("metrics")
    assert source is not None
    assert source.since is not None
    assert source.detail in view.notice
    assert view.is_in(Connection.LIVE)
    scene.cluster.program("metrics-server").start()
    _said("metrics back", await view.until(lambda: view.is_in(Connection.LIVE, "metrics"), 60, "metrics back"))


async def test_a_token_that_ends_and_is_replaced(scene: Scene) -> None:
    kubeconfig = scene.cluster.expiring_kubeconfig(seconds=2)
    async with followed(kubeconfig) as view:
        await view.until(_has_pods(view, 2), SOON, "two pods")
        await asyncio.sleep(13)  # two seconds, and up to ten more from the server's cache
        assert view.is_in(Connection.LIVE)  # a watch that was accepted goes on
        view.ask_again()
        _said("token ended", await view.until(lambda: view.is_in(Connection.RECONNECTING), SOON, "reconnecting"))
        assert "Unauthorized" in view.notice
        fresh = await asyncio.to_thread(scene.cluster.expiring_kubeconfig, 600)
        kubeconfig.write_bytes(fresh.read_bytes())
        _said("token replaced", await view.until(lambda: view.is_in(Connection.LIVE), 25, "live again"))


async def test_tokens_of_a_plugin_are_renewed(scene: Scene) -> None:
    kubeconfig = scene.cluster.refreshing_kubeconfig(seconds=5)
    calls = kubeconfig.with_name("exec-token.json.calls")
    async with followed(kubeconfig) as view:
        await view.until(_has_pods(view, 2), SOON, "two pods")
        before = len(calls.read_text().splitlines())
        await asyncio.sleep(16)
        view.ask_again()
        await asyncio.to_thread(scene.scale, 6)
        _said("scaled, with a new token", await view.until(_has_pods(view, 6), SOON + 1, "six pods"))
        assert len(calls.read_text().splitlines()) > before
        assert view.is_in(Connection.LIVE)


@asynccontextmanager
async def within(block: AbstractContextManager[None]) -> AsyncIterator[None]:
    """The block, entered and left in a thread: both take their time."""
    await asyncio.to_thread(block.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(block.__exit__, None, None, None)
