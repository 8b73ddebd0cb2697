"""What containers used over days, asked of a Prometheus-compatible endpoint: one query for each figure of the whole
cluster, never one for each pod, and coarser ones the larger the cluster is. Nobody waits for it."""

import asyncio
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.clients.prometheus import Reader, TooMuch, find
from core.clock import Clock
from core.cluster.usage_history import KIND, UsageHistory
from core.errors import InputError, VacancyError, unexpected
from core.feeds.cloud_around import Holdings
from core.feeds.patience import Backoff
from core.feeds.sink import Sink
from core.feeds.status import Status
from core.kube import quantity, timestamps

PERCENTILE = 95
WINDOW = 7 * 86_400
LONGEST_WINDOW = 60 * 86_400
MOST_POINTS = 25_000_000
"""Points that a query makes the endpoint hold: half of what Prometheus allows by default (--query.max-samples)."""
COARSEST = 24
"""Points of one container in the window, at least."""
PART = 500
Key = tuple[str, str, str]
"""Namespace, the pods' name without its last part, container."""


@dataclass(frozen=True, slots=True)
class HistoryChoice:
    """What a person said on the command line. `folder`: where prometheus.toml is, None: the configuration folder."""

    url: str = ""
    window: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class HistoryTiming:
    """In seconds."""

    period: float = 1_800.0
    """Between two readings: days change little in an hour."""
    backoff: tuple[float, float] = (15.0, 300.0)
    rate: int = 300
    """Over which CPU seconds become cores, and the finest distance of points in time."""
    look: float = 0.5
    """Between two looks whether pods are known."""


class HistoryFeed:
    """Runs until it is cancelled."""

    kind = KIND.name

    def __init__(
        self,
        reader: Reader,
        window: int,
        known: Holdings,
        sink: Sink,
        clock: Clock | None = None,
        timing: HistoryTiming | None = None,
    ) -> None:
        self.window = window
        self.status = Status(KIND, sink, clock or Clock())
        self._reader, self._known, self._sink = reader, known, sink
        self._timing = timing or HistoryTiming()
        self._wake = asyncio.Event()

    @property
    def place(self) -> str:
        """What messages call the endpoint."""
        return self._reader.place

    async def run(self) -> None:
        """Ask now and then, for ever; every trouble becomes a state."""
        self.status.connecting()
        while not self._known.table("Pod"):  # noqa: ASYNC110  # how many pods there are decides what is asked
            await asyncio.sleep(self._timing.look)
        backoff = Backoff(*self._timing.backoff)
        while True:
            pause = self._timing.period
            if await self.read_once():
                backoff.reset()
            else:
                pause = backoff.next()
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def read_once(self, at: float | None = None, within: float | None = None) -> bool:
        """Ask once, about the time up to `at` (None: now), for `within` seconds at most. Trouble becomes a state, and
        False."""
        try:
            async with asyncio.timeout(within):
                await self._read(at)
        except TimeoutError:
            self.status.lost(VacancyError(f"no answer within {within or 0:.0f} s; a shorter --window is quicker"))
            return False
        except VacancyError as error:
            self.status.lost(error)
            return False
        except Exception as error:  # a mistake of ours takes this source along, not the others
            self.status.lost(VacancyError(unexpected(error)))
            return False
        return True

    def wake(self) -> None:
        """Ask again now (as when a person asks for it)."""
        if self.status.state is not None and self.status.state.cause:
            self._wake.set()

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.close()

    async def _read(self, at: float | None) -> None:
        step = finest(self.window, len(self._known.table("Pod")), self._timing.rate)
        found, odd = await self._figures(step, at)
        self._sink.begin(KIND)
        for start in range(0, len(found), PART):
            part = found[start : start + PART]
            self._sink.page(KIND, part, start + len(part), len(found))
            await asyncio.sleep(0)
        self._sink.synced(KIND, "")
        self.status.listed()
        problems = [f"prometheus: {odd} figures were no numbers, and are left out"] if odd else []
        self.status.live("" if found else "it knows no container of this cluster", problems)

    async def _figures(self, step: int, at: float | None) -> tuple[list[UsageHistory], int]:
        """All three figures; with points further apart where the endpoint finds it too much."""
        while True:
            try:
                queries = Queries(self.window, step, self._timing.rate, self._reader.settings.match)
                answers = [await self._reader.vector(one, at) for one in queries.all]
                read = [(one.samples, one.odd) for one in answers]
                found = await asyncio.to_thread(joined, [samples for samples, _ in read], step, self.window)
                return found, sum(odd for _, odd in read)
            except TooMuch:
                if step * COARSEST >= self.window:
                    raise
                step = min(4 * step, self.window // COARSEST)


@dataclass(frozen=True, slots=True)
class Queries:
    """PromQL over a window, in seconds. Names of metrics and labels are those of the kubelet's cAdvisor."""

    window: int
    step: int
    rate: int
    match: str = ""

    @property
    def all(self) -> tuple[str, str, str]:
        """CPU in cores, memory in bytes, and for how many points there are figures."""
        return self.cpu, self.memory, self.points

    @property
    def cpu(self) -> str:
        """Restarts give a container new series: they are one again before anything is looked at over time."""
        cores = (
            f"max by (namespace, pod, container) (rate({self._of('container_cpu_usage_seconds_total')}[{self.rate}s]))"
        )
        return _by_stem(f"quantile_over_time({PERCENTILE / 100:g}, {cores}[{self.window}s:{self.step}s])")

    @property
    def memory(self) -> str:
        """Every sample counts while that is affordable, for memory has peaks that kill."""
        points = f":{self.step}s" if self.step > self.rate else ""
        return _by_stem(f"max_over_time({self._of('container_memory_working_set_bytes')}[{self.window}s{points}])")

    @property
    def points(self) -> str:
        held = f"max by (namespace, pod, container) ({self._of('container_memory_working_set_bytes')})"
        return _by_stem(f"count_over_time({held}[{self.window}s:{self.step}s])")

    def _of(self, metric: str) -> str:
        own = self.match.strip().strip("{}").strip(", ")
        return f'{metric}{{container!="",container!="POD",pod!=""{f",{own}" if own else ""}}}'


def _by_stem(figure: str) -> str:
    """The largest among pods whose names differ only in their last part."""
    return f'max by (namespace, stem, container) (label_replace({figure}, "stem", "$1", "pod", "(.+)-[^-]+"))'


def finest(window: int, pods: int, rate: int) -> int:
    """How far apart points in time must be for a query to stay affordable; two containers a pod, now or then."""
    points = min(window // rate, MOST_POINTS // max(2 * pods, 1))
    return max(rate, -(-window // max(points, COARSEST)))


Samples = Sequence[tuple[Mapping[str, str], float]]


def joined(figures: Sequence[Samples], step: int, window: int) -> list[UsageHistory]:
    """The three figures of each container together."""
    cpu, memory, points = ({_key(labels): value for labels, value in one} for one in figures)
    return [
        UsageHistory(
            *key,
            cpu=_amount(cpu.get(key), 1_000),
            memory=_amount(memory.get(key), 1),
            seconds=min(window, int(points.get(key, 0.0)) * step),
            window=window,
            percentile=PERCENTILE,
        )
        for key in dict.fromkeys((*cpu, *memory))
        if all(key)
    ]


def _key(labels: Mapping[str, str]) -> Key:
    return labels.get("namespace", ""), labels.get("stem", ""), labels.get("container", "")


def _amount(value: float | None, scale: int) -> int | None:
    return None if value is None else min(quantity.MAX, math.ceil(value * scale))


def open_feed(choice: HistoryChoice, known: Holdings, sink: Sink, clock: Clock | None = None) -> HistoryFeed | None:
    """The feed of the endpoint that is configured; None where none is. Raises InputError for settings that can't be
    meant."""
    settings = find(choice.url, choice.env, choice.folder)
    if settings is None:
        return None
    window = choice.window or settings.window or f"{WINDOW}s"
    seconds = timestamps.span(window)
    if seconds is None or not 600 <= seconds <= LONGEST_WINDOW:
        raise InputError(f"--window {window[:20]!r}: write a span from 10m to 60d, such as 7d")
    return HistoryFeed(Reader(settings, choice.env), int(seconds), known, sink, clock)
