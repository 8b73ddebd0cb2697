"""One kind read once, for commands that print and end. Following it is in kind."""

import asyncio

from core.clients.kubernetes import ApiError
from core.errors import VacancyError
from core.feeds.kubernetes.listing import Listing, in_widest_scope
from core.feeds.metrics import MetricsFeed
from core.feeds.patience import Backoff
from core.feeds.status import Status
from core.feeds.surroundings import Surroundings
from core.kube.kinds import Kind

ATTEMPTS = 4
"""Requests for one page, as long as the server says that it is only busy."""
LONGEST_WAIT = 30.0
"""Seconds that a command waits at a server's wish."""


async def read_kind_once(kind: Kind, around: Surroundings) -> None:
    """List the kind into the sink. Raises the error of a needed kind; any other's becomes its state."""
    if not kind.watched:
        await MetricsFeed(kind, around).poll()
        return
    status = Status(kind, around.sink, around.clock)
    problems: list[str] = []
    listing = Listing(around.reader, around.sink, kind, Persistence(), status.listing, problems)

    async def read(namespace: str | None) -> None:
        status.namespace = namespace
        await listing.read(namespace)

    try:
        await in_widest_scope(kind, around.reader.place.namespace, read)
    except VacancyError as error:
        status.failed(error)
        if kind.needed:
            raise
    else:
        status.live("", problems)


class Persistence:
    """Waits for a busy server a few times, and gives up at once on any other error."""

    def __init__(self) -> None:
        self._backoff = Backoff()

    async def __call__(self, error: VacancyError) -> None:
        busy = isinstance(error, ApiError) and (error.status == 429 or error.status >= 500)
        if not busy or self._backoff.failures >= ATTEMPTS - 1:
            raise error
        wish = error.retry_after if isinstance(error, ApiError) else None
        await asyncio.sleep(min(LONGEST_WAIT, self._backoff.next(wish)))
