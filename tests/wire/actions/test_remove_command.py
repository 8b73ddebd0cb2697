"""`vacancy remove` itself, in a process of its own, against a simulator in another: what it prints and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.wire.actions.ack import simulated, vacancy
from tests.wire.actions.test_read_only import asked

pytestmark = pytest.mark.thorough


async def test_the_command(tmp_path: Path) -> None:
    """A subscription machine is not released (4), a plan is JSON (0), an attached node goes (0), then there is none of
    that name (2)."""
    async with simulated(tmp_path, "--still", "--speed", "20") as env:
        env = {**env, "XDG_STATE_HOME": str(tmp_path / "state")}
        planted: Any = await asked(env, "/planted")
        origins = planted["origins"]
        paid, attached = origins["attached-auto"][0], origins["attached-manual"][1]
        code, _, err = await vacancy(env, "remove", "--write", "--yes", "--release", paid)
        assert (code, "never released" in err) == (4, True), err
        code, out, _ = await vacancy(env, "remove", "--dry-run", attached)
        assert code == 0
        assert json.loads(out)["details"]["removals"][0]["door"] == "attached"
        code, _, err = await vacancy(env, "remove", "--write", "--yes", "--force", "--delete-emptydir-data", attached)
        assert (code, "done: 1 node removed" in err) == (0, True), err
        code, _, err = await vacancy(env, "remove", "--write", "--yes", attached)
        assert (code, "there is none of that name" in err) == (2, True), err
        changed = [one["action"] for one in await asked(env, "/requests") if one["effect"]]
        assert changed == ["RunCommand"]
