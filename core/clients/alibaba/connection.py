"""One account and region: calls through the helper process, paced, with deadlines, reads tried again. What is asked is
in reader and writer, how an SDK sends it in sdk."""

import asyncio
import os
import random
import time
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from core.clients.alibaba.call import Call
from core.clients.alibaba.errors import BadCredentials, CloudError, Silent, Throttled, WrongAnswer
from core.clients.alibaba.pace import ALONE_PER_SECOND, READS_PER_SECOND, WRITES_PER_SECOND, Pace
from core.clients.alibaba.process import Process
from core.clients.alibaba.settings import Settings

READ_TIMEOUT = 10.0
"""Seconds without a byte from the server."""
IMPORTING = 90.0
"""Seconds after which an import that hangs is given up: 2 s with a warm cache, 5 s cold, more on a busy machine."""
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
        self._process = Process(settings, region, env, READ_TIMEOUT)
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

    def expect_no_writes(self) -> None:
        """Nothing will be written here: reads may have the whole budget."""
        self._reads = Pace(ALONE_PER_SECOND)

    def close(self) -> None:
        """End the helper process; what it still waits for is dropped."""
        self._process.close()

    async def _once(self, call: Call) -> Any:
        self.calls[f"{call.product} {call.action}"] += 1
        self.sent.append(time.monotonic())
        try:
            body = await asyncio.wait_for(self._process.send(call), DEADLINE)
        except TimeoutError:
            raise Silent(call.product, call.action, "no answer in time") from None
        except BadCredentials:
            self._renew()
            raise
        if body is None:
            raise WrongAnswer(call.product, call.action, "the answer is not of this action's shape")
        return body

    async def _prepare(self, call: Call) -> None:
        """Import the product's SDK, once for all who wait. No call leaves while another SDK is being imported,
        either: it would be held up, and arrive together with the next ones."""
        loading = self._prepared.get(call.product)
        if loading is None or (loading.done() and loading.exception() is not None):
            loading = self._prepared[call.product] = asyncio.ensure_future(self._process.prepare(call.product))
        await asyncio.wait(self._prepared.values(), timeout=IMPORTING)
        if not loading.done():
            raise Silent(call.product, call.action, "its SDK was not imported in time")
        try:
            loading.result()
        except BadCredentials:
            self._renew()
            raise

    def _renew(self) -> None:
        """Have the credentials read again, now and then: somebody may replace them."""
        if time.monotonic() - self._renewed >= RENEW_PERIOD:
            self._renewed = time.monotonic()
            self._process.renew()

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
