"""A dump of a live cluster holds its scaling groups: what is decided from it is what is decided live."""

import json
from pathlib import Path

from tests.wire.actions.ack import simulated, vacancy


async def test_verdicts_from_a_dump_are_those_of_the_cluster(tmp_path: Path) -> None:
    dump = str(tmp_path / "dump.json.gz")
    async with simulated(tmp_path, "--still") as env:
        code, told, _ = await vacancy(env, "record", dump)
        assert (code, "7 NodeGroup" in told) == (0, True)
        live = await verdicts(env)
        assert len(live) > 20
        assert await verdicts(env, "--from", dump) == live
        code, _, errors = await vacancy(env, "record", "--no-cloud", dump)
        assert "NodeGroup is not in the dump" in errors


async def verdicts(env: dict[str, str], *words: str) -> dict[str, tuple[str, str, str]]:
    """Node -> its group, verdict and reason."""
    _, out, _ = await vacancy(env, "scale-in", "-o", "json", *words)
    return {one["node"]: (one["group"], one["verdict"], one["reason"]) for one in json.loads(out)["nodes"]}
