"""One account and region: calls in worker threads, paced, with deadlines, reads tried again. What is asked is in
reader and writer, how an SDK sends it in sdk."""

import asyncio
import os
import random
import time
from collections import Counter, deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from core.clients.alibaba import errors
from core.clients.alibaba.errors import BadCredentials, CloudError, Silent, Throttled, WrongAnswer
from core.clients.alibaba.pace import READS_PER_SECOND, WRITES_PER_SECOND, Pace
from core.clients.alibaba.sdk import IMPORTING, Call, Sdk
from core.clients.alibaba.settings import Settings
from core.clients.alibaba.threads import Threads

THREADS = 8
DEADLINE = 25.0
"""Seconds for one answer, whatever drips in."""
ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
THROTTLED_PAUSE = 2.0
"""Seconds without any read after a refusal that names no time; doubled with each attempt."""
RENEW_PERIOD = 30.0
"""Seconds between two readings of refused credentials."""


class Connection:
    """Everything that is shared by reader and writer."""

    def __init__(self, settings: Settings, region: str, env: Mapping[str, str] = os.environ) -> None:
        self.settings, self.region = settings, region
        self.calls: Counter[str] = Counter()
        """Requests sent, by product and action."""
        self.sent: deque[float] = deque(maxlen=1000)
        """When the latest ones were (monotonic)."""
        self._sdk = Sdk(settings, region, env)
        self._threads = Threads(THREADS, "cloud")
        self._reads, self._writes = Pace(READS_PER_SECOND), Pace(WRITES_PER_SECOND)
        self._prepared: dict[str, asyncio.Future[None]] = {}
        self._renewed = -RENEW_PERIOD

    async def read(self, call: Call) -> Any:
        """The answer's body as plain JSON values. Raises the errors of `errors` when all attempts have failed."""
        for attempt in range(1, ATTEMPTS + 1):
            await self._prepare(call)
            await self._reads.turn()
            try:
                return await self._once(call)
            except CloudError as error:
                await self._recover(error, attempt)
        raise AssertionError("unreachable")

    async def write(self, call: Call) -> Any:
        """As `read`, but sent once: whether it may be sent again is the caller's decision (`error.outcome_unknown`)."""
        await self._prepare(call)
        await self._writes.turn()
        return await self._once(call)

    def close(self) -> None:
        """Let the worker threads end; what they still wait for is dropped."""
        self._threads.close()

    async def _once(self, call: Call) -> Any:
        self.calls[f"{call.product} {call.action}"] += 1
        self.sent.append(time.monotonic())
        try:
            body = await asyncio.wait_for(self._threads.run(partial(self._sdk.send, call)), DEADLINE)
        except TimeoutError:
            raise Silent(call.product, call.action, "no answer in time") from None
        except Exception as error:  # whatever an SDK raises has no common base, and its text must not get out
            raise self._translated(call, error) from None
        if body is None:
            raise WrongAnswer(call.product, call.action, "the answer is not of this action's shape")
        return body

    async def _prepare(self, call: Call) -> None:
        """Import the product's SDK, once for all who wait. No call leaves while another SDK is being imported,
        either: it would be held up, and arrive together with the next ones."""
        loading = self._prepared.get(call.product)
        if loading is None or (loading.done() and loading.exception() is not None):
            job = self._threads.run(partial(self._sdk.prepare, call.product))
            loading = self._prepared[call.product] = asyncio.ensure_future(job)
        await asyncio.wait(self._prepared.values(), timeout=IMPORTING)
        if not loading.done():
            raise Silent(call.product, call.action, "its SDK was not imported in time")
        try:
            loading.result()
        except Exception as error:  # as for a call
            raise self._translated(call, error) from None

    def _translated(self, call: Call, error: Exception) -> CloudError:
        found = errors.translated(call.product, call.action, error, self.settings.said_by)
        if isinstance(found, BadCredentials) and time.monotonic() - self._renewed >= RENEW_PERIOD:
            self._renewed = time.monotonic()
            self._sdk.renew()
        return found

    async def _recover(self, error: CloudError, attempt: int) -> None:
        """Wait for another attempt, or pass the error on. A refusal by flow control holds up all reads."""
        grown = (THROTTLED_PAUSE if isinstance(error, Throttled) else FIRST_PAUSE) * 2 ** (attempt - 1)
        pause = min(error.retry_after or grown * random.uniform(0.75, 1.25), LONGEST_PAUSE)
        if isinstance(error, Throttled):
            self._reads.pause(pause)
        if not error.retryable or attempt >= ATTEMPTS:
            raise error
        if not isinstance(error, Throttled):
            await asyncio.sleep(pause)
