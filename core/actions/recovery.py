"""An action that a crash left in the middle: what its journal says held against what is there, and the three ways out:
go on, take back what can be taken back, or leave everything as it is and close it. What each means for an action is in
its module."""

from collections.abc import Iterator

from core.actions.cloud import Cloud
from core.actions.journal_reading import Entry
from core.actions.known import module_of
from core.actions.run import CLOSED, UNDONE, Run
from core.clients.kubernetes import Reader
from core.errors import Refused

__all__ = ["CLOSED", "UNDONE", "close", "compare", "resume", "undo"]


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None = None) -> list[str]:
    """What is there now, a line for each thing, and one for each step whose outcome nobody recorded."""
    assert entry.plan is not None
    lines = await module_of(entry.plan.action).compare(entry, reader, cloud)
    unanswered = [f"{one['step']} {one['about']} was begun, and its outcome is not on record" for one in _open(entry)]
    return lines + unanswered


def _open(entry: Entry) -> Iterator[dict[str, object]]:
    """Intents without a result. A process that resumes counts on its own, so pairs are looked for backwards."""
    waiting: dict[object, dict[str, object]] = {}
    for line in entry.lines:
        if line.get("event") == "resume":
            yield from waiting.values()
            waiting = {}
        elif line.get("event") == "intent":
            waiting[line.get("number")] = line
        elif line.get("event") == "result":
            waiting.pop(line.get("number"), None)
    yield from waiting.values()


async def resume(entry: Entry, run: Run) -> None:
    """Go on. Everything is looked at anew, so nothing that took effect is sent again."""
    _check(run)
    await run.journal.resume(run.plan.who)
    await module_of(run.plan.action).resume(run, entry)


async def undo(entry: Entry, run: Run) -> None:
    """Take back what can be taken back. Raises Refused where nothing can."""
    _check(run)
    await run.journal.resume(run.plan.who)
    await module_of(run.plan.action).undo(run, entry)


async def close(run: Run) -> None:
    """Leave everything as it is; only the claims are given up."""
    await run.journal.resume(run.plan.who)
    await module_of(run.plan.action).close(run)


def _check(run: Run) -> None:
    here, there = run.reader.place.server, run.plan.server
    if here != there:
        raise Refused(f"action {run.plan.id} is about {there}, and this context leads to {here}")
