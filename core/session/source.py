"""A session's source of data: a dump that is loaded once, or a cluster that is followed. Each says how it is doing; the
words for the header are made in core/views/header."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

from core.clock import Clock
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.session.reading import load_dump
from core.views.header import About, loading_progress, sources
from core.views.status import Connection, Progress, Source
from core.where import Where, cloud, target

if TYPE_CHECKING:
    from core.clients.kubernetes import Clients
    from core.feeds.cloud import CloudFeed
    from core.feeds.kubernetes import ClusterFeed


class SessionSource(Protocol):
    """What a session asks of its source."""

    ready: bool
    """Whether there is something to show."""

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

    def __init__(self, path: str, store: Store, clock: Clock) -> None:
        self.ready = False
        self._path, self._store = path, store
        self._now = clock.now()
        self._progress: Progress | None = Progress(f"reading {path}", 0, None)
        self._notes: list[str] = []
        self._task = asyncio.ensure_future(self._load())

    async def _load(self) -> None:
        loaded, self._now, self._notes = await asyncio.to_thread(load_dump, self._path, self._tell)
        self._store.take_over(loaded)
        self._progress = None
        self.ready = True

    def _tell(self, progress: Progress) -> None:
        self._progress = progress

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


class LiveSource:
    """A cluster, followed until closed."""

    def __init__(
        self, clients: "Clients", feed: "ClusterFeed", intake: Intake, cloud_feed: "CloudFeed | None" = None
    ) -> None:
        self._clients, self._feed, self._intake, self._cloud = clients, feed, intake, cloud_feed
        self._task = asyncio.ensure_future(feed.run())
        self._cloud_task = asyncio.ensure_future(cloud_feed.run()) if cloud_feed is not None else None

    @classmethod
    async def open(cls, where: Where, store: Store, clock: Clock) -> "LiveSource":
        """Read the configuration and start to follow. Raises VacancyError when that is impossible."""
        from core.clients.kubernetes import connect
        from core.feeds.cloud import CloudFeed
        from core.feeds.kubernetes import ClusterFeed
        from core.feeds.kubernetes.cluster import SERVED

        clients = await connect(target(where), where.write)
        intake = Intake(store, SERVED)
        cloud_feed = CloudFeed(cloud(where), store, intake, clock) if where.cloud else None
        return cls(clients, ClusterFeed(clients.reader, intake, clock=clock), intake, cloud_feed)

    @property
    def ready(self) -> bool:
        """Nodes are enough to show something."""
        state = self._intake.states.get("Node")
        return state is not None and (state.holds or bool(self._intake.store.table("Node")))

    def check(self) -> None:
        for task in (self._task, self._cloud_task):
            if task is not None and task.done():
                task.result()

    def now(self, clock: Clock) -> float:
        return clock.now()

    def about(self) -> About:
        states = self._intake.states
        return About(
            self._clients.place.context, None, sources(states), loading_progress(states), _limits(self._intake)
        )

    def wake(self) -> None:
        self._feed.wake()
        if self._cloud is not None:
            self._cloud.wake()

    async def close(self) -> None:
        for task in filter(None, (self._task, self._cloud_task)):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await self._clients.close()


def _limits(intake: Intake) -> str:
    """What is limited about what this identity sees, in one line."""
    limited = sorted({state.namespace for state in intake.states.values() if state.namespace})
    unread = [problem for state in intake.states.values() for problem in state.problems]
    words = [f"only namespace {', '.join(limited)} may be read"] if limited else []
    return "; ".join(words + ([f"{len(unread)} unreadable: {unread[-1]}"] if unread else []))
