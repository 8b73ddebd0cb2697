"""What was told to whom within a day, by the journal itself: an intent before each message, what became of it after. So
neither a second session nor a crash tells anybody twice."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.actions import journal, journal_reading
from core.clients.notification import Outcome
from core.errors import Refused, VacancyError

NOTIFY = "notify"
DAY = 86_400.0


class Told(msgspec.Struct, frozen=True):
    """A message of the last day: when it was begun, in seconds since the epoch, and what became of it."""

    at: float
    outcome: Outcome


def key(owner: str, route: str, channel: int) -> str:
    """An owner and a channel as the journal knows them, whatever is in their names."""
    return hashlib.sha256(f"{owner}\0{route}\0{channel}".encode()).hexdigest()[:20]


def of_the_day(server: str, now: float) -> dict[str, Told]:
    """Key -> what was sent in the day before `now` about this API server's cluster, or may have been. What was surely
    not delivered is left out."""
    found: dict[str, Told] = {}
    for path in journal_reading.paths():
        if not _lately(path, now):
            continue
        entry = journal_reading.read(path)
        if entry.plan is not None and entry.plan.action == NOTIFY and entry.plan.server == server:
            found |= {name: told for name, told in _told(entry.lines) if now - told.at < DAY}
    return {name: told for name, told in found.items() if told.outcome is not Outcome.REFUSED}


def _lately(path: Path, now: float) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime > now - DAY
    return False


def _told(lines: list[dict[str, Any]]) -> Iterator[tuple[str, Told]]:
    """Each message on record; one without a result may have been sent. Numbers begin anew when it is resumed."""
    waiting: dict[object, tuple[str, float]] = {}
    for line in lines:
        event = line.get("event")
        if event == "resume":
            yield from _open(waiting)
            waiting = {}
        elif event == "intent" and line.get("step") == NOTIFY:
            waiting[line.get("number")] = _name(line), _at(line)
        elif event == "result" and line.get("number") in waiting:
            name, at = waiting.pop(line.get("number"))
            yield name, Told(at, _outcome(line))
    yield from _open(waiting)


def _open(waiting: Mapping[object, tuple[str, float]]) -> Iterator[tuple[str, Told]]:
    return ((name, Told(at, Outcome.LOST)) for name, at in waiting.values())


def _name(line: Mapping[str, Any]) -> str:
    return str((line.get("before") or {}).get("digest"))


def _outcome(line: Mapping[str, Any]) -> Outcome:
    said = (line.get("after") or {}).get("outcome")
    return Outcome(said) if said in list(Outcome) else Outcome.LOST


def _at(line: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(line.get("at"))).timestamp()
    except ValueError:
        return 0.0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """As the only process that tells owners anything. Raises Refused while another does."""
    path = journal.folder() / ".notify"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise VacancyError(f"{path}: {error.strerror}; nobody is told anything without a record") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise Refused("another process is telling owners just now") from None
    try:
        yield
    finally:
        os.close(file)
