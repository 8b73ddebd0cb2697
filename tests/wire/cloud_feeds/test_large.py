"""100 groups and 2,000 machines: the feed stays within five calls a second, and the event loop never waits for it."""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.feeds.cloud_around import CloudTiming
from tests.wire.cloud_feeds.following import Following, make_node

ALLOWED = 5
"""Calls in any second (facts: what ESS bears for a whole account)."""


class Server:
    """The large account and what it says about itself."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
        self.process, self.told = process, told

    @property
    def env(self) -> dict[str, str]:
        keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": self.told["key"], "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.told["secret"]}
        return keys | {f"VACANCY_{name.upper()}_ENDPOINT": end for name, end in self.told["endpoints"].items()}

    async def end(self) -> list[tuple[float, str, int]]:
        """End it; the requests that came."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        line = await self.process.stdout.readline()
        await self.process.wait()
        return [(at, action, status) for at, action, status in json.loads(line)["requests"]]


@pytest.fixture
async def large() -> AsyncIterator[Server]:
    command = (sys.executable, "-m", "tests.wire.cloud_feeds.large")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 22)
    assert process.stdout is not None
    yield Server(process, json.loads(await process.stdout.readline()))
    if process.returncode is None:
        process.kill()
        await process.wait()


class Heartbeat:
    """How long the event loop was busy with something else, in milliseconds."""

    def __init__(self) -> None:
        self.stalls: list[float] = []

    async def beat(self) -> None:
        pause = 0.002
        while True:
            before = time.perf_counter()
            await asyncio.sleep(pause)
            self.stalls.append((time.perf_counter() - before - pause) * 1000)

    def at(self, share: float) -> float:
        return sorted(self.stalls)[int(share * len(self.stalls))]


async def test_the_account_is_read_within_its_limits_and_the_loop_stays_free(large: Server) -> None:
    nodes = [make_node(name, f"np{int(group[7:]):030d}") for name, group in large.told["machines"].items()]
    idle, heart = Heartbeat(), Heartbeat()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(idle.beat(), 5)
    beating = asyncio.create_task(heart.beat())
    started = time.monotonic()
    async with Following(large.env, nodes, CloudTiming()) as it:
        await it.until(lambda: len(it.store.table("Group")) == 100, 30)
        first = time.monotonic() - started
        await it.until(lambda: len(it.store.table("ScalingInstance")) == 2000, 90)
        whole = time.monotonic() - started
        groups = it.store.table("Group").values()
        await it.until(lambda: all(len(group.nodes) == 20 for group in groups), 10)
        assert it.feed.reader is not None
        sent = list(it.feed.reader.connection.sent)
    beating.cancel()
    requests = await large.end()
    arrived = [at for at, _, _ in requests]
    print(
        f"\n{len(requests)} calls, at most {busiest(sent, 1.0)} in a second, {busiest(arrived, 5.0)} arrived in five;"
        f" all groups after {first:.1f} s, all members after {whole:.1f} s; loop stalls"
        f" p50 {heart.at(0.5):.1f} p99 {heart.at(0.99):.1f} p99.9 {heart.at(0.999):.1f} max {max(heart.stalls):.1f} ms"
        f" (without the feed p99 {idle.at(0.99):.1f} p99.9 {idle.at(0.999):.1f} max {max(idle.stalls):.1f})"
    )
    print(Counter(action for _, action, _ in requests))
    assert busiest(sent, 1.0) <= ALLOWED
    assert busiest(arrived, 5.0) <= 5 * ALLOWED, "the server itself is too slow to tell single seconds"
    assert all(status == 200 for _, _, status in requests)
    assert heart.at(0.99) <= max(15, 2 * idle.at(0.99)), "the same loop without the feed is the reference"
    assert heart.at(0.999) <= max(50, 2 * idle.at(0.999))


def busiest(moments: list[float], seconds: float) -> int:
    """The most moments in any span of so many seconds."""
    return max(sum(1 for other in moments if at <= other < at + seconds) for at in moments)
