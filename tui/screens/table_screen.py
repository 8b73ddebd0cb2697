"""A screen about one table: header, table, line below, keys. What the table holds is the view's matter."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen

from core.errors import InputError
from core.views.action import KIND, ON_GROUPS, ON_NODES, acts_on
from core.views.filter import parse_filter
from core.views.link import Failure, Update
from core.views.status import Connection
from core.views.table import Row, SortBy, TableChange, TableView, ViewKey
from core.views.wish import asks_about, wishes_about
from tui.screens.summary import summary
from tui.shell import Shell
from tui.widgets import state_panel
from tui.widgets.filter_bar import FilterBar
from tui.widgets.fleet_table import FleetTable
from tui.widgets.header_line import HeaderLine
from tui.widgets.key_line import KeyLine
from tui.widgets.state_panel import StatePanel


class TableScreen(Screen[None]):
    """Follows one view while it shows, and lets a person filter, sort, group and open its rows."""

    AUTO_FOCUS = "FleetTable"
    BINDING_GROUP_TITLE = "View"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="view.filter", tooltip="Filter: words, !word, -l label=value"),
        Binding("S", "sort_menu", "sort", id="view.sort", tooltip="Choose what to sort by"),
        Binding("b", "group", "group by", id="view.group", tooltip="Roll up by the next kind of group, or not at all"),
        Binding("w", "what_if", "what if", id="view.whatif", tooltip="What if these nodes went, or this group grew"),
        Binding("r", "act('drain')", "drain", id="view.drain", tooltip="Plan to drain the node, or those marked"),
        Binding("R", "remove", "remove", id="view.remove",
                tooltip="Plan to take the node, or those marked, out of the cluster"),
        Binding("c", "act('cordon')", "cordon", id="view.cordon", tooltip="Plan to cordon the node, or those marked"),
        Binding("u", "act('uncordon')", "uncordon", show=False, id="view.uncordon",
                tooltip="Plan to uncordon the node, or those marked"),
        Binding("e", "expand", "expand", id="view.expand", tooltip="Plan to add machines to the group"),
        Binding("a", "machines", "attach", id="view.attach", tooltip="See which machines could be attached"),
        Binding("s", "act('suspend')", "suspend", id="view.suspend",
                tooltip="Plan to suspend what the group does by itself: ScaleIn and ScaleOut"),
        Binding("u", "act('unsuspend')", "resume", show=False, id="view.unsuspend",
                tooltip="Plan to resume all that is suspended in the group"),
        Binding("t", "act('protect')", "protect", id="view.protect",
                tooltip="Plan to protect the node from scale-in, or those marked"),
        Binding("y", "act('unprotect')", "unprotect", show=False, id="view.unprotect",
                tooltip="Plan to let go of a protected node, or of those marked"),
        Binding("x", "act('untaint')", "untaint", show=False, id="view.untaint",
                tooltip="Plan to take off the taints that an autoscaler left on the node, or on those marked"),
        Binding("escape", "clear", "clear", show=False, id="view.clear", tooltip="Clear the filter, then the marks"),
    ]  # fmt: skip
    app = getters.app(Shell)
    opens: ClassVar[str] = ""
    """The kind of object that Enter shows for a row that says nothing itself: its id is the object's name."""

    over: ClassVar[bool] = False
    """Whether it lies over another screen, to which escape leads back."""

    def __init__(self, key: ViewKey) -> None:
        super().__init__()
        self.key = key
        self.view: TableView | None = None
        """The frame of what shows; its rows are only as new as the last whole view."""
        self.filter_text = ""
        self._failed = ""
        self._misread = ""
        self._notes: tuple[str, ...] = ()
        self._awaiting = False
        """A change was missed and the whole view is asked for; until it comes, changes are of no use."""

    def compose(self) -> ComposeResult:
        yield HeaderLine()
        yield from self.compose_head()
        with Container(classes="-body"):
            yield FleetTable()
            yield StatePanel()
        yield from self.compose_foot()
        yield FilterBar()
        yield KeyLine()

    def compose_head(self) -> ComposeResult:
        """What stands between the header line and the table; nothing here."""
        yield from ()

    def compose_foot(self) -> ComposeResult:
        """What stands between the table and the line below it; nothing here."""
        yield from ()

    @property
    def table(self) -> FleetTable:
        """The table of this screen."""
        return self.query_one(FleetTable)

    def on_mount(self) -> None:
        for name in ("status", "failure"):
            self.watch(self.app, name, self._say, init=False)
        self._say()

    def on_screen_resume(self) -> None:
        self.app.updates.follow(self.key, self.receive)

    def on_screen_suspend(self) -> None:
        self.app.updates.leave(self.key)

    def receive(self, update: Update) -> None:
        """Show an update of this screen's view."""
        if isinstance(update, TableView):
            self._failed, self._awaiting = "", False
            self.show_table(update)
        elif isinstance(update, TableChange):
            self._change(update)
            return
        elif isinstance(update, Failure):
            self._failed = update.message
        self._say()

    def show_table(self, table: TableView) -> None:
        """Show this table; whether it has groupings decides about keys."""
        before, self.view, self._notes = self.view, table, table.notes
        self.table.load(table)
        if before is None or bool(before.group_choices) != bool(table.group_choices):
            self.refresh_bindings()

    def _change(self, change: TableChange) -> None:
        if not self.table.change(change):
            if not self._awaiting:
                self._awaiting = True
                self.app.updates.refresh(self.key)
        elif change.notes != self._notes:
            self._notes = change.notes
            self._say()

    @on(FleetTable.Rearranged)
    def _say(self) -> None:
        """Bring the panel and the line below the table up to date."""
        table, panel = self.table, self.query_one(StatePanel)
        failure = self._failed or self.app.failure
        panel.say(self._instead(failure))
        noun = self.view.noun if self.view is not None else ""
        pressing, notice = self._notice()
        problem = self._misread or ("" if panel.display else failure) or pressing
        notes = (*self._notes, notice) if notice else self._notes
        line = summary(table.model, noun, self.filter_text, table.layout_now.dropped, problem, notes)
        self.query_one(FilterBar).say([] if self.view is None else line)

    def _notice(self) -> tuple[str, str]:
        """What the session says to every screen: before all else while its main source is lost, else as a note."""
        status = self.app.status
        if status is None or not status.sources:
            return "", ""
        lost = status.sources[0].state in (Connection.RECONNECTING, Connection.FAILED, Connection.OFF)
        return (status.notice, "") if lost else ("", status.notice)

    def _instead(self, failure: str) -> state_panel.Parts:
        """What to say in place of the table; nothing while there are rows to show."""
        if self.view is None or self._failed:
            return state_panel.failed(failure, self.over) if failure else state_panel.loading(self.app.status)
        if not self.table.model.rows:
            return state_panel.plain(self.view.empty)
        if not self.table.model.order:
            return state_panel.plain(f"No {self.view.noun} match {self.filter_text}\n\nescape clears the filter")
        return []

    async def action_filter(self) -> None:
        await self.query_one(FilterBar).edit(self.filter_text)

    @on(FilterBar.Changed)
    def _filter(self, event: FilterBar.Changed) -> None:
        try:
            matches: Callable[[Row], bool] | None = parse_filter(event.text)
            self._misread = ""
        except InputError as error:
            self._misread = str(error)
            self._say()
            return
        self.filter_text = event.text.strip()
        self.table.filter_by(matches)

    @on(FilterBar.Closed)
    def _filtered(self) -> None:
        self.table.focus()

    def action_clear(self) -> None:
        if self.filter_text or self._misread:
            self._filter(FilterBar.Changed(""))
        else:
            self.table.action_unmark()

    def action_sort_menu(self) -> None:
        from tui.screens.sort_menu import SortMenu  # late, for the first paint

        self.app.push_screen(SortMenu(self.table), self._sort)

    def _sort(self, sort: SortBy | None) -> None:
        if sort is not None:
            self.table.sort_by(sort)

    def action_group(self) -> None:
        choices = self.view.group_choices if self.view is not None else ()
        if choices:
            at = choices.index(self.key.group_by) + 1 if self.key.group_by in choices else 0
            self.group_by(choices[at % len(choices)])

    def group_by(self, group: str) -> None:
        """Roll the rows up by another kind of group; "" for none."""
        self.app.updates.leave(self.key)
        self.key = msgspec.structs.replace(self.key, group_by=group)
        self.app.updates.follow(self.key, self.receive)

    @on(FleetTable.Opened)
    def _open(self, event: FleetTable.Opened) -> None:
        key = event.row.opens or (ViewKey(self.opens, event.row.id) if self.opens else None)
        if key is not None and key.kind == KIND:
            self._open_action(key)
        elif key is not None:
            self.app.push_screen(self.detail_screen(key))

    def detail_screen(self, key: ViewKey) -> "TableScreen":
        """The screen that shows an object in full."""
        from tui.screens.detail_screen import DetailScreen

        return DetailScreen(key)

    def _open_action(self, key: ViewKey) -> None:
        from tui.screens.action import ActionScreen

        self.app.push_screen(ActionScreen(key))

    def subjects(self) -> list[str]:
        """The rows that a key is meant for: those that are marked, else the one under the cursor."""
        model = self.table.model
        row = model.rows.get(self.table.cursor_id)
        return [one for one in model.order if one in model.marks] or (
            [row.id] if row is not None and not row.group else []
        )

    def action_act(self, action: str) -> None:
        from tui.screens.action import ActionScreen

        if subjects := self.subjects():
            self.app.push_screen(ActionScreen.planning(self.app, action, subjects))
        else:
            self.app.notify(f"{action} is about rows: unfold the group, or mark some with space.", timeout=4)

    def action_remove(self) -> None:
        from tui.screens.remove import RemoveScreen

        if subjects := self.subjects():
            self.app.push_screen(RemoveScreen(subjects))
        else:
            self.app.notify("remove is about rows: unfold the group, or mark some with space.", timeout=4)

    def action_expand(self) -> None:
        from tui.screens.expand import ExpandScreen

        subjects = self.subjects()
        if len(subjects) == 1:
            row = self.table.model.rows.get(subjects[0])
            self.app.push_screen(ExpandScreen(subjects[0], row.cells[0].text if row is not None else subjects[0]))
        else:
            self.app.notify("One group at a time: unmark the others.", timeout=4)

    def action_machines(self) -> None:
        from tui.screens.machines import MachinesScreen

        group = self.subjects()[:1] if self.key.kind in ON_GROUPS else []
        row = self.table.model.rows.get(group[0]) if group else None
        name = row.cells[0].text if row is not None else group[0] if group else ""
        self.app.push_screen(MachinesScreen(group[0] if group else "", name))

    def action_what_if(self) -> None:
        from tui.screens.what_if import WhatIfScreen

        if subjects := self.subjects():
            self.app.push_screen(WhatIfScreen(wishes_about(self.key.kind, subjects)))
        else:
            self.app.notify("What if asks about a row: unfold the group, or mark its rows with space.", timeout=4)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "group" and self.view is not None and not self.view.group_choices:
            return False
        asks = ("expand", "remove")
        meant = action if action in asks else str(parameters[0]) if action == "act" else ""
        if action == "machines" and not (self.app.armed and self.key.kind in (*ON_NODES, *ON_GROUPS)):
            return False
        if meant and not (self.app.armed and acts_on(meant, self.key.kind)):
            return False
        if action == "what_if" and not asks_about(self.key.kind):
            return False
        return super().check_action(action, parameters)
