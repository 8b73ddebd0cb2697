"""100 groups and 2,000 machines: the feed stays within five calls a second. What it costs the event loop is a bench
(tests/bench/cloud_feed)."""

from collections import Counter

import pytest

from core.feeds.cloud_around import CloudTiming
from tests.wire.cloud_feeds.following import Following
from tests.wire.cloud_feeds.large import serving

pytestmark = pytest.mark.thorough

ALLOWED = 5
"""Calls in any second (facts: what ESS bears for a whole account)."""


async def test_a_large_account_is_read_within_its_limits() -> None:
    async with serving() as large:
        async with Following(large.env, large.nodes(), CloudTiming()) as it:
            await it.until(lambda: len(it.store.table("Group")) == 100, 30)
            await it.until(lambda: len(it.store.table("ScalingInstance")) == 2000, 90)
            groups = it.store.table("Group").values()
            await it.until(lambda: all(len(group.nodes) == 20 for group in groups), 10)
            assert it.feed.reader is not None
            sent = list(it.feed.reader.connection.sent)
        requests = await large.end()
    arrived = [at for at, _, _ in requests]
    assert busiest(sent, 1.0) <= ALLOWED, Counter(action for _, action, _ in requests)
    assert busiest(arrived, 5.0) <= 5 * ALLOWED, "the server itself is too slow to tell single seconds"
    assert all(status == 200 for _, _, status in requests)


def busiest(moments: list[float], seconds: float) -> int:
    """The most moments in any span of so many seconds."""
    return max(sum(1 for other in moments if at <= other < at + seconds) for at in moments)
