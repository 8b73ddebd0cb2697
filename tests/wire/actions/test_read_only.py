"""Read-only: every command against a whole simulated ACK, without --write. Its request logs hold reads and access
reviews, and nothing else. That keys which act are absent is shown in test_screens."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cli.main import COMMANDS
from tests.wire.actions.ack import simulated, vacancy

pytestmark = pytest.mark.thorough

READS = ("Describe", "List", "Get")


@pytest_asyncio.fixture
async def env(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """A simulated ACK, and the environment that leads to it."""
    async with simulated(tmp_path, "--still") as found:
        yield found


async def asked(env: dict[str, str], path: str) -> list[dict[str, Any]]:
    """One of the simulator's request logs."""

    def get() -> list[dict[str, Any]]:
        with urllib.request.urlopen(env["VACANCY_SIM_CONTROL"] + path, timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    return await asyncio.to_thread(get)


async def nothing_but_reads(env: dict[str, str]) -> None:
    """Those of the program itself: the simulator's own parts don't come by these doors."""
    kube = [one for one in await asked(env, "/kube/requests") if one["agent"].startswith("vacancy/")]
    cloud = await asked(env, "/requests")
    assert len(kube) > 10
    assert len(cloud) > 10
    changes = [one for one in kube if one["method"] != "GET" and not one["path"].endswith("accessreviews")]
    assert changes == []
    assert [one["action"] for one in cloud if not one["action"].startswith(READS)] == []


def command_lines(node: str, folder: Path) -> list[list[str]]:
    """Each command at least once; the ones that would act in every form that doesn't arm them."""
    on_nodes, on_groups = (
        {"drain", "remove", "cordon", "uncordon", "protect", "untaint"},
        {"suspend": (), "expand": ("--by", "1")},
    )
    acting = {*on_nodes, *on_groups}
    lines = [[name, how, node] for name in sorted(on_nodes) for how in ("--dry-run", "--yes")]
    lines += [[name, how, "web", *more] for name, more in on_groups.items() for how in ("--dry-run", "--yes")]
    lines += [["record", str(folder / "dump.json")], ["what-if", "drain", node], ["journal"], ["completion", "bash"]]
    about = {
        "restart": "deploy/shop/cart",
        "mute": "deploy/shop/cart",
        "unmute": "deploy/shop/cart",
        "delete-pod": "a/b",
    }
    reason = {"mute": ["--reason", "none"]}
    lines += [[name, "--yes", *reason.get(name, []), word] for name, word in about.items()] + [["notify", "--yes"]]
    lines += [["restart", "--dry-run", "deploy/shop/cart"], ["notify", "--dry-run"]]
    rest = set(COMMANDS) - acting - about.keys() - {"notify", "record", "what-if", "journal", "completion", "sim"}
    return lines + [[name] for name in sorted(rest)]


async def test_no_command_writes(env: dict[str, str], tmp_path: Path) -> None:
    async def run(*words: str) -> tuple[int, str]:
        code, out, err = await vacancy(env, *words)
        assert "Traceback" not in err, err
        return code, out

    _, names = await run("nodes", "-o", "name")
    node = names.split()[0].removeprefix("node/")
    for words in command_lines(node, tmp_path):
        code, _ = await run(*words)
        if "--yes" in words:
            assert code == 4, words
    await nothing_but_reads(env)
