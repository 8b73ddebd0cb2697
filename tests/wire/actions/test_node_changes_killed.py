"""kill -9 at every line of the journal of what changes only Node objects (cordon, uncordon, untaint): when it is
resumed, each change was sent once."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from core.actions import recovery
from core.actions.journal import Journal
from core.actions.journal_reading import UNFINISHED, entries
from core.actions.run import Run
from core.views.link import PlanAction
from tests.wire.actions.stage import Stage

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[3]
LINES = 5
"""begin, then for each of two nodes its intent and its result; the end is the sixth."""
LEFT_OVER = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}


async def killed(stage: Stage, action: str, line: int, moment: str) -> None:
    """A process that begins it on both nodes, and dies there."""
    asked = msgspec.json.encode(PlanAction("", action, ("a", "b"))).decode()
    words = ("-m", "tests.wire.actions.dying", str(stage.where.kubeconfig), asked, str(line), moment)
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=os.environ)
    assert await child.wait() == -signal.SIGKILL


def prepare(stage: Stage, action: str) -> None:
    for name in ("a", "b"):
        found = stage.node(name)
        spec = {**found["spec"], "unschedulable": action == "uncordon"}
        if is_taint(action):
            spec["taints"] = [LEFT_OVER]
        stage.sim.registry.update("Node", {**found, "spec": spec})


def is_taint(action: str) -> bool:
    return action == "untaint"


def is_so(stage: Stage, action: str, node: str) -> bool:
    if is_taint(action):
        keys = [one["key"] for one in stage.node(node)["spec"].get("taints") or ()]
        return LEFT_OVER["key"] not in keys
    return stage.cordoned(node) is (action == "cordon")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", range(1, LINES + 1))
@pytest.mark.parametrize("action", ["cordon", "uncordon", "untaint"])
async def test_resumed_wherever_it_died(stage: Stage, action: str, line: int, moment: str) -> None:
    await stage.nodes("a", "b")
    prepare(stage, action)
    await killed(stage, action, line, moment)
    if (line, moment) == (1, "before"):
        assert not any(entry.plan for entry in entries())
        assert not any(is_so(stage, action, node) for node in ("a", "b"))
        return
    entry = stage.last()
    assert entry.state == UNFINISHED
    assert entry.plan is not None
    assert stage.clients.writer is not None
    run = Run(entry.plan, Journal(entry.path), stage.clients.reader, stage.clients.writer)
    await recovery.resume(entry, run)
    run.journal.close()
    assert stage.last().state == "done", run.progress
    assert all(is_so(stage, action, node) for node in ("a", "b"))
    patches = [one.path for one in stage.sim.server.faults.log if one.method == "PATCH" and "/nodes/" in one.path]
    assert sorted(path.rpartition("/")[2] for path in patches) == ["a", "b"]
