"""A full list of one kind, page by page, into a sink. What follows it is in kind."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.clients.kubernetes import Forbidden, Gone, Reader
from core.errors import VacancyError
from core.feeds.sink import Sink
from core.kube.kinds import Kind

PAGE_SIZE = 500
"""Objects a page, as kubectl and client-go ask for."""

Trouble = Callable[[VacancyError], Awaitable[None]]
"""Told of an error before the same request is tried again: waits, or raises to give up."""
Progress = Callable[[int, int | None], None]
"""Told how many objects have been read, and how many remain (None: the server doesn't tell)."""

_TOKEN = re.compile(rb'"continue"\s*:\s*"([^"\\]+)"')
_HEAD = 4096


async def in_widest_scope(kind: Kind, namespace: str, read: Callable[[str | None], Awaitable[None]]) -> None:
    """Read cluster-wide (None), or only in `namespace` where the identity may not.

    Raises Forbidden as it came for the whole cluster when both are refused.
    """
    try:
        await read(None)
    except Forbidden as error:
        if not kind.namespaced or kind.field_selector:
            raise
        try:
            await read(namespace)
        except Forbidden:
            raise error from None


def token_of(body: bytes) -> str:
    """The continue token, when the list's metadata stands before its items as Go writes it; else empty."""
    items = body.find(b'"items"', 0, _HEAD)
    found = _TOKEN.search(body, 0, items) if items >= 0 else None
    return found[1].decode() if found else ""


@dataclass
class Listing:
    """How one kind is listed. `problems` gets a line for each object that was left out because it is unreadable."""

    reader: Reader
    sink: Sink
    kind: Kind
    trouble: Trouble
    progress: Progress
    problems: list[str] = field(default_factory=list)

    async def read(self, namespace: str | None) -> str:
        """Hand all objects to the sink, from `begin` to `synced`; returns the resource version to watch from.

        An expired continue token starts the list again, with larger pages. Raises InputError for an unreadable page.
        """
        size = PAGE_SIZE
        while True:
            try:
                return await self._read(self.kind.list_path(namespace), size)
            except Gone:
                size *= 4

    async def _read(self, path: str, size: int) -> str:
        """While one page is decoded the next is on its way: its token stands at the head of the text."""
        done = 0
        version = ""
        fetching: asyncio.Task[bytes] | None = self._fetch(path, size, "")
        try:
            while fetching is not None:
                body = await fetching
                token = token_of(body)
                fetching = self._fetch(path, size, token) if token else None
                await asyncio.sleep(0)  # lets the request out before the decoding begins
                done, version, token = await self._hand_over(body, done)
                if fetching is None and token:
                    fetching = self._fetch(path, size, token)
        finally:
            if fetching is not None:
                fetching.cancel()
        self.sink.synced(self.kind, version)
        return version

    async def _hand_over(self, body: bytes, done: int) -> tuple[int, str, str]:
        """Decode a page and give it to the sink: objects read so far, the version, the token as decoded."""
        page = self.kind.decode_page(body)
        await asyncio.sleep(0)
        if not done:
            self.sink.begin(self.kind)
            self.problems.clear()
        done += len(page.items) + len(page.problems)
        self.problems.extend(page.problems)
        remaining = page.remaining if page.continue_ else 0
        self.sink.page(self.kind, page.items, done, None if remaining is None else done + remaining)
        self.progress(done, remaining)
        return done, page.resource_version, page.continue_

    def _fetch(self, path: str, size: int, token: str) -> asyncio.Task[bytes]:
        return asyncio.create_task(self._page(path, size, token), name=f"list {self.kind.plural}")

    async def _page(self, path: str, size: int, token: str) -> bytes:
        selector = self.kind.field_selector
        while True:
            try:
                return await self.reader.get(path, limit=size, continue_=token, fieldSelector=selector)
            except VacancyError as error:
                await self.trouble(error)
