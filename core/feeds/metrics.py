"""Measured usage of nodes and pods from metrics.k8s.io, polled. Unknown is never zero: what is missing or too old is
taken out of the sink, and the state says why."""

import asyncio
import random
import re
import time
from collections.abc import Iterator
from typing import Any

from core.clients.kubernetes import ApiError, Forbidden, NotFound
from core.errors import VacancyError
from core.feeds.kubernetes.listing import in_widest_scope
from core.feeds.patience import Backoff
from core.feeds.status import Status
from core.feeds.surroundings import Surroundings
from core.kube.kinds import Kind

SLICE = 128 * 1024
"""Bytes decoded at once: metrics-server knows no pages and sends all pods in one answer."""
POLL_SHARE = 0.05
"""The pause grows so that polling takes no more than this share of the time."""

_NEXT_ITEM = re.compile(rb'\}\s*,\s*(?=\{\s*"metadata"\s*:)')
_ITEMS = re.compile(rb'"items"\s*:\s*\[')


class MetricsFeed:
    """Polls one kind of metrics until it is cancelled; the next poll begins a pause after the last one ended."""

    def __init__(self, kind: Kind, around: Surroundings) -> None:
        self.kind = kind
        self.status = Status(kind, around.sink, around.clock)
        self._around, self._timing = around, around.timing
        self._backoff, self._rest = Backoff(*around.timing.backoff), Backoff(*around.timing.recheck)
        self._newest: int | None = None
        self._fresh_at = float("-inf")

    async def run(self) -> None:
        """Poll for ever; every trouble becomes a state."""
        self.status.connecting()
        while True:
            pause = await self.poll()
            await asyncio.sleep(pause)

    async def poll(self) -> float:
        """One poll; returns the seconds until the next."""
        started = time.monotonic()
        shortest, longest = self._timing.metrics
        try:
            narrower = None if self._around.outage.recent else self._around.reader.place.namespace
            await in_widest_scope(self.kind, narrower, self._read)
        except VacancyError as error:
            return self._failed(error)
        self._backoff.reset()
        self._rest.reset()
        took = time.monotonic() - started
        return min(longest, max(shortest, took / POLL_SHARE)) * random.uniform(0.95, 1.05)

    def _failed(self, error: VacancyError) -> float:
        off = isinstance(error, Forbidden | NotFound) and not self._around.outage.recent
        if off or time.monotonic() - self._fresh_at > self._timing.metrics_age:
            self._drop_all()
        if off:
            self.status.failed(error)
            return self._rest.next()
        self.status.lost(error)
        return self._backoff.next(error.retry_after if isinstance(error, ApiError) else None)

    def _drop_all(self) -> None:
        self._around.sink.begin(self.kind)
        self._around.sink.synced(self.kind, "")
        self.status.forget()

    async def _read(self, namespace: str | None) -> None:
        self.status.namespace = namespace
        body = await self._around.reader.get(self.kind.list_path(namespace))
        items: list[Any] = []
        problems: list[str] = []
        for part in slices(body):
            page = self.kind.decode_page(part)
            items += page.items
            problems += page.problems
            await asyncio.sleep(0)
        await self._hand_over(items)
        self.status.listed()
        self.status.live("" if items else f"no {self.kind.plural} have metrics yet", problems)

    async def _hand_over(self, items: list[Any]) -> None:
        """Only what is fresh, measured by the newest of its kind: the clocks of cluster and program may differ."""
        newest = max((item.at for item in items if item.at is not None), default=None)
        if newest is not None and newest != self._newest:
            self._newest, self._fresh_at = newest, time.monotonic()
        standing_still = time.monotonic() - self._fresh_at > self._timing.metrics_age
        oldest = (newest or 0) - self._timing.metrics_age
        fresh = [] if standing_still else [item for item in items if item.at is not None and item.at >= oldest]
        sink = self._around.sink
        sink.begin(self.kind)
        for start in range(0, len(fresh), 500):
            part = fresh[start : start + 500]
            sink.page(self.kind, part, start + len(part), len(fresh))
            await asyncio.sleep(0)
        sink.synced(self.kind, "")


def slices(body: bytes) -> Iterator[bytes]:
    """A list of metrics as several smaller lists. An item ends where the next one's metadata begins: metrics hold no
    other `metadata`, and a text can't hold bare quotes."""
    head = _ITEMS.search(body, 0, 4096)
    if head is None or len(body) <= 2 * SLICE:
        yield body
        return
    start = head.end()
    while (cut := _NEXT_ITEM.search(body, start + SLICE)) is not None:
        yield b'{"items":[' + body[start : cut.start() + 1] + b"]}"
        start = cut.end()
    yield b'{"items":[' + body[start:]
