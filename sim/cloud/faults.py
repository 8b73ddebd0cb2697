"""Faults that tests order: which requests they hit, how often, and what happens to them. Applied by the server."""

import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = {
    "html": "an HTML page with status 502",
    "empty": "status 500 without a body",
    "reset": "half of the true answer, then the connection is reset",
    "silence": "nothing for `seconds`, then the connection is closed",
    "slow": "the true answer after `seconds`",
    "shape": "status 200 and a body of the wrong shape (`body`, or the other version's)",
    "garbage": "status 200 and a body that is no JSON",
    "throttle": "refused by flow control; `seconds` makes the retry header, 0 leaves it out",
    "error": "refused with `code`, `message` and `status`",
    "done-silence": "the action takes effect, then nothing for `seconds`",
    "done-reset": "the action takes effect, then the connection is reset",
    "done-error": "the action takes effect, then `code` with `status`",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`product` and `action` are patterns; the fault skips `after` matching requests and then hits `times` of them."""

    kind: str
    product: str = "*"
    action: str = "*"
    times: int | None = 1
    """None: until it is taken away."""
    after: int = 0
    seconds: float = 40.0
    code: str = "InternalError"
    message: str = "The request processing has failed due to some unknown error."
    status: int = 500
    body: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: use one of {', '.join(KINDS)}")

    @property
    def executes(self) -> bool:
        """Whether the action is carried out all the same."""
        return self.kind.startswith("done-") or self.kind in ("reset", "slow", "shape", "garbage")


@dataclass(slots=True)
class _Order:
    fault: Fault
    seen: int = 0

    def hits(self, product: str, action: str) -> bool:
        if not (fnmatchcase(product, self.fault.product) and fnmatchcase(action, self.fault.action)):
            return False
        self.seen += 1
        return self.seen > self.fault.after

    def spent(self) -> bool:
        return self.fault.times is not None and self.seen >= self.fault.after + self.fault.times


@dataclass(slots=True)
class Faults:
    """The faults in force, by number, in the order in which they were given."""

    _orders: dict[int, _Order] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault) -> int:
        """Put a fault in force; the number takes it away again."""
        number = next(self._numbers)
        self._orders[number] = _Order(fault)
        return number

    def remove(self, number: int) -> None:
        self._orders.pop(number, None)

    def clear(self) -> None:
        self._orders.clear()

    def pick(self, product: str, action: str) -> Fault | None:
        """The first fault that hits this request."""
        for number, order in list(self._orders.items()):
            if order.hits(product, action):
                if order.spent():
                    self.remove(number)
                return order.fault
        return None
