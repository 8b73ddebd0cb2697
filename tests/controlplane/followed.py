"""A session that follows the control plane as the screens do, and how long it takes to show what has happened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from core.clients.kubernetes.errors import Silent
from core.session import Session, Where
from core.session.source import LiveSource
from core.views.link import Failure
from core.views.status import Connection, Source, Status
from core.views.table import Row, TableChange, TableView, ViewKey, apply

NODES = ViewKey("nodes")
FAREWELL = 0.5
"""Seconds for TLS connections that were dropped while the server was silent: they end when it has said goodbye."""


class Followed:
    """What the header and the Nodes table say at this moment."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.status: Status | None = None
        self.failure = ""
        self.emptied = 0
        """How often a table came that held nothing after one that did: a flicker."""
        self._table: TableView | None = None
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Take in what the session says, until it is closed."""
        async for update in self.session.updates():
            match update:
                case Status():
                    self.status = update
                case TableView():
                    self.emptied += bool(self.rows) and not update.rows
                    self._table = update
                case TableChange():
                    assert self._table is not None
                    self._table = apply(self._table, update)
                case Failure():
                    self.failure = update.message
            self._news.set()

    @property
    def rows(self) -> dict[str, Row]:
        return {row.id: row for row in self._table.rows} if self._table is not None else {}

    def text(self, node: str, column: str) -> str:
        """What a node's cell says; empty when there is no such row."""
        assert self._table is not None
        index = [one.id for one in self._table.columns].index(column)
        row = self.rows.get(node)
        return row.cells[index].text if row is not None else ""

    def pods(self, node: str) -> int:
        """The pods that count on a node; -1 for unknown."""
        count = self.text(node, "pods").partition("/")[0]
        return int(count) if count.isdigit() else -1

    def booked(self, node: str) -> float | None:
        """The share of a node's CPU that is booked."""
        assert self._table is not None
        index = [one.id for one in self._table.columns].index("cpu")
        bar = self.rows[node].cells[index].bar
        return bar.booked if bar is not None else None

    def used(self, node: str) -> float | None:
        """The share of a node's CPU that is used."""
        assert self._table is not None
        index = [one.id for one in self._table.columns].index("cpu")
        bar = self.rows[node].cells[index].bar
        return bar.used if bar is not None else None

    def source(self, name: str = "kubernetes") -> Source | None:
        """How a source is doing."""
        sources = self.status.sources if self.status is not None else ()
        return next((source for source in sources if source.name == name), None)

    def is_in(self, state: Connection, name: str = "kubernetes") -> bool:
        source = self.source(name)
        return source is not None and source.state is state

    @property
    def notice(self) -> str:
        return self.status.notice if self.status is not None else ""

    def ask_again(self) -> None:
        """Force new requests of everything that is followed: its watches count as silent for too long."""
        source = self.session._source
        assert isinstance(source, LiveSource)
        source._clients.reader.drop_watches(Silent("dropped by a test", "dropped by a test"))

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait until it shows; returns the seconds that took. AssertionError, with what shows instead, in time."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not shown in {seconds} s: {what}; instead: {self.status}") from None
        return time.monotonic() - started


@contextlib.asynccontextmanager
async def followed(
    kubeconfig: Path, context: str | None = None, first: Connection = Connection.LIVE
) -> AsyncIterator[Followed]:
    """The Nodes screen's session, from when its source is in the state `first`."""
    session = Session(Where(kubeconfig=str(kubeconfig), context=context, cloud=False))
    session.subscribe(NODES)
    view = Followed(session)
    running = asyncio.create_task(view.run())
    try:
        await view.until(lambda: view.is_in(first), 20, f"a source that is {first}")
        yield view
    finally:
        await session.close()
        await running
        await asyncio.sleep(FAREWELL)
