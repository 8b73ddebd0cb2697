"""The audits on the demo: they find exactly what the scenario hides for them."""

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sim.world.world import Options, build
from tests.wire.cloud_feeds.test_demo import Demo, start


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    process, running = await start(tmp_path)
    yield running
    process.send_signal(signal.SIGTERM)
    await process.wait()


async def test_the_checks_find_exactly_the_planted_cases(demo: Demo) -> None:
    code, out, _ = await demo.run("checks", "-o", "json", "--exit-code")
    found = {
        (one["check"], one["kind"], f"{one['namespace']}/{one['name']}", one["remedy"])
        for one in json.loads(out)["items"]
    }
    planted = {(one.check, one.kind, one.object, one.remedy) for one in build(Options()).planted.cases}
    assert (code, len(planted)) == (5, 25)
    assert found == planted


async def test_the_eci_audit_knows_the_demos_pods(demo: Demo) -> None:
    _, out, _ = await demo.run("eci", "-o", "json")
    found = {f"{one['namespace']}/{one['name']}": one for one in json.loads(out)["items"]}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "shop/recommend": "fits ECS now",
        "serverless/preview-env": "fits ECS now",
        "shop/recommend-train": "fits ECS now",
        "pay/fraud-model": "fits ECS now",
        "test/load-gen": "overdue",
        "data/adhoc-export": "fits ECS now",
        "serverless/acs-worker": "not ECI",
        "ml/embedding": "fits ECS now",
        "jobs/etl-nightly": "job, leave it",
        "shop/recommend-canary": "fine",
        "jobs/hourly-sync": "job, leave it",
    }
    assert found["pay/fraud-model"]["costs"]["perDay"] == 13.568256  # 2 x (2 x 0.000027 + 4 x 0.00000613) x 86,400
    assert found["test/load-gen"]["costs"]["unknownPods"] == 1
