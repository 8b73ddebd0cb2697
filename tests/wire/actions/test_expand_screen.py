"""From key to journal for groups: a number is asked for, then the plan, then it is followed; without arms there is
no key."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.widgets import Input

from core.actions.expand import expand
from core.session import Session
from core.views import action
from tests.wire.actions.fleet import Fleet, last
from tests.wire.actions.growing import ESS, group, size
from tests.wire.actions.test_screens import Screens
from tui.app import VacancyApp
from tui.screens.action import ActionScreen
from tui.screens.expand import sized

BREATH = 0.05
"""Seconds for the program to do what a key means."""


class Patient(Screens):
    """A pilot waits until all is idle, which a cloud whose clock runs fast never is."""

    async def until(self, done: Callable[[], object], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - the screen has nothing to wait for
                await asyncio.sleep(BREATH)

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.app.simulate_key(key)
            await asyncio.sleep(BREATH)

    def asks(self) -> bool:
        """Whether what is typed goes into the prompt."""
        return isinstance(self.app.focused, Input)

    @property
    def sentences(self) -> str:
        return super().sentences if self.app.screen.query(".-sentences") else ""

    async def point_at(self, row: str) -> None:
        await self.until(lambda: row in self.table.model.position)
        self.table.move_to(row)
        await asyncio.sleep(BREATH)


@asynccontextmanager
async def screens(fleet: Fleet, armed: bool = True) -> AsyncIterator[Patient]:
    """On the Groups screen."""

    async def open_link() -> Session:
        return Session(replace(fleet.where(), write=armed))

    app = VacancyApp(open_link)
    async with app.run_test(size=(140, 40)) as pilot:
        shown = Patient(app, pilot)
        await shown.until(lambda: app.status is not None and app.status.nodes)
        await app.switch_mode("groups")
        yield shown


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LOOK", 0.1)


async def test_an_expansion_from_key_to_journal(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    async with screens(fleet) as shown:
        await shown.point_at(made.group_id)
        await shown.press("e")
        await shown.until(shown.asks)
        assert "Nothing is asked for yet" in shown.sentences
        await shown.press("0", "enter")
        await shown.until(lambda: "That is no number" in shown.sentences)
        await shown.press("backspace", "2", "enter")
        await shown.until(lambda: shown.phase() == action.ASKS and shown.asks())
        assert "from 2 to 4: 2 more" in shown.sentences
        assert shown.app.screen.query_one(Input).placeholder == "type 2 to confirm"
        assert not fleet.changes()
        await shown.press("2", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert "done: 2 of 2 nodes are Ready" in shown.sentences
        await shown.press("escape")
        await shown.until(lambda: not isinstance(shown.app.screen, ActionScreen))
    assert size(fleet, made) == 4
    assert last().state == "done"


async def test_left_before_a_number_nothing_was_asked(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    async with screens(fleet) as shown:
        await shown.point_at(made.group_id)
        await shown.press("e")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))
        await shown.press("escape")
        await shown.until(lambda: not isinstance(shown.app.screen, ActionScreen))
        await shown.press("e")
        await shown.until(shown.asks)
        assert "Nothing is asked for yet" in shown.sentences
        await shown.press("=", "9", "9", "enter")
        await shown.until(lambda: shown.phase() == action.REFUSED)
        assert "AtMaximum" in shown.sentences
        await shown.press("escape")
    assert not fleet.changes()


async def test_suspend_and_resume_by_key(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    async with screens(fleet) as shown:
        await shown.point_at(made.group_id)
        for key, suspended in (("s", {"ScaleIn", "ScaleOut"}), ("u", set())):
            await shown.press(key)
            await shown.until(lambda: shown.phase() == action.ASKS and shown.asks())
            await shown.press(*"yes", "enter")
            await shown.until(lambda: shown.phase() == action.ENDED)
            assert fleet.cloud.groups[made.group_id].suspended == suspended
            await shown.press("escape")
            await shown.until(lambda: not isinstance(shown.app.screen, ActionScreen))


async def test_protect_by_key(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    async with screens(fleet) as shown:
        await shown.until(lambda: made.group_id in shown.table.model.position)  # the groups are known
        await shown.app.switch_mode("nodes")
        await shown.point_at(made.nodes[0])
        await shown.press("t")
        await shown.until(lambda: shown.phase() == action.ASKS and shown.asks())
        await shown.press(*"yes", "enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert fleet.cloud.members[fleet.id_of(made.nodes[0])].state == "Protected"


async def test_without_write_the_keys_are_not_there(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    async with screens(fleet, armed=False) as shown:
        await shown.point_at(made.group_id)
        assert not {"e", "s", "u", "t", "y", "x"} & shown.app.screen.active_bindings.keys()
        await shown.press("e", "s", "u", "t", "y", "x")
        assert not isinstance(shown.app.screen, ActionScreen)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2", {"by": 2}), (" +3 ", {"by": 3}), ("=8", {"to": 8}), ("=0", {"to": 0}), ("500", {"by": 500})],
)
def test_numbers(text: str, meant: dict[str, int]) -> None:
    assert sized(text) == meant


@pytest.mark.parametrize("text", ["", "0", "-1", "two", "=+2", "2.5", "٣", "99999"])
def test_no_numbers(text: str) -> None:
    assert sized(text) is None
