"""Polled usage: what comes, what goes, and what is too old to be shown."""

from datetime import UTC, datetime, timedelta

import pytest

from core.feeds.sink import Phase
from tests.wire.feeds.api import Api, Json, refusal
from tests.wire.feeds.conftest import Start

NODES = "/apis/metrics.k8s.io/v1beta1/nodes"


def usage(name: str, seconds_ago: float = 0) -> Json:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    amounts = {"cpu": "250m", "memory": "1Gi"}
    return {"metadata": {"name": name}, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "usage": amounts}


async def test_each_poll_replaces_the_last(api: Api, follow: Start) -> None:
    api.put("nodes", usage("n0"))
    api.put("nodes", usage("n1"))
    recorder = await follow("NodeMetrics")
    await recorder.until(lambda: set(recorder.held["NodeMetrics"]) == {"n0", "n1"})
    del api.objects["nodes"]["/n0"]
    await recorder.until(lambda: set(recorder.held["NodeMetrics"]) == {"n1"})
    assert recorder.held["NodeMetrics"]["n1"].usage["cpu"] == 250


async def test_a_measurement_much_older_than_the_others_is_unknown(api: Api, follow: Start) -> None:
    api.put("nodes", usage("n0"))
    api.put("nodes", usage("n1", seconds_ago=600))
    recorder = await follow("NodeMetrics")
    await recorder.until_phase("NodeMetrics", Phase.LIVE)
    assert set(recorder.held["NodeMetrics"]) == {"n0"}


async def test_measurements_that_stand_still_become_unknown(api: Api, follow: Start) -> None:
    api.put("nodes", usage("n0"))
    recorder = await follow("NodeMetrics", metrics_age=0.3)
    await recorder.until(lambda: recorder.held["NodeMetrics"])
    await recorder.until(lambda: not recorder.held["NodeMetrics"])


async def test_a_dead_metrics_server_is_said_at_once_and_its_last_words_are_dropped_in_time(
    api: Api, follow: Start
) -> None:
    api.put("nodes", usage("n0"))
    recorder = await follow("NodeMetrics", metrics_age=0.3)
    await recorder.until(lambda: recorder.held["NodeMetrics"])
    api.script(
        NODES, *[refusal(503, "ServiceUnavailable", "the server is currently unable to handle the request")] * 500
    )
    state = await recorder.until_phase("NodeMetrics", Phase.RECONNECTING)
    assert recorder.held["NodeMetrics"]
    assert "currently unable" in state.cause
    await recorder.until_phase("NodeMetrics", Phase.UNREACHABLE)
    assert not recorder.held["NodeMetrics"]
    api.answers.clear()
    api.put("nodes", usage("n0", seconds_ago=-5))
    await recorder.until_phase("NodeMetrics", Phase.LIVE)
    assert recorder.held["NodeMetrics"]


@pytest.mark.parametrize(("code", "phase"), [(404, Phase.ABSENT), (403, Phase.FORBIDDEN)])
async def test_no_metrics_at_all(api: Api, follow: Start, code: int, phase: Phase) -> None:
    api.script(NODES, refusal(code))
    recorder = await follow("NodeMetrics")
    await recorder.until_phase("NodeMetrics", phase)
    await recorder.until_phase("NodeMetrics", Phase.LIVE)
