"""A full list of one kind, page by page, into a sink. What follows it is in kind."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from core.clients.kubernetes import Forbidden, Gone, Reader
from core.errors import VacancyError
from core.feeds.sink import Sink
from core.kube.kinds import Kind
from core.kube.wire import ListMeta

PAGE_SIZE = 500
"""Objects a page, as kubectl and client-go ask for."""

Trouble = Callable[[VacancyError], Awaitable[None]]
"""Told of an error before the same request is tried again: waits, or raises to give up."""
Progress = Callable[[int, int | None], None]
"""Told how many objects have been read, and how many remain (None: the server doesn't tell)."""

_TOKEN = re.compile(rb'"continue"\s*:\s*"([^"\\]+)"')
_HEAD = 4096


class _Whole(msgspec.Struct, gc=False):
    metadata: ListMeta = ListMeta()


_whole = msgspec.json.Decoder(_Whole)


async def in_widest_scope(kind: Kind, namespace: str | None, read: Callable[[str | None], Awaitable[None]]) -> None:
    """Read cluster-wide (None), or only in `namespace`, if there is one, where the identity may not.

    Raises Forbidden as it came for the whole cluster when both are refused.
    """
    try:
        await read(None)
    except Forbidden as error:
        if not kind.namespaced or kind.field_selector or namespace is None:
            raise
        try:
            await read(namespace)
        except Forbidden:
            raise error from None


def token_of(body: bytes) -> str:
    """The continue token of a list. Go writes the metadata before the items, so that a look at the head is enough; an
    empty text when there is none, or when the body is no list."""
    items = body.find(b'"items"', 0, _HEAD)
    if items >= 0 and body.find(b'"metadata"', 0, items) >= 0:
        found = _TOKEN.search(body, 0, items)
        return found[1].decode() if found else ""
    try:
        return _whole.decode(body).metadata.continue_
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


async def pages(
    reader: Reader, kind: Kind, namespace: str | None, trouble: Trouble, size: int = PAGE_SIZE
) -> AsyncGenerator[bytes, None]:
    """The raw pages of a list. While one is worked on, the next is on its way. Raises Gone when it takes too long."""
    path, selector = kind.list_path(namespace), kind.field_selector

    async def fetch(token: str) -> bytes:
        while True:
            try:
                return await reader.get(path, limit=size, continue_=token, fieldSelector=selector)
            except VacancyError as error:
                await trouble(error)

    fetching: asyncio.Task[bytes] | None = asyncio.create_task(fetch(""), name=f"list {kind.plural}")
    try:
        while fetching is not None:
            body = await fetching
            token = token_of(body)
            fetching = asyncio.create_task(fetch(token), name=f"list {kind.plural}") if token else None
            await asyncio.sleep(0)  # lets the request out before the work on this page begins
            yield body
    finally:
        if fetching is not None:
            fetching.cancel()


@dataclass
class Listing:
    """How one kind is listed into a sink. `problems` gets a line for each object that is unreadable and left out."""

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
                return await self._read(namespace, size)
            except Gone:
                size *= 4

    async def _read(self, namespace: str | None, size: int) -> str:
        done, version = 0, ""
        async with contextlib.aclosing(pages(self.reader, self.kind, namespace, self.trouble, size)) as bodies:
            async for body in bodies:
                page = self.kind.decode_page(body)
                await asyncio.sleep(0)
                if not done:
                    self.sink.begin(self.kind)
                    self.problems.clear()
                done += len(page.items) + len(page.problems)
                version = page.resource_version
                self.problems.extend(page.problems)
                remaining = page.remaining if page.continue_ else 0
                self.sink.page(self.kind, page.items, done, None if remaining is None else done + remaining)
                self.progress(done, remaining)
        self.sink.synced(self.kind, version)
        return version
