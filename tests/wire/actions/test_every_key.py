"""Read-only: every key on every screen, with a recording proxy in front of the API, which sees nothing but reads and
access reviews. That no command writes is shown in test_read_only."""

import asyncio
import string
from dataclasses import replace

import pytest

from core.clients.kubernetes import Target, connect
from core.session import Session
from tests.wire.actions.proxy import Proxy, recording
from tests.wire.actions.stage import Stage
from tests.wire.actions.test_screens import Screens
from tui.app import VacancyApp
from tui.screens.action import ActionScreen
from tui.screens.main_views import MAIN_VIEWS
from tui.screens.table_screen import TableScreen

pytestmark = pytest.mark.thorough

NAMED = ("enter", "space", "tab", "shift+tab", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown")
LEAVES = ("q", "ctrl+q", "ctrl+c")
"""Keys that leave the program: what comes after them would press nothing."""
KEYS = [
    *(key for key in string.ascii_letters + string.digits + string.punctuation if key not in LEAVES),
    *(key for letter in string.ascii_lowercase if (key := f"ctrl+{letter}") not in LEAVES),
    *(f"f{number}" for number in range(1, 13)),
    *NAMED,
]
BREATH = 0.01
"""Seconds for the program to do what a key means."""


async def press(app: VacancyApp, key: str) -> None:
    """As a person would. A pilot waits for everything to be idle after each key, which a simulated cluster never is."""
    app.simulate_key(key)
    await asyncio.sleep(BREATH)


async def back_to(app: VacancyApp, kind: str) -> None:
    """The main view as it was, whatever the last key opened."""
    async with asyncio.timeout(20):
        while len(app.screen_stack) > 1:
            await press(app, "escape")
    if app.current_mode != kind:
        await app.switch_mode(kind)


@pytest.mark.parametrize("kind", [view.kind for view in MAIN_VIEWS])
async def test_nothing_is_written(stage: Stage, kind: str) -> None:
    """On the view itself, and on what Enter opens from its first row."""
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    through = stage.folder / "through"
    async with recording(stage.where_file, through) as proxy:

        async def open_link() -> Session:
            return Session(replace(stage.where, kubeconfig=str(through), write=False))

        app = VacancyApp(open_link)
        async with app.run_test(size=(120, 30)) as pilot:
            shown = Screens(app, pilot)
            await shown.until(lambda: app.status is not None and app.status.nodes)
            await press_all(app, kind)
            await pilot.pause()
    assert_only_reads(proxy)
    assert not stage.cordons("a")


async def press_all(app: VacancyApp, kind: str) -> None:
    for opened in (False, True):
        for key in KEYS:
            await back_to(app, kind)
            if opened:
                await press(app, "enter")
            await press(app, key)
            assert not any(isinstance(screen, ActionScreen) for screen in app.screen_stack), (kind, key)
    await back_to(app, kind)
    assert isinstance(app.screen, TableScreen)


def assert_only_reads(proxy: Proxy) -> None:
    written = [one for one in proxy.asked if one[0] != "GET" and not one[1].endswith("accessreviews")]
    assert written == []
    assert len(proxy.asked) > 10


async def test_the_proxy_would_see_a_write(stage: Stage) -> None:
    """Else the test above could not fail."""
    await stage.nodes("a")
    through = stage.folder / "through"
    async with recording(stage.where_file, through) as proxy:
        clients = await connect(Target(str(through)), write=True)
        assert clients.writer is not None
        await clients.writer.patch("/api/v1/nodes/a", {"spec": {"unschedulable": True}})
        await clients.close()
    assert ("PATCH", "/api/v1/nodes/a") in proxy.asked
    assert stage.cordoned("a")
