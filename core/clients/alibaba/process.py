"""The helper process as this program sees it: started with the first call, asked over a pipe, started again when it
has died, and handed on to the next connection when it is no longer needed. What it does is in helper."""

import asyncio
import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping

import msgspec

from core.clients.alibaba import errors
from core.clients.alibaba.call import ABOUT_CLOUD, Answer, Call, Order, Start
from core.clients.alibaba.errors import Unreachable
from core.clients.alibaba.settings import Settings

_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from core.clients.alibaba import helper
helper.main()"""
"""With our own module path, so that it finds the same packages from any folder."""
_KEYS = tuple(f"ALIBABA_CLOUD_{name}" for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "REGION_ID"))
"""Variables that may change from account to account."""

Nature = tuple[object, ...]
"""What two accounts must have in common to be asked by the same process."""


class Process:
    """Asked from one event loop. Whatever is asked of it waits elsewhere: starting, writing and reading cost the loop
    nothing that grows with the SDKs."""

    def __init__(self, settings: Settings, region: str, env: Mapping[str, str], read_timeout: float) -> None:
        about = {name: value for name, value in env.items() if name.startswith(ABOUT_CLOUD)}
        rest = {name: value for name, value in os.environ.items() if not name.startswith(ABOUT_CLOUD)}
        self._env = {**rest, **env}
        self._start = Start(settings, region, about, read_timeout)
        fixed = {name: value for name, value in self._env.items() if _lasts(name)}
        self._nature: Nature = (settings.metadata, frozenset(fixed.items()))
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def send(self, call: Call) -> object:
        """The answer's body as plain JSON values. Raises the errors of `errors`."""
        return await self._ask(call.product, call.action, call=call)

    async def prepare(self, product: str) -> None:
        """Import a product's SDK, which takes seconds, before the first call has its turn."""
        await self._ask(product, "(start)", prepare=product)

    def renew(self) -> None:
        """Read the credentials again at the next call: they may have been replaced."""
        if self._child is not None:
            self._child.tell(Order(0))

    def close(self) -> None:
        """Let it go; what it still does is dropped."""
        self._closed = True
        if self._child is not None:
            _spare.keep(self._child)

    async def _ask(self, product: str, action: str, *, call: Call | None = None, prepare: str = "") -> object:
        async with self._starting:
            if self._child is None or self._child.ended:
                self._child = await self._another()
            child = self._child
        answer = await child.ask(call, prepare)
        if answer is None:
            raise Unreachable(product, action, "the process that calls the cloud has ended", "it is started again")
        if answer.failure is not None:
            raise errors.of_failure(answer.failure)
        return answer.body

    async def _another(self) -> "_Child":
        child = _spare.take(self._nature)
        if child is None:
            child = await asyncio.to_thread(_Child, self._nature, self._env)
        child.begin(self._start, asyncio.get_running_loop())
        if self._closed:  # meanwhile
            child.close()
        return child


def _lasts(name: str) -> bool:
    """Whether the SDKs read a variable once, when they are imported, or whenever they like."""
    about = name.startswith(ABOUT_CLOUD) and name not in _KEYS and not name.startswith("VACANCY_")
    return about or name.upper().endswith("_PROXY")


class _Child:
    """One running process. `begin`, `ask` and `tell` belong to the event loop, `_listen` to a thread."""

    def __init__(self, nature: Nature, env: Mapping[str, str]) -> None:
        self.nature, self.ended = nature, False
        self.unanswered: set[int] = set()
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, asyncio.Future[Answer | None]] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,  # keys pressed in the terminal are not for it
        )
        threading.Thread(target=self._listen, name="cloud", daemon=True).start()

    def begin(self, start: Start, loop: asyncio.AbstractEventLoop) -> None:
        """Work for this account from now on, and answer to this loop."""
        self._loop = loop
        self.tell(start)

    async def ask(self, call: Call | None, prepare: str) -> Answer | None:
        """The answer; None when the process ended instead."""
        self._number += 1
        number, future = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self.unanswered.add(number)
        try:
            self.tell(Order(number, call, prepare))
            return None if self.ended else await future
        finally:
            self._waiting.pop(number, None)

    def tell(self, line: Order | Start) -> None:
        """Write a line: far less than a pipe holds, so this doesn't wait."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(line) + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # it has died; or was closed
            self.ended = True

    def close(self) -> None:
        """End it by ending its input."""
        assert self._process.stdin is not None
        self.ended = True
        with contextlib.suppress(OSError):  # it has died with something unread
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._hand_over(msgspec.json.decode(line, type=Answer))
        self._hand_over(None)
        self._process.wait()
        self.close()

    def _hand_over(self, answer: Answer | None) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in between
                self._loop.call_soon_threadsafe(self._finish, answer)

    def _finish(self, answer: Answer | None) -> None:
        self.ended = self.ended or answer is None
        numbers = [answer.id] if answer is not None else list(self._waiting)
        for number in numbers:
            self.unanswered.discard(number)
            future = self._waiting.get(number)
            if future is not None and not future.done():
                future.set_result(answer)


class _Spare:
    """One process that nobody needs now: its SDKs are imported, which took it a second."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        atexit.register(self.drop)

    def keep(self, child: _Child) -> None:
        """Keep it for the next connection, unless it has died or something still hangs in it."""
        if child.ended or child.unanswered:
            child.close()
            return
        self.drop()
        self._child = child

    def take(self, nature: Nature) -> _Child | None:
        """The spare one, where it will do."""
        child = self._child
        if child is None or child.ended or child.nature != nature:
            self.drop()
            return None
        self._child = None
        return child

    def drop(self) -> None:
        """End the spare one."""
        if self._child is not None:
            self._child.close()
            self._child = None


_spare = _Spare()
