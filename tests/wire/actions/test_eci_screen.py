"""The keys of the ECI screen: from the key to the pods that came home, a mute with its reason, and no key at all for
who is not armed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from textual.widgets import Input

from core.actions.eci import restart
from core.views import action
from tests.wire.actions.elastic import VIRTUAL, Elastic
from tests.wire.actions.test_screens import Screens, screens
from tui.screens.eci import EciOwnerScreen, EciScreen
from tui.screens.mute import MuteScreen

pytestmark = pytest.mark.thorough

WEB = "Deployment default/web"
KEYS = ("r", "d", "m", "u", "n")


@pytest_asyncio.fixture
async def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Elastic]:
    monkeypatch.setattr(restart, "LOOK", 0.1)
    made = await Elastic.open(home)
    await made.away("web", 2)
    yield made
    await made.close()


async def on_eci(shown: Screens) -> None:
    await shown.press("5")
    await shown.until(lambda: isinstance(shown.app.screen, EciScreen))
    await shown.point_at(WEB)


async def confirm(shown: Screens) -> str:
    """Type what the plan asks for; how it ended."""
    await shown.until(lambda: shown.phase() == action.ASKS)
    screen = shown.app.screen
    expected = screen.shown.expects  # type: ignore[attr-defined]
    await shown.press(*expected, "enter")
    await shown.until(lambda: shown.phase() == action.ENDED, 30)
    return shown.sentences


async def test_home_by_key(stage: Elastic) -> None:
    async with screens(stage) as shown:
        await on_eci(shown)
        await shown.press("r")
        await shown.until(lambda: shown.phase() == action.ASKS)
        assert "ECS has room for 2 of 2 new pods" in shown.sentences
        assert "2 of 2 new pods are on ECS" in await confirm(shown)
        await shown.press("escape")
        await shown.until(lambda: isinstance(shown.app.screen, EciScreen))
        await shown.until(lambda: WEB not in shown.table.model.position)
    assert len(stage.home("web")) == 2


async def test_muted_by_key_with_its_reason(stage: Elastic) -> None:
    async with screens(stage) as shown:
        await on_eci(shown)
        await shown.press("m")
        await shown.until(lambda: isinstance(shown.app.screen, MuteScreen))
        await shown.press("enter")
        assert isinstance(shown.app.screen, MuteScreen), "a reason is needed"
        await shown.press(*"known", "enter")
        assert shown.app.screen.query_one(".-until", Input).has_focus
        await shown.press("enter")
        assert "is muted" in await confirm(shown)
        await shown.press("escape")
        await shown.until(lambda: ": known" in verdict(shown))
        await shown.press("u")
        assert "not muted any more" in await confirm(shown)
        await shown.press("escape")
        await shown.until(lambda: (told := verdict(shown)) and "muted" not in told)


def verdict(shown: Screens) -> str:
    """What the owner's row says, as long as it shows."""
    row = shown.table.model.rows.get(WEB) if isinstance(shown.app.screen, EciScreen) else None
    return " ".join(cell.text for cell in row.cells) if row is not None else ""


async def test_one_pod_from_its_owners_screen(stage: Elastic) -> None:
    pods = {f"default/{pod['metadata']['name']}" for pod in stage.pods(VIRTUAL, "web")}
    async with screens(stage) as shown:
        await on_eci(shown)
        await shown.press("d")
        assert isinstance(shown.app.screen, EciScreen), "an owner is no pod"
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, EciOwnerScreen) and shown.table.cursor_id in pods)
        gone = shown.table.cursor_id
        await shown.press("d")
        told = await confirm(shown)
        assert "it is gone" in told
        assert "(ECS)" in told
    assert stage.evictions() == {str(gone).removeprefix("default/"): 1}


async def test_notify_without_routes_says_what_lacks(stage: Elastic) -> None:
    async with screens(stage) as shown:
        await on_eci(shown)
        await shown.press("n")
        await shown.until(lambda: shown.phase() == action.REFUSED)
        assert "notify.toml: there is none" in shown.sentences


async def test_no_such_key_unarmed(stage: Elastic) -> None:
    async with screens(stage, armed=False) as shown:
        await on_eci(shown)
        for screen in (EciScreen, EciOwnerScreen):
            await shown.until(lambda screen=screen: isinstance(shown.app.screen, screen))  # type: ignore[misc]
            assert not set(KEYS) & shown.app.screen.active_bindings.keys()
            for key in KEYS:
                await shown.press(key)
            assert isinstance(shown.app.screen, screen)
            await shown.press("enter")
    assert not stage.patches("deployments")
    assert not stage.evictions()
