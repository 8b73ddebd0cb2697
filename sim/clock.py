"""The simulator's one clock: wall time that can start anywhere, run fast and be pushed forward.

Everything in sim/ that waits or stamps a time asks this clock; only faults and sockets use real time.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SimClock:
    """Simulated time. `speed` simulated seconds pass in one real second.

    Example: `SimClock(datetime(2026, 1, 15, 9, tzinfo=UTC), speed=60)` shows an hour in a minute.
    """

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        _check_speed(speed)
        self._speed = speed
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._elapsed = 0.0  # simulated seconds up to `_mark`
        self._mark = time.monotonic()
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        _check_speed(value)
        self._settle()
        self._speed = value
        self._wake()

    def monotonic(self) -> float:
        """Simulated seconds since this clock was made; never goes back."""
        return self._elapsed + (time.monotonic() - self._mark) * self._speed

    def now(self) -> datetime:
        """The simulated moment, in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def time(self) -> float:
        """The simulated moment as Unix seconds."""
        return self._start.timestamp() + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait until that many simulated seconds passed; `advance` and a new speed take effect at once."""
        end = self.monotonic() + seconds
        await asyncio.sleep(0)
        while (left := end - self.monotonic()) > 0:
            await self._nap(left / self._speed)

    def at_least(self, seconds: float, real: float) -> float:
        """`seconds`, or what passes in `real` seconds when the clock runs so fast that this is more.

        For periodic work that would otherwise eat the machine at high speeds.
        """
        return max(seconds, real * self._speed)

    def advance(self, seconds: float) -> None:
        """Jump forward; sleepers whose time has come wake in the next turn of the loop."""
        if seconds < 0:
            raise ValueError("the clock does not run backwards: advance() takes seconds >= 0")
        self._settle()
        self._elapsed += seconds
        self._wake()

    def _settle(self) -> None:
        mark = time.monotonic()
        self._elapsed += (mark - self._mark) * self._speed
        self._mark = mark

    async def _nap(self, real_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(real_seconds, _finish, future)
        self._sleepers.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._sleepers.discard(future)

    def _wake(self) -> None:
        for future in self._sleepers:
            _finish(future)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _check_speed(speed: float) -> None:
    if speed <= 0:
        raise ValueError(f"the clock's speed must be above 0, not {speed}")


def rfc3339(moment: datetime) -> str:
    """`2026-01-15T12:00:00Z`: metav1.Time, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(moment: datetime) -> str:
    """`2026-01-15T12:00:00.123456Z`: metav1.MicroTime, as leases and events carry it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
