"""What screens have begun and the session keeps going while nobody looks. What it is that goes on is in desk (new
actions) and recovering (those that were left in the middle)."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.actions.run import Run
from core.errors import one_line
from core.views.link import CancelAction

PATIENCE = 15.0
"""Seconds that a session which ends waits for an action to come to a safe point."""


@dataclass(kw_only=True)
class Work:
    """One of them, perhaps running, perhaps at its end. `version` counts what is new."""

    run: Run | None = None
    error: str = ""
    version: int = 0
    task: "asyncio.Task[None] | None" = None

    def new(self, error: str = "") -> None:
        """Something about it is new."""
        self.error = error
        self.version += 1

    def go(self, run: Run, doing: Awaitable[None]) -> None:
        """Set the run going, with what does it."""
        self.run = run
        self.new()
        self.task = asyncio.create_task(_to_its_end(run, doing))


async def _to_its_end(run: Run, doing: Awaitable[None]) -> None:
    try:
        await doing
    except Exception as error:  # the last border: a task that dies unseen would look like one that runs
        run.broke(one_line(str(error) or type(error).__name__))


W = TypeVar("W", bound=Work)


@dataclass
class Works(Generic[W]):
    """All of one session, by the id that the screen gave them."""

    works: dict[str, W] = field(default_factory=dict)

    def cancel(self, wanted: CancelAction) -> None:
        """Stop a run at the next safe point; forget what was not begun."""
        work = self.works.get(wanted.id)
        if work is not None and work.run is not None:
            work.run.cancel()
        elif work is not None:
            if work.task is not None:
                work.task.cancel()
            del self.works[wanted.id]

    async def close(self) -> None:
        """Let what runs come to a safe point, and wait for it."""
        tasks = [work.task for work in self.works.values() if work.task is not None and not work.task.done()]
        for work in self.works.values():
            if work.run is not None:
                work.run.cancel()
            elif work.task is not None:
                work.task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)
