"""The simulated cloud on real sockets, for SDK clients that run in threads."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sim.cloud.server import CloudServer
from tests.wire.cloud.account import build


@pytest.fixture
async def server() -> AsyncIterator[CloudServer]:
    """A fresh account behind three ports; simulated time runs 200 times as fast."""
    running = CloudServer(build())
    await running.start()
    yield running
    await running.stop()


Call = Callable[..., Any]


async def in_thread(function: Call, *arguments: Any, **more: Any) -> Any:
    """Run a synchronous SDK call without blocking the server's loop."""
    return await asyncio.to_thread(function, *arguments, **more)


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait for a condition on the simulated state, in real time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "the simulated cloud did not get there in time"
        await asyncio.sleep(0.01)
    return value


@pytest.fixture(autouse=True)
def quiet_sdk_loggers() -> None:
    """The SDKs attach stream handlers at import; tests must not print their debug logs."""
    import logging

    for name in ("darabonba-core", "alibabacloud-tea", "credentials"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = False
