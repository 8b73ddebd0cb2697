"""A view whose making fails says so and is tried again later; the session and all other views go on."""

import time
from collections.abc import Callable, Iterator

from core.errors import unexpected
from core.views.link import Failure, Update
from core.views.live import Moment, Producer
from core.views.table import ViewKey

REST = 10.0
"""Seconds until a view that failed is tried anew."""


class Guarded:
    """A producer whose mistakes cost its own view only. `again` is called to start the view anew."""

    def __init__(self, key: ViewKey, producer: Producer, again: Callable[[], None]) -> None:
        self._key, self._producer, self._again = key, producer, again
        self._rest_until: float | None = None

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        """What the producer makes; once what went wrong."""
        if self._rest_until is not None:
            if time.monotonic() >= self._rest_until:
                self._again()
            return
        try:
            yield from self._producer.produce(moment)
        except Exception as error:  # any mistake of ours: a person must see it, and lose nothing else
            self._rest_until = time.monotonic() + REST
            yield Failure(self._key, unexpected(error))
