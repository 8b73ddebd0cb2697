"""Without cloud settings no part of an SDK is imported, and every view of Kubernetes works, in a fresh interpreter."""

import subprocess
import sys

import pytest

SDKS = (
    "alibabacloud_ess20140828",
    "alibabacloud_ecs20140526",
    "alibabacloud_cs20151215",
    "alibabacloud_credentials",
    "alibabacloud_tea_openapi",
    "darabonba",
    "Tea",
    "requests",
    "asyncio_throttle",
)


def run(program: str) -> list[str]:
    """What a fresh interpreter prints, and which SDKs it has loaded in the end."""
    end = f"\nimport sys; print([name for name in {SDKS!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program + end], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "modules",
    ["core.session", "core.feeds.cloud", "core.clients.alibaba, core.clients.alibaba.writer", "cli.groups", "tui.app"],
)
def test_importing_loads_no_sdk(modules: str) -> None:
    assert run(f"import {modules}") == ["[]"]


LIVING = """
import asyncio, contextlib
from pathlib import Path
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.feeds.cloud import CloudChoice, CloudFeed
from core.views import groups, nodes
from core.views.node_records import of_snapshot
from tests.unit.cloud.facts import member_node

async def main():
    store = Store()
    intake = Intake(store)
    store.upsert("Node", member_node("i-bp1a", labels={"goatscaler.io/managed": "true"}))
    feed = CloudFeed(CloudChoice(env={}, home=Path("/nowhere")), store, intake)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(feed.run(), 0.3)
    await feed.read_once()
    snapshot = store.snapshot(0.0)
    records = of_snapshot(snapshot)
    print(nodes.view(records, 0.0, 1).rows[0].id, [one.origin for one in records.values()])
    print(groups.view(groups.of_snapshot(snapshot, records).values(), 0.0, 1).rows)
    print(intake.states["ScalingGroup"].cause)

asyncio.run(main())
"""


def test_a_session_without_settings_loads_no_sdk_and_shows_its_nodes() -> None:
    name, rows, cause, loaded = run(LIVING)
    assert name == "cn-hangzhou.i-bp1a ['autoscaled']"
    assert rows == "()"
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in cause
    assert loaded == "[]"
