"""Trouble on request: wrong answers, delays, cut connections and silent watches, and the log of what was asked.

Times here are real seconds: a client under test waits in real time.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from sim.kube.errors import ApiError
from sim.kube.request import RequestInfo

_REASONS = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", "forbidden"),
    404: ("NotFound", "the server could not find the requested resource"),
    409: ("Conflict", "the server reported a conflict"),
    410: ("Expired", "too old resource version"),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: injected"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
}


@dataclass(slots=True)
class Fault:
    """What happens to matching requests. `path` is a regular expression searched in path?query.

    Applies to `times` requests (None: until removed) after the first `skip`. Only what is set happens: wait `delay`;
    answer `status` (with `retry_after`, or with `body` of `content_type` in place of a Status); cut the connection
    after `reset_after` bytes of the answer's body; let a watch fall `silent`; send an ERROR event of that code first.
    """

    path: str = ""
    verb: str = ""
    user: str = ""
    times: int | None = 1
    skip: int = 0
    delay: float = 0.0
    status: int = 0
    retry_after: int = 0
    message: str = ""
    body: bytes | None = None
    content_type: str = "application/json"
    reset_after: int | None = None
    silent: bool = False
    error_event: int = 0
    hits: int = 0

    def error(self, code: int) -> ApiError:
        """The Status of that code, worded as the API server words it."""
        reason, message = _REASONS.get(code, ("", f"injected {code}"))
        return ApiError(code, reason, self.message or message, retry_after=self.retry_after)

    def matches(self, info: RequestInfo, user: str) -> bool:
        asked = f"{info.path}?{'&'.join(f'{key}={value}' for key, value in info.query.items())}"
        return (
            (not self.verb or self.verb == info.verb)
            and (not self.user or self.user == user)
            and bool(re.search(self.path, asked))
        )


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as it came in; `user` is empty where the token was refused."""

    at: str
    method: str
    path: str
    query: dict[str, str]
    verb: str
    user: str
    agent: str
    body: bytes = b""


@dataclass(slots=True)
class Faults:
    """The faults of one server and the log of its requests (the newest `log.maxlen`)."""

    active: list[Fault] = field(default_factory=list)
    log: deque[Logged] = field(default_factory=lambda: deque(maxlen=20_000))

    def add(self, fault: Fault) -> Fault:
        self.active.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        self.active = [other for other in self.active if other is not fault]

    def clear(self) -> None:
        """End all faults; the log stays."""
        self.active = []

    def take(self, info: RequestInfo, user: str) -> Fault | None:
        """The first fault for this request, counted as used."""
        for fault in self.active:
            if not fault.matches(info, user):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is None or fault.hits < fault.times:
                fault.hits += 1
                return fault
        return None

    def asked(self, verb: str = "", path: str = "") -> Iterator[Logged]:
        """The logged requests of that verb whose path matches the regular expression."""
        return (entry for entry in self.log if (not verb or entry.verb == verb) and re.search(path, entry.path))
