"""How long to wait before trying again: back-off with jitter, a server's own wish, and being woken early. What is
tried is the feeds' part."""

import asyncio
import contextlib
import random
import time

FIRST_DELAY = 0.4
"""Seconds before the second attempt; doubled each time."""
LONGEST_DELAY = 10.0
"""Seconds: no pause grows longer by itself."""
LONGEST_WISH = 300.0
"""Seconds: a longer Retry-After is cut to this."""
GETTING_UP = 15.0
"""Seconds after an outage in which a 403 or 404 is not believed: an API server that has just started answers before it
has read its roles and custom resources."""

AT_ONCE = 1.0
"""Seconds between watches that break off together."""


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


class Outage:
    """What the feeds of one server tell each other about its failures: one that gets through wakes those that wait."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._seen = self._broke = float("-inf")

    def note(self) -> None:
        """The server was out of reach just now."""
        self._seen = time.monotonic()

    def broke(self) -> None:
        """A watch broke off. One says little, two at once say that the server went down: it may be back, and not yet
        itself, before anybody finds it out of reach."""
        now = time.monotonic()
        if now - self._broke < AT_ONCE:
            self._seen = now
        self._broke = now

    @property
    def recent(self) -> bool:
        """Whether the server may still be getting up: then it refuses or misses what it will know in a moment."""
        return time.monotonic() - self._seen < GETTING_UP

    async def sleep(self, seconds: float) -> None:
        """Until `seconds` have passed, or the outage is over."""
        over = self._over
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await over.wait()

    def over(self) -> None:
        """End all sleeps of this moment."""
        self._over.set()
        self._over = asyncio.Event()
