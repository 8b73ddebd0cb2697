"""The helper process as this program sees it: started with the first call, asked over a pipe, started again when it
has died. What it does is in helper."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping

import msgspec

from core.clients.alibaba import errors
from core.clients.alibaba.call import Answer, Call, Order, Start
from core.clients.alibaba.errors import Unreachable

_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from core.clients.alibaba import helper
helper.main()"""
"""With our own module path, so that it finds the same packages from any folder."""
_OTHERS = ("ALIBABA_CLOUD_", "ALICLOUD_", "VACANCY_")
"""What of this program's environment must not be mixed with the environment that settings were found in."""


class Process:
    """Asked from one event loop. Whatever is asked of it waits elsewhere: starting, writing and reading cost the loop
    nothing that grows with the SDKs."""

    def __init__(self, start: Start, env: Mapping[str, str]) -> None:
        self._start, self._env = start, env
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
        """Let it end; what it still does is dropped."""
        self._closed = True
        if self._child is not None:
            self._child.close()

    async def _ask(self, product: str, action: str, *, call: Call | None = None, prepare: str = "") -> object:
        async with self._starting:
            if self._child is None or self._child.ended:
                loop = asyncio.get_running_loop()
                self._child = await asyncio.to_thread(_Child, self._start, self._env, loop)
                if self._closed:
                    self._child.close()
            child = self._child
        answer = await child.ask(call, prepare)
        if answer is None:
            raise Unreachable(product, action, "the process that calls the cloud has ended", "it is started again")
        if answer.failure is not None:
            raise errors.of_failure(answer.failure)
        return answer.body


class _Child:
    """One running process. `ask` and `tell` belong to the event loop, `_listen` to a thread."""

    def __init__(self, start: Start, env: Mapping[str, str], loop: asyncio.AbstractEventLoop) -> None:
        self.ended = False
        self._loop, self._number = loop, 0
        self._waiting: dict[int, asyncio.Future[Answer | None]] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items() if not key.startswith(_OTHERS)} | dict(env),
            start_new_session=True,  # keys pressed in the terminal are not for it
        )
        self.tell(start)
        threading.Thread(target=self._listen, name="cloud", daemon=True).start()

    async def ask(self, call: Call | None, prepare: str) -> Answer | None:
        """The answer; None when the process ended instead."""
        self._number += 1
        number, future = self._number, self._loop.create_future()
        self._waiting[number] = future
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
        with contextlib.suppress(RuntimeError):  # the loop was closed in between
            self._loop.call_soon_threadsafe(self._finish, answer)

    def _finish(self, answer: Answer | None) -> None:
        self.ended = self.ended or answer is None
        numbers = [answer.id] if answer is not None else list(self._waiting)
        for number in numbers:
            future = self._waiting.get(number)
            if future is not None and not future.done():
                future.set_result(answer)
