"""One watch: changes since a version as a stream of lines, with selectors, bookmarks, expiry and ways to break it."""

import asyncio
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from sim.kube.errors import ApiError, too_old
from sim.kube.registry import Registry
from sim.kube.request import Filter
from sim.kube.resources import Resource
from sim.kube.shelf import Change

Obj = dict[str, Any]
_encode = msgspec.json.encode

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What to watch. `form` names the representation that `show` makes (whole object, Table, metadata only)."""

    resource: Resource
    kind: str
    namespace: str
    wanted: Filter
    version: str
    bookmarks: bool
    initial_events: bool
    timeout: float
    path: str
    form: str
    show: Callable[[Obj], Obj]


class Watch:
    """A running watch. `close`, `silence` and `fail` break it from outside."""

    def __init__(self, registry: Registry, request: WatchRequest, bookmark_every: float) -> None:
        self.request = request
        self._registry = registry
        self._every = bookmark_every
        self._queue: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._silent = False
        self._closed = False
        self._failure: ApiError | None = None
        self._stop = registry.on_change(request.kind, self._heard)

    def close(self) -> None:
        """End the stream cleanly."""
        self._stop()
        self._closed = True
        self._wake.set()

    def silence(self) -> None:
        """Say nothing any more, not even bookmarks, and keep the connection open."""
        self._silent = True

    def fail(self, error: ApiError) -> None:
        """Send an ERROR event and end the stream."""
        self._failure = error
        self._wake.set()

    async def lines(self) -> AsyncIterator[bytes]:
        """The stream, in chunks of whole lines."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.request.timeout
        try:
            start = self._start()
            if start:
                yield start
            while not self._closed and self._failure is None and loop.time() < end:
                chunk = await self._next(end)
                if chunk and not self._silent:
                    yield chunk
            if self._failure is not None:
                yield _line("ERROR", self._failure.status())
            elif self.request.bookmarks and not self._silent:
                yield self._bookmark()
        finally:
            self._stop()

    def _heard(self, change: Change) -> None:
        if self._silent or (
            self.request.namespace and change.object["metadata"]["namespace"] != self.request.namespace
        ):
            return
        self._queue.append(change)
        self._wake.set()

    def _start(self) -> bytes:
        self._queue.clear()  # what came since this watch was made is part of what it starts from
        shelf, version = self._registry.shelf(self.request.kind), self.request.version
        if version in ("", "0") or self.request.initial_events:
            return b"".join(self._initial(shelf.values(self.request.namespace)))
        if int(version) < shelf.floor:
            self._failure = too_old(int(version), shelf.floor)
            return b""
        changes: Iterable[Change] = shelf.since(int(version))
        if self.request.namespace:
            changes = [c for c in changes if c.object["metadata"]["namespace"] == self.request.namespace]
        return b"".join(self._shown(changes))

    def _initial(self, objects: Iterable[Obj]) -> Iterator[bytes]:
        for obj in objects:
            if self.request.wanted.matches(obj):
                yield _line("ADDED", self.request.show(obj))
        if self.request.initial_events and self.request.bookmarks:
            yield self._bookmark({INITIAL_EVENTS_END: "true"})

    async def _next(self, end: float) -> bytes:
        loop = asyncio.get_running_loop()
        patience = min(end - loop.time(), self._every * random.uniform(0.9, 1.1))
        try:
            async with asyncio.timeout(max(0.0, patience)):
                await self._wake.wait()
        except TimeoutError:
            return self._bookmark() if self.request.bookmarks and loop.time() < end else b""
        self._wake.clear()
        changes = tuple(self._queue)
        self._queue.clear()
        return b"".join(self._shown(changes))

    def _shown(self, changes: Iterable[Change]) -> Iterator[bytes]:
        for change in changes:
            event = self._event(change)
            if event is not None:
                type_, obj = event
                encode = _Encode(type_, obj, self.request.show)
                yield change.line((type_, self.request.form), encode)

    def _event(self, change: Change) -> tuple[str, Obj] | None:
        """What the watcher sees: with a selector, objects appear and vanish as they begin and cease to match."""
        wanted = self.request.wanted
        if not wanted:
            return change.type, change.object
        now = change.type != "DELETED" and wanted.matches(change.object)
        before = change.old is not None and wanted.matches(change.old)
        if now:
            return ("MODIFIED" if before else "ADDED"), change.object
        if not before or change.old is None:
            return None
        meta = {**change.old["metadata"], "resourceVersion": str(change.version)}
        return "DELETED", {**change.old, "metadata": meta}

    def _bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        resource = self.request.resource
        meta: Obj = {"resourceVersion": str(self._registry.version), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
        return _line("BOOKMARK", obj)


@dataclass(frozen=True, slots=True)
class _Encode:
    type: str
    obj: Obj
    show: Callable[[Obj], Obj]

    def __call__(self) -> bytes:
        return _line(self.type, self.show(self.obj))


def _line(type_: str, obj: Obj) -> bytes:
    return _encode({"type": type_, "object": obj}) + b"\n"


class Watches:
    """The running watches of one server."""

    def __init__(self) -> None:
        self._running: set[Watch] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, watch: Watch) -> None:
        self._running.add(watch)

    def end(self, watch: Watch) -> None:
        self._running.discard(watch)

    def of(self, path: str = "") -> list[Watch]:
        """The watches whose path matches the regular expression."""
        return [watch for watch in self._running if re.search(path, watch.request.path)]

    def close(self, path: str = "") -> int:
        """End them cleanly, as an API server does at the end of a watch's time; returns how many."""
        return _each(self.of(path), Watch.close)

    def silence(self, path: str = "") -> int:
        """Let them fall silent with open connections; returns how many."""
        return _each(self.of(path), Watch.silence)

    def expire(self, path: str = "") -> int:
        """End them with an ERROR event of 410; returns how many."""
        return _each(self.of(path), lambda watch: watch.fail(too_old(1, 2)))


def _each(watches: list[Watch], do: Callable[[Watch], None]) -> int:
    for watch in watches:
        do(watch)
    return len(watches)
