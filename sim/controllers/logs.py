"""What containers print: invented lines of a small web service, the same whenever they are asked for."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from sim.clock import SimClock

Obj = dict[str, Any]

_EVERY = 7  # seconds between lines
_KEPT = 2000  # lines
_PATHS = ("/healthz", "/api/orders", "/api/items", "/api/cart", "/metrics", "/api/users/me")


class Logs:
    """The log source of a server (`sim.kube.logs.LogSource`)."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    def lines(self, pod: Obj, container: str) -> list[tuple[str, str]]:
        """All kept lines up to now."""
        started = (pod.get("status") or {}).get("startTime")
        if not started:
            return []
        first, last = int(datetime.fromisoformat(started).timestamp()) // _EVERY + 1, int(self._clock.time()) // _EVERY
        return [_line(pod, container, tick) for tick in range(max(first, last - _KEPT), last + 1)]

    async def follow(self, pod: Obj, container: str) -> AsyncIterator[tuple[str, str]]:
        """New lines for ever."""
        tick = int(self._clock.time()) // _EVERY
        while True:
            tick += 1
            await self._clock.sleep(tick * _EVERY - self._clock.time())
            yield _line(pod, container, tick)


def _line(pod: Obj, container: str, tick: int) -> tuple[str, str]:
    seed = hashlib.blake2b(f"{pod['metadata']['uid']}{container}{tick}".encode(), digest_size=4).digest()
    at = datetime.fromtimestamp(tick * _EVERY + seed[0] / 256, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    code = 500 if seed[1] < 2 else 404 if seed[1] < 8 else 200
    path, taken = _PATHS[seed[2] % len(_PATHS)], 1 + seed[3] % 90
    return at, f"level={'error' if code == 500 else 'info'} method=GET path={path} status={code} duration={taken}ms"
