"""In the demo's own cluster, by the command: a restart really brings planted pods home from ECI, and the audit agrees
afterwards."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.wire.actions.ack import simulated, vacancy

pytestmark = pytest.mark.thorough

OWNERS = ("shop/recommend-train", "ml/embedding")
"""Planted: pods that went to ECI although ECS has room again."""


@pytest_asyncio.fixture
async def env(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    async with simulated(tmp_path, "--speed", "10") as found:
        yield found


async def on_eci(env: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the audit says, by owner."""
    code, out, err = await vacancy(env, "eci", "--no-cloud", "-o", "json")
    assert code == 0, err
    return {f"{one['namespace']}/{one['name']}": one for one in json.loads(out)["items"]}


async def test_pods_come_home(env: dict[str, str]) -> None:
    before = await on_eci(env)
    assert all(before[name]["verdict"] == "fits ECS now" for name in OWNERS)
    for name in OWNERS:
        code, _, err = await vacancy(env, "restart", "--no-cloud", "--write", "--yes", f"deployment/{name}")
        assert code == 0, err
        number = len(before[name]["pods"])
        assert f"{number} of {number} new pods are on ECS" in err
        assert f"{number} had been on ECI" in err
    after = await on_eci(env)
    assert not set(OWNERS) & after.keys()
    code, _, err = await vacancy(env, "restart", "--no-cloud", "--write", "--yes", "deployment/shop/recommend")
    assert code == 4
    assert "label alibabacloud.com/eci=true sends every new pod to ECI" in err
    assert "shop/recommend" in after
