"""All kinds of one cluster together: what the first table needs comes first, then the rest; a heartbeat tells a dead
server from a quiet one. How one kind is followed is in kind."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Iterator, Sequence

from core.clients.kubernetes import Forbidden, Reader, Unreachable
from core.clock import Clock
from core.errors import VacancyError
from core.feeds.kubernetes.kind import KindFeed
from core.feeds.kubernetes.once import read_kind_once
from core.feeds.metrics import MetricsFeed
from core.feeds.sink import Sink
from core.feeds.surroundings import Surroundings, Timing
from core.kube.kinds import ALL, Kind

SERVED: tuple[Kind, ...] = tuple(kind for kind in ALL if kind.served)
HEARTBEAT_TIMEOUT = 5.0
"""Seconds that the server may take for a sign of life before its watches are given up."""
LOADING_THRESHOLD = 50_000
"""Allocations between two garbage collections during the first load, when nearly nothing is garbage."""


class ClusterFeed:
    """Keeps `sink` up to date with a cluster until it is cancelled. `loaded` is set when every kind has been read once,
    or it is known why it can't be."""

    def __init__(
        self,
        reader: Reader,
        sink: Sink,
        kinds: Sequence[Kind] = SERVED,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._around = Surroundings(reader, sink, clock or Clock(), timing or Timing())
        self._first = [self._feed(kind) for kind in kinds if kind.needed]
        self._rest = [self._feed(kind) for kind in kinds if not kind.needed]
        self.loaded = asyncio.Event()

    def _feed(self, kind: Kind) -> KindFeed | MetricsFeed:
        return KindFeed(kind, self._around) if kind.watched else MetricsFeed(kind, self._around)

    async def run(self) -> None:
        """Follow everything for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(), name="heartbeat")
            with _loading():
                for feeds in (self._first, self._rest):
                    for feed in feeds:
                        group.create_task(feed.run(), name=f"feed {feed.kind.name}")
                    await _all_settled(feeds)
            self.loaded.set()

    def wake(self) -> None:
        """Try again now whatever waits after a failure (as when a person asks for it)."""
        self._around.outage.over()

    async def _beat(self) -> None:
        """When nothing was heard for a while, ask for the version: any answer is a sign of life."""
        reader, pause = self._around.reader, self._around.timing.heartbeat
        while True:
            left = pause - (time.monotonic() - reader.heard)
            await asyncio.sleep(left if left > 0 else pause)
            if time.monotonic() - reader.heard < pause:
                continue
            try:
                await reader.get("/version", timeout=HEARTBEAT_TIMEOUT)
            except Unreachable as error:
                self._around.outage.note()
                reader.drop_watches(error)
            except VacancyError:
                continue


async def _all_settled(feeds: Sequence[KindFeed | MetricsFeed]) -> None:
    for feed in feeds:
        await feed.status.settled.wait()


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Only young objects are collected while the first load runs; then what was loaded is taken out of sight, for a
    full collection of 150,000 pods would stop the loop for hundreds of milliseconds, now and later."""
    before = gc.get_threshold()
    gc.set_threshold(LOADING_THRESHOLD, 1_000, 1_000)
    try:
        yield
        gc.freeze()
    finally:
        gc.set_threshold(*before)


async def read_once(reader: Reader, sink: Sink, kinds: Sequence[Kind] = SERVED, clock: Clock | None = None) -> None:
    """Read every kind once, for a command that prints and ends.

    Raises the error of a needed kind, unless one is forbidden and another is held, which is still an answer; what is
    wrong with any other kind becomes its state.
    """
    around = Surroundings(reader, sink, clock or Clock())
    with _loading():
        for needed in (True, False):
            tasks = [asyncio.create_task(read_kind_once(kind, around)) for kind in kinds if kind.needed is needed]
            try:
                _judge(await asyncio.gather(*tasks, return_exceptions=True))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _judge(ends: Sequence[BaseException | None]) -> None:
    """Raise the first error after which there is no answer."""
    errors = [end for end in ends if end is not None]
    final = [error for error in errors if not isinstance(error, Forbidden)] or errors[: len(errors) == len(ends)]
    if final:
        raise final[0]
