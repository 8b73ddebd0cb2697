"""The sort menu: every order that the table's columns offer, chosen by key or mouse."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.views.table import Column, SortBy
from tui.widgets.fleet_table import FleetTable


class SortMenu(ModalScreen[SortBy | None]):
    """Lists the orders; answers with the chosen one, or None."""

    BINDING_GROUP_TITLE = "Sort"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,S", "dismiss(None)", "back", id="sort.back", tooltip="Leave the order as it is"),
        Binding("j", "step('cursor_down')", "down", show=False, id="sort.down"),
        Binding("k", "step('cursor_up')", "up", show=False, id="sort.up"),
    ]

    def __init__(self, table: FleetTable) -> None:
        super().__init__()
        self._now = table.model.sort
        shown = [placed.column for placed in table.layout_now.columns]
        self._choices = [(column, sort) for column in shown for sort in table.sort_choices(column.id)]

    def compose(self) -> ComposeResult:
        with Vertical(classes="-dialog"):
            yield Static("Sort by", classes="-title")
            yield OptionList(*(Option(_words(column, sort)) for column, sort in self._choices))

    def on_mount(self) -> None:
        orders = [sort for _, sort in self._choices]
        self.query_one(OptionList).highlighted = orders.index(self._now) if self._now in orders else 0

    def action_step(self, action: str) -> None:
        getattr(self.query_one(OptionList), f"action_{action}")()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][1])


def _words(column: Column, sort: SortBy) -> Content:
    half = (" used" if sort.used else " booked") if column.bars else ""
    key = f"  {column.hotkey}" if column.hotkey else ""
    return Content.assemble(f"{column.title}{half} {'▼' if sort.descending else '▲'}", (key, "$foreground-muted"))
