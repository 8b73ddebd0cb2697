"""A scripted API server, and a feed that reads from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from core.clients.kubernetes import Clients, Target, connect
from core.feeds.kubernetes import ClusterFeed
from core.feeds.surroundings import Timing
from core.kube.kinds import BY_NAME
from tests.wire.feeds.api import Api, Json
from tests.wire.feeds.recorder import Recorder

QUICK = Timing(idle=5.0, recheck=(0.1, 0.1), poll=0.1, heartbeat=60.0, backoff=(0.02, 0.1), metrics=(0.05, 0.05))

Connect = Callable[..., Awaitable[Clients]]
Start = Callable[..., Awaitable[Recorder]]


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    async with Api() as server:
        yield server


@pytest_asyncio.fixture
async def connected(api: Api, tmp_path: Path) -> AsyncIterator[Connect]:
    """Connect to `api` with a kubeconfig user."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(user: Json | None = None, cluster: Json | None = None, write: bool = False) -> Clients:
            target = Target(kubeconfig=api.kubeconfig(tmp_path / "kubeconfig", user, cluster))
            clients = await connect(target, write=write)
            stack.push_async_callback(clients.close)
            return clients

        yield make


@pytest_asyncio.fixture
async def follow(connected: Connect) -> AsyncIterator[Start]:
    """Start the feed of some kinds; it is cancelled, and must end cleanly, when the test ends."""
    tasks: list[asyncio.Task[None]] = []

    async def start(*kinds: str, user: Json | None = None, **timing: object) -> Recorder:
        recorder = Recorder()
        clients = await connected(user)
        chosen = [BY_NAME[name] for name in kinds]
        feed = ClusterFeed(clients.reader, recorder, chosen, timing=replace(QUICK, **timing))  # type: ignore[arg-type]
        tasks.append(asyncio.create_task(feed.run()))
        return recorder

    yield start
    for task in tasks:
        assert not task.done(), task
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
