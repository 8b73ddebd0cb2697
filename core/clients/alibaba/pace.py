"""How fast the account is asked: within a budget, and not at all for a while after it said no. When to try
again is decided in connection."""

import asyncio
import time
from typing import Any

READS_PER_SECOND = 4
"""Together with WRITES_PER_SECOND no more than the five calls a second that ESS is known to bear for an account."""
WRITES_PER_SECOND = 1
ALONE_PER_SECOND = 4.6
"""Reads where nobody writes: a little below five, for on their way calls come closer together."""
_POLL = 0.02


class Pace:
    """Turns, one by one in the order in which they were asked for, evenly spaced: bursts may arrive as larger ones."""

    def __init__(self, per_second: float) -> None:
        from asyncio_throttle.throttler import Throttler

        self._throttler: Any = Throttler(rate_limit=1, period=1.0 / per_second, retry_interval=_POLL)
        self._line = asyncio.Lock()
        self._resume = 0.0

    async def turn(self) -> None:
        """Wait for the next free moment."""
        async with self._line:
            await asyncio.sleep(self._resume - time.monotonic())
            await self._throttler.acquire()

    def pause(self, seconds: float) -> None:
        """The account's flow control refused: nobody asks until then."""
        self._resume = max(self._resume, time.monotonic() + seconds)
