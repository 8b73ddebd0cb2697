"""kill -9 at every line of a drain's journal: nothing is forgotten, and when it is resumed nothing runs twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from core.actions import recovery
from core.actions.journal import Journal
from core.actions.journal_reading import RUNNING, UNFINISHED, entries
from core.actions.run import Run
from core.errors import Refused
from tests.wire.actions.stage import Stage

ROOT = Path(__file__).parents[3]
LINES = 9
"""begin, cordon and its result, two evictions and their results, release and its result; the tenth is the end."""


async def killed(stage: Stage, node: str, line: int, moment: str) -> None:
    """A process that begins to drain the node, and dies there."""
    words = ("-m", "tests.wire.actions.dying", str(stage.where.kubeconfig), node, str(line), moment)
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=os.environ)
    assert await child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", range(1, LINES + 1))
async def test_resumed_wherever_it_died(stage: Stage, line: int, moment: str) -> None:
    await stage.nodes("a", "b")
    pods = await stage.app("web", 2, "a")
    await killed(stage, "a", line, moment)
    if (line, moment) == (1, "before"):
        assert not entries() or entries()[0].plan is None
        assert not stage.evictions()
        assert not stage.cordons("a")
        return
    entry = stage.last()
    assert entry.state == UNFINISHED
    assert len(entry.lines) == (line - 1 if moment == "before" else line)
    told = await recovery.compare(entry, stage.clients.reader)
    assert told[0].startswith("node a is")
    run = await stage.resume(entry)
    assert run.progress.outcome == "done", run.progress
    assert stage.last().state == "done"
    assert stage.evictions() == {pod["metadata"]["name"]: 1 for pod in pods}
    assert stage.cordons("a") == [True]
    assert stage.cordoned("a")
    assert not stage.claimed("a")
    assert stage.pods("a") == []


@pytest.mark.parametrize("line", [3, 5])
async def test_undone(stage: Stage, line: int) -> None:
    """The node is given back; pods that were evicted stay where they are."""
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    await killed(stage, "a", line, "after")
    assert stage.cordoned("a")
    entry = stage.last()
    assert entry.plan is not None
    assert stage.clients.writer is not None
    run = Run(entry.plan, Journal(entry.path), stage.clients.reader, stage.clients.writer)
    await recovery.undo(entry, run)
    run.journal.close()
    assert not stage.cordoned("a")
    assert not stage.claimed("a")
    assert stage.last().state == "undone"


async def test_what_runs_is_not_taken_for_unfinished(stage: Stage) -> None:
    await stage.nodes("a", "b")
    made = await stage.plan("a")
    run, _ = stage.start(made)
    await run.journal.begin(made)
    assert stage.last().state == RUNNING
    with pytest.raises(Refused, match="another process is running it"):
        Journal(run.journal.path)
    run.journal.close()
    assert stage.last().state == UNFINISHED
