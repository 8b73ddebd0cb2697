"""Blocking calls in threads, and the pace at which they may leave."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from core.clients.alibaba.pace import READS_PER_SECOND, WRITES_PER_SECOND, Pace
from core.clients.alibaba.threads import Threads


async def test_results_and_errors_come_back() -> None:
    threads = Threads(2, "test")
    assert await threads.run(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    threads.close()


async def test_no_more_threads_than_allowed_and_all_of_them_daemons() -> None:
    threads, names = Threads(3, "few"), set()

    def job() -> None:
        names.add((threading.current_thread().name, threading.current_thread().daemon))
        time.sleep(0.02)

    await asyncio.gather(*(threads.run(job) for _ in range(12)))
    threads.close()
    assert names == {(f"few-{number}", True) for number in (1, 2, 3)}


async def test_cancelling_stops_the_waiting_only() -> None:
    threads, release, done = Threads(1, "test"), threading.Event(), threading.Event()

    def job() -> None:
        release.wait(5)
        done.set()

    waiting = asyncio.create_task(threads.run(job))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()
    assert await threads.run(lambda: "free again") == "free again"
    assert done.is_set()
    threads.close()


async def test_turns_are_spaced_and_in_order() -> None:
    pace, order, moments = Pace(20), [], []

    async def take(name: int) -> None:
        await pace.turn()
        order.append(name)
        moments.append(time.monotonic())

    await asyncio.gather(*(take(name) for name in range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert min(b - a for a, b in pairwise(moments)) >= 0.045


async def test_a_pause_holds_everybody_up() -> None:
    pace = Pace(50)
    pace.pause(0.2)
    started = time.monotonic()
    await asyncio.gather(pace.turn(), pace.turn())
    assert time.monotonic() - started >= 0.2


def test_the_budget_is_what_the_account_bears() -> None:
    assert READS_PER_SECOND + WRITES_PER_SECOND <= 5
