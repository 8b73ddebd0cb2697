"""One app on a stopped clock with a hand-stepped feed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot

from core.views.link import Update
from tests.tui.fleet import NOW, STATUS, FakeLink
from tui.app import VacancyApp
from tui.screens.table_screen import TableScreen
from tui.widgets.filter_bar import FilterBar
from tui.widgets.fleet_table import FleetTable
from tui.widgets.state_panel import StatePanel


@dataclass
class Stage:
    """The app under test and the strings to pull."""

    app: VacancyApp
    pilot: Pilot[None]
    link: FakeLink
    clock: list[float]
    """What the app takes for the time; a test moves it."""

    async def send(self, *updates: Update) -> None:
        """Let the session say this, and the screen take it in and draw it."""
        self.link.send(*updates)
        for _ in range(3):
            await self.pilot.pause()
        if self.screen.query(FleetTable):
            self.table.flush()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def screen(self) -> TableScreen:
        screen = self.app.screen
        assert isinstance(screen, TableScreen)
        return screen

    @property
    def table(self) -> FleetTable:
        return self.app.screen.query_one(FleetTable)

    @property
    def panel(self) -> str:
        """What stands in place of the table; "" while the table shows."""
        panel = self.app.screen.query_one(StatePanel)
        return panel.render().plain if panel.display else ""

    @property
    def below(self) -> str:
        """The line below the table."""
        return str(self.app.screen.query_one(FilterBar).query_one(".-summary").render())

    def lines(self) -> list[str]:
        """The table as it is drawn."""
        return [self.table.render_line(y).text for y in range(self.table.size.height)]

    def names(self) -> list[str]:
        """The ids of the rows in order."""
        return [row_id.rpartition("/")[2] for row_id in self.table.model.order]


Start = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def start() -> Start:
    """Starts the app: `async with start(size=(80, 24)) as stage`. The session says STATUS unless told otherwise."""

    @asynccontextmanager
    async def running(size: tuple[int, int] = (120, 36), says: tuple[Update, ...] = (STATUS,)) -> AsyncIterator[Stage]:
        link = FakeLink()

        async def open_link() -> FakeLink:
            return link

        clock = [NOW]
        app = VacancyApp(open_link, clock=lambda: clock[0])
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot, link, clock)
            await stage.send(*says)
            yield stage
        assert link.closed

    return running
