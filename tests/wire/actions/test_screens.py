"""From key to journal: a plan that is read and typed to confirm, a run that is left and found again, and no key at all
for who is not armed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Input, Static

from core.session import Session
from core.views import action
from sim.kube.faults import Fault
from tests.wire.actions.stage import Stage
from tests.wire.kube import objects
from tui.app import VacancyApp
from tui.screens.action import ActionScreen
from tui.screens.journal import JournalScreen
from tui.widgets.fleet_table import FleetTable


class Screens:
    """The app on the stage's cluster."""

    def __init__(self, app: VacancyApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, done: Callable[[], object], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def table(self) -> FleetTable:
        return self.app.screen.query_one(FleetTable)

    def journal(self) -> list[str]:
        """The rows of the Journal screen, once it shows."""
        screen = self.app.screen
        return self.table.model.order if isinstance(screen, JournalScreen) and screen.query(FleetTable) else []

    @property
    def sentences(self) -> str:
        return str(self.app.screen.query_one(".-sentences", Static).render())

    def phase(self) -> str:
        screen = self.app.screen
        return screen.shown.phase if isinstance(screen, ActionScreen) and screen.shown is not None else ""

    async def point_at(self, row: str) -> None:
        await self.until(lambda: row in self.table.model.position)
        self.table.move_to(row)
        await self.pilot.pause()


@asynccontextmanager
async def screens(stage: Stage, armed: bool = True) -> AsyncIterator[Screens]:
    async def open_link() -> Session:
        return Session(replace(stage.where, write=armed))

    app = VacancyApp(open_link)
    async with app.run_test(size=(140, 40)) as pilot:
        made = Screens(app, pilot)
        await made.until(lambda: app.status is not None and app.status.nodes)
        yield made


async def test_a_drain_from_key_to_journal(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 3, "a")
    async with screens(stage) as shown:
        await shown.point_at("a")
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        assert "3 pods leave: 3 land on 1 node" in shown.sentences
        assert len(shown.table.model.order) == 3
        assert shown.app.screen.query_one(Input).placeholder == "type 3 to confirm"
        await shown.press("4", "enter")
        await shown.until(lambda: "that was not it" in shown.sentences)
        assert not stage.cordons("a")
        await shown.press("3", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert "done: 1 of 1 nodes drained" in shown.sentences
        assert stage.pods("a") == []
        await shown.press("escape")
        shown.app.switch_mode("journal")
        await shown.until(shown.journal)
        assert stage.last().id in shown.journal()
        assert stage.last().state == "done"


async def test_a_plan_that_is_left_does_nothing(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    async with screens(stage) as shown:
        await shown.point_at("a")
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press("escape")
        await shown.pilot.pause(0.3)
    assert not stage.cordons("a")
    assert not stage.evictions()


async def test_a_run_is_left_found_again_and_stopped(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    stage.sim.server.faults.add(Fault(path=r"/eviction\?(?!.*dryRun)", status=429, times=None))
    async with screens(stage) as shown:
        await shown.point_at("a")
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        await shown.press("2", "enter")
        await shown.until(lambda: "Too many requests" in shown.sentences)
        await shown.press("escape")
        shown.app.switch_mode("journal")
        await shown.until(shown.journal)
        row = shown.table.model.rows[stage.last().id]
        assert row.opens is not None
        assert row.opens.kind == action.KIND
        await shown.press("enter")
        await shown.until(lambda: shown.phase() == action.RUNNING)
        await shown.press("ctrl+x")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert "cancelled" in shown.sentences
    assert stage.last().state == "cancelled"
    assert stage.cordoned("a")


async def test_what_would_be_lost_is_planned_only_when_somebody_wants_it(stage: Stage) -> None:
    """A bare pod refuses the drain; one key plans it all the same, and then the node's name has to be typed."""
    await stage.nodes("a", "b")
    alone = objects.pod("alone")
    alone["spec"]["nodeName"] = "a"
    stage.sim.registry.create("Pod", {**alone, "metadata": {"name": "alone", "namespace": "default"}})
    await stage.until(lambda: stage.sim.registry.get("Pod", "alone", "default")["status"].get("phase") == "Running")
    async with screens(stage) as shown:
        await shown.point_at("a")
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.REFUSED)
        assert "no controller would start it anew" in shown.sentences
        await shown.press("o")
        await shown.until(lambda: shown.phase() == action.ASKS)
        assert "gone for good" in shown.sentences
        await shown.press("a", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert "done: 1 of 1 nodes drained" in shown.sentences
    assert stage.sim.registry.find("Pod", "alone", "default") is None


async def test_cordon_and_uncordon_what_is_marked(stage: Stage) -> None:
    await stage.nodes("a", "b", "c")
    async with screens(stage) as shown:
        for name in ("a", "b"):
            await shown.point_at(name)
            await shown.press("space")
        for key, cordoned in (("c", True), ("u", False)):
            await shown.press(key)
            await shown.until(lambda: shown.phase() == action.ASKS)
            await shown.press(*"yes", "enter")
            await shown.until(lambda: shown.phase() == action.ENDED)
            assert [stage.cordoned(name) for name in ("a", "b", "c")] == [cordoned, cordoned, False]
            await shown.press("escape")


async def test_without_write_the_keys_are_not_there(stage: Stage) -> None:
    await stage.nodes("a", "b")
    async with screens(stage, armed=False) as shown:
        await shown.point_at("a")
        keys = shown.app.screen.active_bindings
        assert not {"r", "c", "u"} & keys.keys()
        await shown.press("r", "c", "u")
        assert not isinstance(shown.app.screen, ActionScreen)
    asked = {one.method for one in stage.sim.server.faults.log}
    assert asked == {"GET"}
