"""The Machines screen: machines of the account that are no nodes yet, which of them would do, and the keys that attach
one. What is asked and lost is said by the action's own screen."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from core.views.machines import KIND
from core.views.table import Tone, ViewKey
from core.views.text import sanitise
from tui.screens.table_screen import TableScreen
from tui.tones import styled
from tui.widgets import state_panel
from tui.widgets.fleet_table import FleetTable


class MachinesScreen(TableScreen):
    """Reached from Groups, then a machine goes into that group; or from Nodes, then into the default pool."""

    over = True
    BINDING_GROUP_TITLE = "Machines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="machines.back", tooltip="Clear the filter, then go back"),
        Binding("a", "attach('ack')", "by ACK", id="machines.ack", tooltip="Plan to attach it by the ACK API"),
        Binding("u", "attach('userdata')", "by userdata", id="machines.userdata",
                tooltip="Plan to attach it by userdata on a new system disk"),
        Binding("S", "sort_menu", "sort", show=False, id="machines.sort", tooltip="Choose what to sort by"),
        Binding("m", "attach('manual')", "by hand", id="machines.manual",
                tooltip="Plan to show the command to run on it, and to follow it"),
    ]  # fmt: skip

    def __init__(self, group: str = "", title: str = "") -> None:
        super().__init__(ViewKey(KIND, group))
        self._group, self._group_title = group, title

    def compose_head(self) -> ComposeResult:
        where = f"Attach a machine to {self._group_title or 'the default pool'}"
        yield Static(styled([(sanitise(where), Tone.ACCENT)]), classes="-object")

    @on(FleetTable.Opened)
    def _open(self, event: FleetTable.Opened) -> None:
        event.stop()
        self.app.notify("a attaches it by ACK, u by userdata, m by hand: first the plan is shown.", timeout=5)

    def action_attach(self, how: str) -> None:
        from tui.screens.action import ActionScreen

        subjects = self.subjects()
        if len(subjects) != 1:
            self.app.notify("One machine at a time: unmark the others.", timeout=4)
            return
        args = {"how": how, "group": self._group, "follow": True}
        self.app.push_screen(ActionScreen.planning(self.app, "attach", subjects, args))

    def action_back(self) -> None:
        if self.filter_text or self._misread or self.table.model.marks:
            self.action_clear()
        else:
            self.dismiss()

    def _instead(self, failure: str) -> state_panel.Parts:
        if self.view is None and not failure and self.app.status is not None:
            return [("Asking ECS which machines there are …", Tone.MUTED)]
        return super()._instead(failure)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "attach" and not self.app.armed:
            return False
        return super().check_action(action, parameters)
