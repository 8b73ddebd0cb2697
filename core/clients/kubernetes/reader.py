"""Reading from a Kubernetes API server: raw answers and raw watch lines. Nothing here can change a cluster."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from core.clients.kubernetes import errors
from core.clients.kubernetes.connection import REQUEST_TIMEOUT, Connection, query_of
from core.clients.kubernetes.kubeconfig import Place

if TYPE_CHECKING:
    import aiohttp

LONGEST_WINDOW = 0.1
"""Seconds for which a busy watch collects events: waking up for each of them costs more than decoding it."""
SHORTEST_WINDOW = 0.005
"""Seconds: a watch so busy that it needs less brings many events at once anyway."""
BATCH = 128 * 1024
"""Bytes that a window aims at; the sockets' own buffers hold a little more."""
TURNS = 3
"""Turns of the loop in which a socket that is read again hands over what it has kept."""
OPEN_TIMEOUT = 30.0
"""Seconds for a watch to be accepted; an API server does so at once, or keeps the request in line when it is busy."""
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes after which a watch line without an end is taken for garbage; etcd holds objects of 1.5 MB."""


class Reader:
    """GET requests of one connection. `heard` is the monotonic time of the last bytes from the server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._streams: set[WatchStream] = set()
        self._heard = float("-inf")

    @property
    def place(self) -> Place:
        """Where this leads."""
        return self._connection.place

    @property
    def heard(self) -> float:
        return max([self._heard, *(stream.heard for stream in self._streams)])

    async def get(self, path: str, *, timeout: float = REQUEST_TIMEOUT, **parameters: str | int | None) -> bytes:
        """The body at `path`. Parameters that are None or empty are left out; `continue_` stands for `continue`."""
        import aiohttp

        query = query_of({name.rstrip("_"): value for name, value in parameters.items()})
        answer = await self._connection.send("GET", path, query, total=timeout)
        try:
            body = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise errors.from_exception(self.place.server, error) from None
        finally:
            answer.close() if not answer.content.is_eof() else answer.release()
        self._heard = time.monotonic()
        return body

    @contextlib.asynccontextmanager
    async def watch(
        self, path: str, resource_version: str, lifetime: int, idle: float, field_selector: str = ""
    ) -> AsyncIterator["WatchStream"]:
        """A watch that the server has accepted, and ends by itself after `lifetime` seconds. Reading raises Silent
        when no byte came for `idle` seconds."""
        query = query_of(
            {
                "watch": "true",
                "allowWatchBookmarks": "true",
                "resourceVersion": resource_version,
                "timeoutSeconds": lifetime,
                "fieldSelector": field_selector,
            }
        )
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                answer = await self._connection.send("GET", path, query, read_timeout=idle, total=None)
        except TimeoutError as error:
            raise errors.from_exception(self.place.server, error) from None
        stream = WatchStream(answer, self.place.server)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._heard = max(self._heard, stream.heard)
            self._streams.discard(stream)
            answer.close()

    def drop_watches(self, error: errors.Unreachable) -> None:
        """End all watches with this error: the server doesn't answer, so they are dead as well."""
        for stream in tuple(self._streams):
            stream.drop(error)


class WatchStream:
    """Lines of one watch, in batches."""

    def __init__(self, answer: "aiohttp.ClientResponse", server: str) -> None:
        self._answer, self._server = answer, server
        self._rest = b""
        self._window = LONGEST_WINDOW
        self._busy = False
        self._dropped: errors.Unreachable | None = None
        self.heard = time.monotonic()

    async def lines(self) -> list[bytes]:
        """All complete lines that have arrived, at least one; an empty list when the server has ended the watch.

        The first line after a quiet time comes at once; while lines keep coming they are collected for LONGEST_WINDOW.
        Raises Unreachable when the connection breaks, Silent when nothing came for too long.
        """
        import aiohttp

        try:
            while chunk := await self._chunk():
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                if found := [line for line in lines if line]:
                    return found
                if len(self._rest) > LONGEST_LINE:
                    cause = "a watch sent a line without an end"
                    raise errors.Unreachable(f"{self._server}: {cause}", cause)
        except (aiohttp.ClientError, OSError) as error:
            raise self._dropped or errors.from_exception(self._server, error) from None
        return []

    def drop(self, error: errors.Unreachable) -> None:
        """End it now: `lines` raises `error`."""
        self._dropped = error
        self._answer.close()

    async def _chunk(self) -> bytes:
        """What has arrived; on a busy watch, what arrives during a window."""
        loop = asyncio.get_running_loop()
        if self._busy and self._window >= SHORTEST_WINDOW:
            await self._collect()
        asked = loop.time()
        chunk = await self._answer.content.readany()
        self._busy = loop.time() - asked < LONGEST_WINDOW
        self._window = min(LONGEST_WINDOW, self._window * (0.5 if len(chunk) > BATCH else 1.2))
        self.heard = time.monotonic()
        return chunk

    async def _collect(self) -> None:
        """Leave the socket alone for a window, so that what comes is read, decrypted and parsed in one go."""
        transport = self._answer.connection.transport if self._answer.connection is not None else None
        if transport is None:
            return
        limit = getattr(transport, "set_read_buffer_limits", None)  # a TLS transport would go on filling its buffer
        transport.pause_reading()
        if limit is not None:
            limit(high=1, low=0)
        try:
            await asyncio.sleep(self._window)
        finally:
            if not transport.is_closing():
                if limit is not None:
                    limit()
                transport.resume_reading()
        for _ in range(TURNS):
            await asyncio.sleep(0)
