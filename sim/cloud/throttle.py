"""Flow control: a token bucket a product for the whole account, in real time."""

import time
from dataclasses import dataclass, field

from sim.cloud.errors import CloudError


@dataclass(slots=True)
class Bucket:
    rate: float
    """Requests a second."""
    burst: float
    level: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.at = self.burst, time.monotonic()

    def take(self) -> float:
        """Take one; 0 when there was one, else the seconds until there will be."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


def throttled(retry_after: float | None = None, code: str = "Throttling.User") -> CloudError:
    """The refusal; `retry_after` seconds go out as `x-acs-retry-after` in milliseconds, which not every refusal has."""
    headers = {} if retry_after is None else {"x-acs-retry-after": str(max(1, round(retry_after * 1000)))}
    return CloudError(code, "Request was denied due to user flow control.", 400, headers)


class Throttle:
    """Limits by product; a product without one is never throttled."""

    def __init__(self, limits: dict[str, tuple[float, float]]) -> None:
        self.tell_when = True
        """Whether refusals carry the retry header."""
        self._buckets = {product: Bucket(rate, burst) for product, (rate, burst) in limits.items()}

    def limit(self, product: str, rate: float, burst: float) -> None:
        self._buckets[product] = Bucket(rate, burst)

    def check(self, product: str) -> None:
        bucket = self._buckets.get(product)
        wait = bucket.take() if bucket else 0.0
        if wait:
            raise throttled(wait if self.tell_when else None)
