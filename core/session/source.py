"""A session's source of data: a dump that is loaded once, or a cluster that is followed. Each says how it is doing; the
words for the header are made in core/views/sources."""

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Protocol

from core.clock import Clock
from core.cluster.intake import UNREAD, Intake
from core.cluster.store import Store
from core.feeds.sink import Phase
from core.kube import kinds
from core.session.reading import load_dump_aside
from core.views import sources
from core.views.header import About
from core.views.status import Connection, Progress, Source
from core.where import Where, cloud, history, target

if TYPE_CHECKING:
    from core.actions.cloud import Cloud
    from core.clients.kubernetes import Clients
    from core.feeds.cloud import CloudFeed
    from core.feeds.kubernetes import ClusterFeed
    from core.feeds.usage_history import HistoryFeed


CLOUD_WITHIN, GROUPS_WITHIN = 2.0, 12.0
"""Seconds after the cluster is read: for the cloud to be found, and for its groups to be read, before a first plan."""


class SessionSource(Protocol):
    """What a session asks of its source."""

    @property
    def ready(self) -> bool:
        """Whether there is something to show."""

    @property
    def settled(self) -> bool:
        """Whether everything was read once, or it is known why it can't be: only then is there anything to decide."""

    @property
    def clients(self) -> "Clients | None":
        """The way to the cluster, for actions; None where there is none."""

    @property
    def cloud(self) -> "Cloud | None":
        """The same to its cloud."""

    def check(self) -> None:
        """Raise what has ended the source, if anything has."""

    def now(self, clock: Clock) -> float:
        """The time to judge by."""

    def about(self) -> About:
        """What the header says about it."""

    def wake(self) -> None:
        """Ask again now."""

    async def close(self) -> None:
        """Stop."""


class DumpSource:
    """Files, loaded in a thread, and then as they are."""

    clients = cloud = None

    def __init__(self, path: str, store: Store, clock: Clock, where: Where | None = None) -> None:
        self.ready = False
        self._path, self._store = path, store
        self._now = clock.now()
        self._progress: Progress | None = Progress(f"reading {path}", 0, None, in_bytes=True)
        for kind in kinds.ALL:
            store.unavailable(kind.name, UNREAD)
        self._notes: list[str] = []
        self._intake = Intake(store)
        self._history = _history(where, store, self._intake, clock) if where is not None else None
        self._task = asyncio.ensure_future(self._load())

    async def _load(self) -> None:
        loaded, self._now, self._notes = await load_dump_aside(self._path, self._tell)
        self._store.take_over(loaded)
        self._progress = None
        self.ready = True
        if self._history is not None:
            await self._history.read_once(self._now)
            self._notes += sources.notes(self._intake.states)

    def _tell(self, progress: Progress) -> None:
        self._progress = progress

    @property
    def settled(self) -> bool:
        return self.ready

    def check(self) -> None:
        if self._task.done():
            self._task.result()

    def now(self, clock: Clock) -> float:
        return self._now

    def about(self) -> About:
        state = Source("dump", Connection.STATIC if self.ready else Connection.CONNECTING)
        return About(self._path, self._now, (state,), self._progress, "; ".join(self._notes))

    def wake(self) -> None:
        """A dump has nothing new to say."""

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task
        if self._history is not None:
            await self._history.close()


def _history(where: Where, store: Store, intake: Intake, clock: Clock) -> "HistoryFeed | None":
    from core.feeds.usage_history import open_feed

    return open_feed(history(where), store, intake, clock)


class LiveSource:
    """A cluster, followed until closed."""

    def __init__(
        self,
        clients: "Clients",
        feed: "ClusterFeed",
        intake: Intake,
        clock: Clock,
        cloud_feed: "CloudFeed | None" = None,
        history: "HistoryFeed | None" = None,
    ) -> None:
        self._clients, self._feed, self._intake, self._clock = clients, feed, intake, clock
        self._cloud = cloud_feed
        self._ready = False
        self._loaded_at: float | None = None
        self._task = asyncio.ensure_future(feed.run())
        self._cloud_task = asyncio.ensure_future(cloud_feed.run()) if cloud_feed is not None else None
        self._history = history
        self._history_task = asyncio.ensure_future(history.run()) if history is not None else None

    @classmethod
    async def open(cls, where: Where, store: Store, clock: Clock) -> "LiveSource":
        """Read the configuration and start to follow. Raises VacancyError when that is impossible."""
        from core.clients.kubernetes import connect
        from core.feeds.cloud import CloudFeed
        from core.feeds.kubernetes import ClusterFeed
        from core.feeds.kubernetes.cluster import SERVED

        intake = Intake(store, SERVED)
        past = _history(where, store, intake, clock)
        clients = await connect(target(where), where.write)
        cloud_feed = CloudFeed(cloud(where), store, intake, clock) if where.cloud else None
        return cls(clients, ClusterFeed(clients.reader, intake, clock=clock), intake, clock, cloud_feed, past)

    @property
    def clients(self) -> "Clients":
        return self._clients

    @property
    def cloud(self) -> "Cloud | None":
        if self._cloud is None or self._cloud.reader is None:
            return None
        from core.session.cloud_door import door

        return door(self._cloud.reader.connection, self._clients.writer is not None, self._cloud.cluster())

    @property
    def ready(self) -> bool:
        """Nodes are enough to show something; where they may not be read, pods. What was once shown is kept up."""
        nodes, pods = (self._intake.states.get(kind) for kind in ("Node", "Pod"))
        if nodes is not None and not self._ready:
            limited = nodes.phase is Phase.FORBIDDEN and pods is not None and pods.holds
            self._ready = nodes.holds or limited
        return self._ready

    @property
    def settled(self) -> bool:
        """The cloud's groups are waited for a little: without them nothing could be said to grow or to shrink."""
        if not self._feed.loaded.is_set():
            return False
        self._loaded_at = self._loaded_at or self._clock.monotonic()
        if self._cloud is None or self._intake.store.table("NodeGroup"):
            return True
        patience = GROUPS_WITHIN if self._cloud.reader is not None else CLOUD_WITHIN
        return self._clock.monotonic() - self._loaded_at >= patience

    def check(self) -> None:
        for task in (self._task, self._cloud_task):
            if task is not None and task.done():
                task.result()

    def now(self, clock: Clock) -> float:
        return clock.now()

    def about(self) -> About:
        states = self._intake.states
        return About(
            self._clients.place.context,
            self._as_of(),
            sources.sources(states),
            sources.loading_progress(states),
            sources.notice(states),
        )

    def _as_of(self) -> float | None:
        """When the server was last heard of, or that which is out of date; None before anything was."""
        heard = time.monotonic() - self._clients.reader.heard
        if math.isinf(heard):
            return None
        latest = self._clock.now() - heard
        return min(latest, sources.outdated_since(self._intake.states) or latest)

    def wake(self) -> None:
        self._feed.wake()
        if self._cloud is not None:
            self._cloud.wake()
        if self._history is not None:
            self._history.wake()

    async def close(self) -> None:
        for task in filter(None, (self._task, self._cloud_task, self._history_task)):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        if self._history is not None:
            await self._history.close()
        await self._clients.close()
