"""What a crash left in the middle, on the screens: told at start, compared with what is there, put in order by a key;
no key at all for who is not armed."""

import asyncio
import sys

from textual.widgets import Input

from core.views import action
from sim.kube.faults import Fault
from tests.wire.actions.stage import Stage
from tests.wire.actions.test_killed import ROOT, killed
from tests.wire.actions.test_screens import Screens, screens

AFTER_THE_CORDON = 3


async def left(stage: Stage) -> str:
    """A drain whose process died when the node was cordoned; its id."""
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    await killed(stage, "a", AFTER_THE_CORDON, "after")
    assert stage.cordoned("a")
    return stage.last().id


async def to_the_journal(shown: Screens, name: str) -> None:
    await shown.until(lambda: shown.app.status is not None and shown.app.status.unfinished)
    await shown.press("8")
    await shown.until(lambda: name in shown.journal())
    await shown.point_at(name)


def leads_to(shown: Screens, name: str) -> str:
    opens = shown.table.model.rows[name].opens
    return opens.kind if opens is not None else ""


async def test_told_at_start_and_resumed(stage: Stage) -> None:
    name = await left(stage)
    async with screens(stage) as shown:
        await to_the_journal(shown, name)
        assert shown.app.status is not None
        assert "1 unfinished action: 8 (Journal)" in shown.app.status.notice
        assert {"r", "u", "x"} <= shown.app.screen.active_bindings.keys()
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        assert "now: node a is cordoned by this action; 2 of its 2 pods are still there" in shown.sentences
        assert shown.app.screen.query_one(Input).placeholder == "type yes to resume it"
        await shown.press(*"no", "enter")
        await shown.until(lambda: "that was not it" in shown.sentences)
        assert not stage.evictions()
        await shown.press(*"yes", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED, 40)
        assert shown.sentences.startswith("done")
        await shown.press("escape")
        await shown.until(lambda: not {"r", "u", "x"} & shown.app.screen.active_bindings.keys())
        await shown.until(lambda: shown.app.status is not None and not shown.app.status.unfinished)
    assert stage.pods("a") == []
    assert set(stage.evictions().values()) == {1}
    assert stage.last().state == "done"


async def test_a_resumed_run_is_left_and_found_again(stage: Stage) -> None:
    name = await left(stage)
    stage.sim.server.faults.add(Fault(path=r"/eviction\?(?!.*dryRun)", status=429, times=None))
    async with screens(stage) as shown:
        await to_the_journal(shown, name)
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press(*"yes", "enter")
        await shown.until(lambda: "Too many requests" in shown.sentences)
        await shown.press("escape")
        await shown.until(lambda: name in shown.journal() and leads_to(shown, name) == action.KIND)
        await shown.press("enter")
        await shown.until(lambda: shown.phase() == action.RUNNING)
        await shown.press("ctrl+x")
        await shown.until(lambda: shown.phase() == action.ENDED)
    assert stage.last().state == "cancelled"


async def test_the_command_with_options_before_the_id(stage: Stage) -> None:
    name = await left(stage)
    words = ("-m", "cli", "journal", "undo", "--write", "--no-cloud", "--kubeconfig", str(stage.where.kubeconfig), name)
    process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT)
    assert await process.wait() == 0
    assert not stage.cordoned("a")
    assert stage.last().state == "undone"


async def test_undone_from_its_record(stage: Stage) -> None:
    name = await left(stage)
    async with screens(stage) as shown:
        await to_the_journal(shown, name)
        await shown.press("enter")
        await shown.until(lambda: "u" in shown.app.screen.active_bindings and shown.app.screen.query(".-object"))
        await shown.press("u")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press(*"yes", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert shown.sentences.startswith("undone")
    assert not stage.cordoned("a")
    assert not stage.claimed("a")
    assert stage.last().state == "undone"


async def test_closed(stage: Stage) -> None:
    name = await left(stage)
    async with screens(stage) as shown:
        await to_the_journal(shown, name)
        await shown.press("x")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press(*"yes", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
    assert stage.cordoned("a")
    assert not stage.claimed("a")
    assert stage.last().state == "closed"


async def test_left_without_an_answer_nothing_happens(stage: Stage) -> None:
    name = await left(stage)
    async with screens(stage) as shown:
        await to_the_journal(shown, name)
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press("escape")
        await shown.pilot.pause(0.3)
    assert stage.last().state == "unfinished"
    assert not stage.evictions()


async def test_without_write_it_is_told_and_there_are_no_keys(stage: Stage) -> None:
    name = await left(stage)
    async with screens(stage, armed=False) as shown:
        await to_the_journal(shown, name)
        assert not {"r", "u", "x"} & shown.app.screen.active_bindings.keys()
        await shown.press("r", "u", "x")
        assert shown.phase() == ""
    assert stage.last().state == "unfinished"
