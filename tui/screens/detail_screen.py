"""One object in full: its facts above, its tables below, one at a time. Fed by a DetailView of any kind."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from core.views.detail import DetailView, Fact
from core.views.link import Update
from core.views.table import TableView, Tone, ViewKey
from core.views.text import sanitise
from tui.screens.table_screen import TableScreen
from tui.tones import styled
from tui.widgets.facts import FactsPanel, TabLine
from tui.widgets.filter_bar import FilterBar


class DetailScreen(TableScreen):
    """Follows one object. Its table screen's keys act on the table that is open."""

    over = True
    BINDING_GROUP_TITLE = "Object"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right_square_bracket", "tab(1)", "next table", id="detail.next", tooltip="The next table"),
        Binding("shift+tab,left_square_bracket", "tab(-1)", "table before", show=False, id="detail.previous",
                tooltip="The table before"),
        Binding("escape", "back", "back", id="detail.back", tooltip="Clear the filter and the marks, then go back"),
    ]  # fmt: skip

    def __init__(self, key: ViewKey) -> None:
        super().__init__(key)
        self.detail: DetailView | None = None
        self._kind = ""

    def compose_head(self) -> ComposeResult:
        yield Static(classes="-object")
        yield FactsPanel()
        yield TabLine()

    def receive(self, update: Update) -> None:
        if isinstance(update, DetailView):
            self.detail, self._failed = update, ""
            self._show()
        else:
            super().receive(update)

    def _show(self) -> None:
        detail = self.detail
        if detail is None:
            return
        self.show_title()
        self.show_facts(detail.facts)
        table = next((table for table in detail.tables if table.key.kind == self._kind), None)
        table = table or next(iter(detail.tables), None)
        if table is not None:
            self._kind = table.key.kind
            self.show_table(table)
        self.query_one(TabLine).show(detail.tables, self._kind)

    def show_title(self) -> None:
        """Say what it is, and whether it is still there."""
        if self.detail is not None:
            gone = [("  gone, this is how it was last seen", Tone.DANGER)] if self.detail.gone else []
            self.query_one(".-object", Static).update(styled([(sanitise(self.detail.title), Tone.ACCENT), *gone]))

    def show_facts(self, facts: tuple[Fact, ...]) -> None:
        """Show what is known about it."""
        self.query_one(FactsPanel).show(facts)

    def show_table(self, table: TableView) -> None:
        """Show one of the object's tables."""
        super().show_table(table)
        self._say()

    def action_tab(self, step: int) -> None:
        kinds = [table.key.kind for table in self.detail.tables] if self.detail is not None else []
        if kinds:
            self.open_tab(kinds[(kinds.index(self._kind) + step) % len(kinds)])

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        self.open_tab(event.kind)

    def open_tab(self, kind: str) -> None:
        """Open the table of this kind; the filter belonged to the one before."""
        self._kind = kind
        self._filter(FilterBar.Changed(""))
        self._show()

    def subjects(self) -> list[str]:
        return [self.key.name]

    def action_back(self) -> None:
        if self.filter_text or self._misread or self.table.model.marks:
            self.action_clear()
        else:
            self.dismiss()
