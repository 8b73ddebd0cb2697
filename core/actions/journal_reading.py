"""Journals as they stand on disk: what was done, and what was left unfinished. Writing is in journal."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.actions import journal
from core.actions.action_plan import ActionPlan
from core.errors import InputError

RUNNING, UNFINISHED, UNREADABLE = "running", "unfinished", "unreadable"


@dataclass(frozen=True)
class Entry:
    """One journal. `state` is how it ended, or `running`, `unfinished`, `unreadable` (then there is no plan)."""

    id: str
    path: Path
    state: str
    plan: ActionPlan | None
    began: str = ""
    ended: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Left in the middle: somebody has to resume, undo or close it."""
        return self.state == UNFINISHED


def entries() -> list[Entry]:
    """All journals, the newest first."""
    return [read(path) for path in paths()]


class Folder:
    """The journals as they are now; those that have not changed since the last look are not read again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[object, Entry]] = {}

    def entries(self) -> list[Entry]:
        """All of them, the newest first."""
        found = {path: one for path in paths() if (one := self._entry(path)) is not None}
        self._known = found
        return [entry for _, entry in found.values()]

    def _entry(self, path: Path) -> tuple[object, Entry] | None:
        try:
            stat = path.stat()
        except OSError:
            return None
        mark, known = (stat.st_mtime_ns, stat.st_size), self._known.get(path)
        if known is not None and known[0] == mark and known[1].state not in (RUNNING, UNFINISHED):
            return known
        return mark, read(path)


def paths() -> list[Path]:
    """Their files, the newest first."""
    folder = journal.folder()
    return sorted(folder.glob(f"*{journal.SUFFIX}"), reverse=True) if folder.is_dir() else []


def find(name: str) -> Entry:
    """The journal of an action, by its id or the end of it. Raises InputError."""
    matching = [entry for entry in entries() if entry.id == name or (len(name) >= 4 and entry.id.endswith(name))]
    if len(matching) != 1:
        some = "no action" if not matching else "more than one action"
        raise InputError(f"{name}: {some} of that id; see vacancy journal")
    return matching[0]


def unfinished(server: str) -> list[Entry]:
    """What was left in the middle on this API server."""
    return [entry for entry in entries() if entry.open and entry.plan is not None and entry.plan.server == server]


def read(path: Path) -> Entry:
    """One journal; lines that a crash cut off are left out."""
    lines = list(_lines(path))
    begin = next((line for line in lines if line.get("event") == "begin"), None)
    plan = _plan(begin)
    if plan is None or begin is None:
        return Entry(path.stem, path, UNREADABLE, None, lines=lines)
    last = lines[-1]
    done = last.get("event") == "end"
    state = str(last.get("outcome")) if done else RUNNING if _held(path) else UNFINISHED
    return Entry(plan.id, path, state, plan, str(begin.get("at")), str(last.get("at")) if done else "", lines)


def _plan(begin: dict[str, Any] | None) -> ActionPlan | None:
    try:
        return msgspec.convert(begin["plan"], ActionPlan) if begin else None
    except (msgspec.ValidationError, KeyError):
        return None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        texts = path.read_bytes().splitlines()
    except OSError:
        return
    for text in texts:
        try:
            yield msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            continue


def _held(path: Path) -> bool:
    """Whether a process is writing it."""
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
