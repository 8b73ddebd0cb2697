"""How long to wait before trying again: back-off with jitter, a server's own wish, and being woken early. What is
tried is the feeds' part."""

import asyncio
import contextlib
import random

FIRST_DELAY = 0.4
"""Seconds before the second attempt; doubled each time."""
LONGEST_DELAY = 10.0
"""Seconds: no pause grows longer by itself."""
LONGEST_WISH = 300.0
"""Seconds: a longer Retry-After is cut to this."""


class Backoff:
    """Grows from FIRST_DELAY to LONGEST_DELAY, each time between half and all of it, so that feeds don't march in
    step."""

    def __init__(self, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> None:
        self._first, self._longest = first, longest
        self.failures = 0

    def next(self, retry_after: float | None = None) -> float:
        """Seconds to wait after one more failure; never less than the server's own wish."""
        grown = min(self._longest, self._first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        own = grown * random.uniform(0.5, 1.0)
        if retry_after is None:
            return own
        return min(retry_after, LONGEST_WISH) + random.uniform(0.0, self._first)

    def reset(self) -> None:
        """It worked: start small again."""
        self.failures = 0


class Waker:
    """Sleep that can be cut short: one feed that gets through wakes those that wait for the same server."""

    def __init__(self) -> None:
        self._bell = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Until `seconds` have passed or somebody wakes."""
        bell = self._bell
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await bell.wait()

    def wake(self) -> None:
        """End all sleeps of this moment."""
        self._bell.set()
        self._bell = asyncio.Event()
