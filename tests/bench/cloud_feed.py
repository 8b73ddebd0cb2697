"""How long the event loop is kept waiting while the cloud feed reads 100 groups and 2,000 machines, the SDKs' start
included, beside the same loop without it. Ratios count, not milliseconds: machines differ.

    python -m tests.bench.cloud_feed
"""

import asyncio
import contextlib
import gc
import sys
import time
from itertools import pairwise

from cli.screen import SWITCH_INTERVAL
from core.feeds.cloud_around import CloudTiming
from tests.bench.cold_start import line, percentile, probe
from tests.wire.cloud_feeds.following import Following
from tests.wire.cloud_feeds.large import Large, serving

P99, P999 = 0.015, 0.050
"""Seconds that the loop may be late, as under the load of a busy watch."""
RATIO = 10.0
"""How much longer than without the feed the longest wait may be, where it is above P999."""
IDLE = 30.0


async def measure(seconds: float) -> list[float]:
    """How late the loop comes by itself."""
    lags: list[float] = []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(probe(lags), seconds)
    return lags


async def follow(large: Large) -> tuple[list[float], list[float]]:
    """How late the loop comes while everything is read, and when calls were sent."""
    lags: list[float] = []
    nodes = large.nodes()
    gc.freeze()  # as after the first load from the API server
    beating = asyncio.create_task(probe(lags))
    async with Following(large.env, nodes, CloudTiming()) as it:
        await it.until(lambda: len(it.store.table("ScalingInstance")) == 2000, 120)
        await asyncio.sleep(5)
        assert it.feed.reader is not None
        sent = list(it.feed.reader.connection.sent)
    beating.cancel()
    return lags, sent


async def run() -> bool:
    """Print the figures; whether the bars hold."""
    idle = await measure(IDLE)
    started = time.perf_counter()
    async with serving() as large:
        lags, sent = await follow(large)
    rates = [5 / (after - before) for before, after in pairwise(sent[::5])]
    line("cloud feed", f"{len(sent)} calls in {time.perf_counter() - started:.0f} s, at most {max(rates):.1f} a second")
    line("loop late", f"{_figures(lags)} (bars: p99 {P99 * 1000:.0f}, p99.9 {P999 * 1000:.0f})")
    line("  without the feed", _figures(idle))
    longest = max(lags) <= max(P999, RATIO * max(idle))
    return percentile(lags, 0.99) <= P99 and percentile(lags, 0.999) <= P999 and longest


def _figures(lags: list[float]) -> str:
    shares = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    named = [f"{name} {1000 * percentile(lags, share):.1f}" for name, share in shares]
    return f"{', '.join(named)}, longest {1000 * max(lags):.1f} ms"


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_INTERVAL)
    sys.exit(0 if asyncio.run(run()) else 1)
