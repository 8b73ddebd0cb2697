"""One kind kept up to date: a full list, then a watch that is resumed, replaced and re-listed as it must be. How a list
is read is in listing, all kinds together are in cluster."""

import asyncio
import random
import time

from core.clients.kubernetes import ApiError, Forbidden, Gone, NotFound, Unreachable, WatchStream
from core.clients.kubernetes.errors import Broken, Silent, from_status
from core.errors import VacancyError
from core.feeds.kubernetes.listing import Listing, in_widest_scope
from core.feeds.patience import Backoff
from core.feeds.status import KEPT_PROBLEMS, Status
from core.feeds.surroundings import Surroundings
from core.kube.kinds import Kind
from core.kube.wire import WatchEvent

FAILED_WATCHES = 5
"""So many refused watches in a row lead to a new list: the resource version may be one that the server can't know."""
SHORT_WATCH = 1.0
"""Seconds: a watch that ends sooner, without an event, counts as refused."""


class KindFeed:
    """Runs until it is cancelled."""

    def __init__(self, kind: Kind, around: Surroundings) -> None:
        self.kind = kind
        self.status = Status(kind, around.sink, around.clock)
        self._around, self._timing = around, around.timing
        self._backoff, self._rest = Backoff(*around.timing.backoff), Backoff(*around.timing.recheck)
        self._version = ""
        self._refused_again = False
        self._problems: list[str] = []

    async def run(self) -> None:
        """List, follow, and start over for ever; every trouble becomes a state."""
        self.status.connecting()
        while True:
            try:
                await self._list()
                await self._follow()
            except (Forbidden, NotFound) as error:
                await self._rest_after(error)
            except VacancyError as error:
                await self._wait_after(error)
            except Exception as error:  # a mistake of ours takes this kind along, not the others
                await self._wait_after(VacancyError(f"unexpected {type(error).__name__}: {error}; please report it"))

    async def _list(self) -> None:
        around, status = self._around, self.status
        listing = Listing(around.reader, around.sink, self.kind, self._trouble, status.listing, self._problems)

        async def read(namespace: str | None) -> None:
            status.namespace = namespace
            self._version = await listing.read(namespace)

        narrower = None if status.held and around.outage.recent else around.reader.place.namespace
        await in_widest_scope(self.kind, narrower, read)
        status.listed()
        self._backoff.reset()
        self._rest.reset()

    async def _trouble(self, error: VacancyError) -> None:
        """While listing: wait for another attempt at the same page, or pass on what no waiting helps."""
        if isinstance(error, Forbidden | NotFound | Gone):
            raise error
        await self._wait_after(error)

    async def _follow(self) -> None:
        """Watch until a new list is needed."""
        refused = 0
        while refused < FAILED_WATCHES:
            try:
                await self._watch_once()
                refused = 0
                if self.status.namespace is not None:
                    return  # the list that follows tells whether more may be read by now
            except Silent:
                continue  # replaced at once: if the server is gone, opening the next one tells
            except Gone:
                return
            except VacancyError as error:
                if _only_lists(error) and not self._around.outage.recent:
                    await self._without_watch()
                    return
                refused += not isinstance(error, Unreachable)
                await self._wait_after(error)

    async def _without_watch(self) -> None:
        """The watch is refused. Whether the list is as well must be known at once; if not, lists take its place."""
        self._refused_again, again = True, self._refused_again
        if again:
            seconds = self._timing.poll
            note = f"{self.kind.plural} can't be watched, so they are read every {seconds:.0f} s"
            self.status.live(note, self._problems)
            await asyncio.sleep(seconds * random.uniform(0.9, 1.1))

    async def _watch_once(self) -> None:
        """One watch, from its acceptance to the end that the server gives it. Raises whatever ends it otherwise."""
        started, version = time.monotonic(), self._version
        path = self.kind.list_path(self.status.namespace)
        lifetime = random.randint(*self._timing.lifetime)
        reader, idle = self._around.reader, self._timing.idle
        async with reader.watch(path, version, lifetime, idle, self.kind.field_selector) as stream:
            self._refused_again = False
            if self.status.live("", self._problems):
                self._around.outage.over()
            await self._consume(stream)
        if time.monotonic() - started < SHORT_WATCH and version == self._version:
            cause = "the server ends the watch at once"
            raise ApiError(f"{reader.place.server}: {cause}", cause, 0)
        self._backoff.reset()

    async def _consume(self, stream: WatchStream) -> None:
        """Events to the sink, in slices that leave the loop its turns."""
        while lines := await stream.lines():
            self.status.hear()
            self._backoff.reset()
            problems = self._problems.copy()
            until = time.perf_counter() + self._timing.slice
            for line in lines:
                self._apply(self.kind.decode_event(line))
                if time.perf_counter() > until:
                    await asyncio.sleep(0)
                    until = time.perf_counter() + self._timing.slice
            if self._problems != problems:
                self.status.live("", self._problems)

    def _apply(self, event: WatchEvent[object]) -> None:
        if event.status is not None:
            told = event.status
            raise from_status(self._around.reader.place.server, told.code, told.message, told.reason)
        if event.object is not None:
            self._around.sink.event(self.kind, event.type, event.object)
        elif event.problem:
            self._problems.append(event.problem)
            del self._problems[:-KEPT_PROBLEMS]
        if event.resource_version:
            self._version = event.resource_version

    async def _rest_after(self, error: ApiError) -> None:
        """The kind is off until it is asked for again; a server that has just started isn't believed yet."""
        if self._around.outage.recent:
            await self._wait_after(error)
        else:
            self.status.off(error)
            await asyncio.sleep(self._rest.next())

    async def _wait_after(self, error: VacancyError) -> None:
        """Say what is wrong and since when, then pause; a feed that gets through ends the pauses of all."""
        self.status.lost(error)
        if isinstance(error, Broken):
            self._around.outage.broke()
        elif out_of_reach(error):
            self._around.outage.note()
        wish = error.retry_after if isinstance(error, ApiError) else None
        pause = self._backoff.next(wish)
        await (self._around.outage.sleep(pause) if wish is None else asyncio.sleep(pause))


def out_of_reach(error: VacancyError) -> bool:
    """Whether the server as a whole seems to be down or on its way up."""
    return (isinstance(error, ApiError) and error.status >= 500) or isinstance(error, Unreachable)


def _only_lists(error: VacancyError) -> bool:
    """Whether a watch was refused in a way that a list may not be."""
    return isinstance(error, ApiError) and error.status in (403, 404, 405)
