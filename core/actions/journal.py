"""The journal: one file of JSON lines for each action, on disk before and after every side effect. Reading journals,
and finding what was left unfinished, is in journal_reading."""

import asyncio
import fcntl
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from core.actions.action_plan import ActionPlan
from core.clock import Clock
from core.errors import Refused, VacancyError
from core.feeds.masking import masked

SUFFIX = ".jsonl"


def folder() -> Path:
    """Where journals are kept: the user's state directory."""
    import platformdirs

    return Path(platformdirs.user_state_dir("vacancy", appauthor=False)) / "journal"


class Journal:
    """The open journal of one action. Whoever writes it holds a lock, which ends with the process however it ends: so
    a journal without an end that nobody holds was left unfinished."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Open for appending. Raises Refused when another process is at it, VacancyError when it can't be written."""
        self.path, self._clock = path, clock or Clock()
        self._turn = asyncio.Lock()
        self._number = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            _mend(self._file)
        except OSError as error:
            raise VacancyError(f"journal {path}: {error.strerror}; nothing is done without a journal") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise Refused(f"action {path.stem}: another process is running it") from None

    @classmethod
    def of(cls, plan: ActionPlan, clock: Clock | None = None) -> "Journal":
        """The journal of a plan."""
        return cls(folder() / f"{plan.id}{SUFFIX}", clock)

    async def begin(self, plan: ActionPlan) -> None:
        """What will be done, by whom, where and why."""
        await self._write({"event": "begin", "pid": os.getpid(), "plan": msgspec.to_builtins(plan)})

    async def resume(self, who: str) -> None:
        """Somebody goes on with it."""
        await self._write({"event": "resume", "pid": os.getpid(), "who": who})

    async def intent(self, step: str, about: str, **before: Any) -> int:
        """On disk before a side effect is sent; the number that its result will name."""
        self._number += 1
        number = self._number
        await self._write({"event": "intent", "number": number, "step": step, "about": about, "before": before})
        return number

    async def result(self, number: int, ok: bool, request: str = "", **after: Any) -> None:
        """What became of it. `request`: the id by which the server knows it."""
        done = {"event": "result", "number": number, "ok": ok, "after": after}
        await self._write({**done, "request": request} if request else done)

    async def note(self, about: str, text: str) -> None:
        """Something seen on the way."""
        await self._write({"event": "note", "about": about, "text": text})

    async def end(self, outcome: str, **summary: Any) -> None:
        """The last line."""
        await self._write({"event": "end", "outcome": outcome, "summary": summary})

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    async def _write(self, entry: dict[str, Any]) -> None:
        async with self._turn:
            await asyncio.to_thread(self._append, entry)

    def _append(self, entry: dict[str, Any]) -> None:
        whole = {"at": _moment(self._clock.now()), **masked(entry, "")}
        try:
            os.write(self._file, msgspec.json.encode(whole) + b"\n")
            os.fsync(self._file)
        except OSError as error:
            raise VacancyError(f"journal {self.path}: {error.strerror}; the action stops here") from None


def _mend(file: int) -> None:
    """End a line that a crash cut off, so that the next one stands alone."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")


def _moment(now: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
