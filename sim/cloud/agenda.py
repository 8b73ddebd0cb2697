"""What the cloud will do later, in simulated time: one heap of callbacks. Nothing about what they do."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

from sim.clock import SimClock


class Agenda:
    """Callbacks by due time; those due at the same moment run in the order in which they were made."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._news = asyncio.Event()

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run `callback` once, that many simulated seconds from now."""
        heapq.heappush(self._heap, (self.clock.time() + seconds, next(self._order), callback))
        self._news.set()

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run `callback` again and again, first after one period."""

        def again() -> None:
            callback()
            self.after(seconds, again)

        self.after(seconds, again)

    def run_due(self) -> None:
        """Run everything whose time has come, including what that makes due."""
        while self._heap and self._heap[0][0] <= self.clock.time():
            heapq.heappop(self._heap)[2]()

    async def serve(self) -> None:
        """Run callbacks as they fall due, until cancelled."""
        while True:
            self.run_due()
            self._news.clear()
            await self._wait()

    async def _wait(self) -> None:
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._news.wait())]
        if self._heap:
            waits.append(asyncio.ensure_future(self.clock.sleep(self._heap[0][0] - self.clock.time())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
