"""A few threads for calls that block. They are daemons: a call that hangs never keeps the program from ending."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Threads:
    """At most `size` threads, started as they are needed; they end when this is closed."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result or exception. Cancelling stops the waiting, not the job: its result is dropped."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._busy += 1
        if self._started < min(self._busy, self._size):
            self._start()
        self._jobs.put((job, loop, future))
        return await future

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _start(self) -> None:
        self._started += 1
        threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, loop, future = job
            result: Any = None
            failure: BaseException | None = None
            if not future.cancelled():
                try:
                    result = call()
                except BaseException as error:
                    failure = error
            if loop.is_closed():
                return
            try:
                loop.call_soon_threadsafe(self._finish, future, result, failure)
            except RuntimeError:  # the loop was closed in between
                return

    def _finish(self, future: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
        self._busy -= 1
        if future.cancelled():
            return
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(result)
