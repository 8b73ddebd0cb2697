"""What joins the parts: a source of data, the store, and the views that somebody looks at. It decides when views are
made anew; how they are made is in core/views, what they say is computed in core/analysis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from core.clock import Clock
from core.cluster.store import Store
from core.session.acting import Actor
from core.session.arming import armed
from core.session.attaching import MachinesProducer
from core.session.desk import Desk
from core.session.guarded import Guarded
from core.session.imagining import WhatIfProducer
from core.session.planner import Planner
from core.session.recovering import LeftOver, Recoveries, RecoveryProducer
from core.session.source import DumpSource, LiveSource
from core.views import action, machines, wish
from core.views.header import header
from core.views.link import CancelAction, Intent, PlanAction, PlanAgain, RecoverAction, Retry, RunAction, Update
from core.views.live import Moment, Producer, UnknownView, producer
from core.views.live_nodes import Records
from core.views.status import Status
from core.views.table import ViewKey
from core.where import Where

TICK = 0.25
"""Seconds between two rounds of updates: what changed in between is sent once."""


class Session:
    """One cluster, or one dump, and everybody who looks at it: implements `core.views.link.Link`.

    All of it runs on one event loop; `updates` has one reader."""

    def __init__(self, where: Where, clock: Clock | None = None) -> None:
        self._where, self._clock = where, clock or Clock()
        self._store = Store()
        self._records = Records(self._store)
        self._planner = Planner(self._clock)
        self._producers: dict[ViewKey, Producer] = {}
        self._source: DumpSource | LiveSource | None = None
        self._wake = asyncio.Event()
        self._closed = False
        self._header: Status | None = None
        self._recoveries, self._left_over = Recoveries(), LeftOver()
        self._desk = Desk(recovers=self._recoveries.of_plan)

    def subscribe(self, key: ViewKey) -> None:
        """Start sending this view. Subscribing again sends it whole again."""
        self._producers[key] = self._own(key) or self._desk.producer(key) or producer(key) or UnknownView(key)
        self._producers[key] = Guarded(key, self._producers[key], lambda: self.subscribe(key))
        self._wake.set()

    def _own(self, key: ViewKey) -> Producer | None:
        """The producer of a view that needs more than what the store holds."""
        match key.kind:
            case wish.KIND:
                return WhatIfProducer(key)
            case action.KIND if key.name in self._recoveries.works:
                return RecoveryProducer(self._recoveries, key)
            case machines.KIND:
                return MachinesProducer(key, lambda: self._source.cloud if self._source is not None else None)
        return None

    def unsubscribe(self, key: ViewKey) -> None:
        """Stop sending this view."""
        self._producers.pop(key, None)

    def intend(self, intent: Intent) -> None:
        """Hand over what a person wants done."""
        match intent:
            case Retry() if self._source is not None:
                self._source.wake()
            case PlanAction() if self._source is not None:
                self._desk.plan(intent, self._actor(), self._store.snapshot(self._source.now(self._clock)))
            case PlanAgain() if self._source is not None:
                self._desk.plan_again(intent, self._actor(), self._store.snapshot(self._source.now(self._clock)))
            case RecoverAction():
                self._recoveries.begin(intent, self._actor())
            case RunAction() if self._source is not None:
                self._desk.run(intent, self._actor())
                self._recoveries.run(intent, self._actor())
            case CancelAction():
                self._desk.cancel(intent)
                self._recoveries.cancel(intent)

    def _actor(self) -> Actor | None:
        """The ways out, for an action; None where there are none."""
        if self._source is None or self._source.clients is None:
            return None
        return Actor(self._source.clients, self._clock, self._source.cloud)

    async def close(self) -> None:
        """End the updates and free what is held."""
        self._closed = True
        self._wake.set()
        await self._desk.close()
        await self._recoveries.close()
        await self._planner.close()
        if self._source is not None:
            await self._source.close()

    async def updates(self) -> AsyncIterator[Update]:
        """Updates until closed, a round at most every TICK. Raises VacancyError when the source is at its end."""
        self._where = await asyncio.to_thread(armed, self._where)
        self._source = await self._open()
        if self._closed:  # meanwhile: `close` had nothing to close yet
            await self._source.close()
        while not self._closed:
            self._source.check()
            async for update in self._round():
                yield update
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK)
            self._wake.clear()

    async def _open(self) -> DumpSource | LiveSource:
        if self._where.dump is not None:
            return DumpSource(self._where.dump, self._store, self._clock, self._where)
        return await LiveSource.open(self._where, self._store, self._clock)

    async def _round(self) -> AsyncIterator[Update]:
        """What changed since the last round, with a breath for the event loop between steps."""
        assert self._source is not None
        now, judged = self._source.now(self._clock), set[str]()
        if self._source.settled:
            judged = self._planner.consider(self._store, now)
            self._records.verdicts = self._planner.latest.verdicts
        for _ in self._records.refresh(self._store.take_dirty_nodes() | judged):
            await asyncio.sleep(0)
        moment = Moment(self._store, self._records, now, self._planner.latest)
        for status in self._new_header(moment):
            yield status
        if not self._source.ready:
            return
        for key, one in list(self._producers.items()):
            for update in one.produce(moment):
                if self._producers.get(key) is not one:
                    break
                if update is not None:
                    yield update
                await asyncio.sleep(0)

    def _new_header(self, moment: Moment) -> Iterator[Status]:
        assert self._source is not None
        server = self._source.clients.place.server if self._source.clients is not None else ""
        left = self._left_over.look(server, self._clock.monotonic())
        status = header(moment, self._source.about(), self._where.write, left)
        if status != self._header:
            self._header = status
            yield status
