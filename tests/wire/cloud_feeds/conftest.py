"""The simulated account for cloud feeds, and an environment that the SDKs find their credentials in."""

from collections.abc import AsyncIterator

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
