"""The Journal screen: what was done from here, what runs, and what was left in the middle; and one action in full. From
both, what was left in the middle is put in order."""

import secrets
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from core.views.action import KIND, LEFT
from core.views.link import RecoverAction, Update
from core.views.table import ViewKey
from tui.screens.decisions import DecisionScreen
from tui.screens.detail_screen import DetailScreen
from tui.screens.table_screen import TableScreen
from tui.widgets.fleet_table import FleetTable

KEYS: list[BindingType] = [
    Binding("r", "recover('resume')", "resume", id="journal.resume", tooltip="Go on with what was left in the middle"),
    Binding("u", "recover('undo')", "undo", id="journal.undo", tooltip="Take back what can be taken back of it"),
    Binding("x", "recover('close')", "close", id="journal.close", tooltip="Leave it as it is, and give up its claims"),
]


def recover(screen: TableScreen, action: str, how: str) -> None:
    """Show what there is of it now, and ask."""
    from tui.screens.action import ActionScreen

    name = secrets.token_hex(4)
    screen.app.intend(RecoverAction(name, action, how))
    screen.app.push_screen(ActionScreen(ViewKey(KIND, name)))


class JournalScreen(DecisionScreen):
    """All actions, the newest first. Enter shows one line by line, or leads back to one that runs."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS
    opens = "journal-entry"

    def __init__(self) -> None:
        super().__init__(ViewKey("journal"))

    def detail_screen(self, key: ViewKey) -> TableScreen:
        return JournalEntryScreen(key)

    @on(FleetTable.CursorMoved)
    @on(FleetTable.Rearranged)
    def _moved(self) -> None:
        self.refresh_bindings()

    def _left(self) -> str:
        """The action under the cursor, if it was left in the middle."""
        row = self.table.model.rows.get(self.table.cursor_id) if self.query(FleetTable) else None
        ids = [column.id for column in self.view.columns] if self.view is not None else []
        return row.id if row is not None and "state" in ids and row.cells[ids.index("state")].text == LEFT else ""

    def action_recover(self, how: str) -> None:
        recover(self, self._left(), how)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "recover":
            return self.app.armed and bool(self._left())
        return super().check_action(action, parameters)


class JournalEntryScreen(DetailScreen):
    """One action, line by line."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def receive(self, update: Update) -> None:
        super().receive(update)
        self.refresh_bindings()

    def action_recover(self, how: str) -> None:
        recover(self, self.key.name, how)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "recover":
            facts = self.detail.facts if self.detail is not None else ()
            return self.app.armed and any(fact.label == "State" and fact.value.text == LEFT for fact in facts)
        return super().check_action(action, parameters)
