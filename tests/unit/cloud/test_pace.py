"""The pace at which calls may leave."""

import asyncio
import time
from itertools import pairwise

from core.clients.alibaba.pace import ALONE_PER_SECOND, READS_PER_SECOND, WRITES_PER_SECOND, Pace


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
    assert ALONE_PER_SECOND < 5
