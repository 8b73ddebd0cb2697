"""The request log that tests read: what was asked, by whom, how it ended and whether it changed anything."""

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    number: int
    at: float
    """Real Unix seconds."""
    product: str
    version: str
    action: str
    params: Mapping[str, Any]
    """Business parameters; for CS the query, the path parameters and the JSON body."""
    principal: str
    request_id: str
    status: int
    """HTTP status; 0 when no answer left the server."""
    code: str
    """Error code, "" for success."""
    effect: bool
    """Whether the state of the cloud changed."""
    replay: bool
    """Whether the answer came from an earlier call with the same ClientToken."""
    fault: str
    """The injected fault that hit it, or ""."""


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self, limit: int = 50_000) -> None:
        self._records: deque[Record] = deque(maxlen=limit)
        self._numbers = itertools.count(1)

    def add(self, **fields: Any) -> Record:
        record = Record(number=next(self._numbers), **fields)
        self._records.append(record)
        return record

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def of(self, action: str) -> list[Record]:
        return [record for record in self if record.action == action]

    def effects(self) -> list[Record]:
        """Only the requests that changed something."""
        return [record for record in self if record.effect]

    def clear(self) -> None:
        self._records.clear()
