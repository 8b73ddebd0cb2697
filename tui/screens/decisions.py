"""The screens about what the autoscaler decides: who waits (Pending), who could leave (Scale-in), and those about what
could be put right (Checks, Rightsizing; ECI is in eci). Above the table they say in a few lines what matters most."""

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from core.views.link import Update
from core.views.pending_words import why
from core.views.table import TableChange, TableView, Tone, ViewKey
from core.views.text import sanitise
from tui.screens.table_screen import TableScreen
from tui.tones import styled
from tui.widgets.fleet_table import FleetTable


class DecisionScreen(TableScreen):
    """A table below its view's headlines."""

    def compose_head(self) -> ComposeResult:
        yield Static(classes="-headlines", markup=False)

    def receive(self, update: Update) -> None:
        if isinstance(update, TableView | TableChange):
            head = self.query_one(".-headlines", Static)
            head.update("\n".join(map(sanitise, update.notes)))
            head.display = bool(update.notes)
            update = msgspec.structs.replace(update, notes=())
        super().receive(update)


class PendingScreen(DecisionScreen):
    """Who waits, and why nobody lets them in; below the table in plain sentences for the row under the cursor. Enter
    shows one class in full."""

    opens = "pending-class"

    def __init__(self) -> None:
        super().__init__(ViewKey("pending"))

    def compose_foot(self) -> ComposeResult:
        yield Static(classes="-why")

    @on(FleetTable.CursorMoved)
    @on(FleetTable.Rearranged)
    def _explain(self) -> None:
        row = self.table.model.rows.get(self.table.cursor_id)
        known = row is not None and self.view is not None
        line = self.query_one(".-why", Static)
        line.display = known
        if row is not None and self.view is not None:
            line.update(styled([("why  ", Tone.MUTED), (sanitise(why(self.view, row)), Tone.PLAIN)]))

    def receive(self, update: Update) -> None:
        super().receive(update)
        self._explain()


class ScaleInScreen(DecisionScreen):
    """Who could leave, and who holds them. Enter shows what holds the node, or the node."""

    opens = "node"

    def __init__(self) -> None:
        super().__init__(ViewKey("scale-in"))


class ChecksScreen(DecisionScreen):
    """What is wrong with elastic workloads, and what puts it right."""

    def __init__(self) -> None:
        super().__init__(ViewKey("checks"))


class RightsizingScreen(DecisionScreen):
    """What containers book and don't use, and what other requests would free."""

    def __init__(self) -> None:
        super().__init__(ViewKey("rightsizing"))
