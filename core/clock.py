"""The one clock. Everything that asks for the time asks this, so that tests and dumps can set it. No formatting."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """`now()` is wall time in seconds since the epoch, `monotonic()` measures spans in seconds."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def fixed(cls, now: float) -> "Clock":
        """A clock that stands still at `now` seconds since the epoch: the time that a dump is judged by."""
        return cls(now=lambda: now, monotonic=lambda: now)
