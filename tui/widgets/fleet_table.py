"""The fleet table: thousands of live rows, sorted, folded, marked and opened by key or mouse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from core.views.table import Align, Row, SortBy
from tui.widgets.fleet_canvas import FleetCanvas
from tui.widgets.fleet_layout import GUTTER


class FleetTable(FleetCanvas):
    """A table of many live rows. Give it views with `load` and `change`; it posts what a person does with them."""

    BINDING_GROUP_TITLE = "Table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="table.open", tooltip="Open the row; fold or unfold a group"),
        Binding("space", "mark", "mark", id="table.mark", tooltip="Mark the row, or all rows of a group"),
        Binding("down,j", "move(1)", "down", show=False, id="table.down", tooltip="Next row"),
        Binding("up,k", "move(-1)", "up", show=False, id="table.up", tooltip="Row above"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="table.pagedown", tooltip="One page down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="table.pageup", tooltip="One page up"),
        Binding("home,g", "jump(0)", "first", show=False, id="table.first", tooltip="First row"),
        Binding("end,G", "jump(-1)", "last", show=False, id="table.last", tooltip="Last row"),
        Binding("z", "fold_all", "fold", show=False, id="table.fold", tooltip="Fold or unfold all groups"),
        Binding("ctrl+w", "wide", "wide", show=False, id="table.wide", tooltip="All columns, scrolled with ← →"),
        Binding("left", "sideways(-1)", "left", show=False, id="table.left", tooltip="Scroll to the left"),
        Binding("right", "sideways(1)", "right", show=False, id="table.right", tooltip="Scroll to the right"),
    ]

    @dataclass
    class Opened(Message):
        """A row was chosen with Enter or a double click."""

        table: "FleetTable"
        row: Row

    # What a person changes

    def sort_by(self, sort: SortBy | None) -> None:
        """Sort by a column, now. A cursor that nobody has moved stays at the top."""
        self.model.sort = sort
        self._rearrange()

    def filter_by(self, matches: Callable[[Row], bool] | None) -> None:
        """Show only the rows that match."""
        self.model.matches = matches
        self._rearrange()

    def _rearrange(self) -> None:
        if not self._chosen:
            self._put_cursor("")
            self.scroll_to(y=0, animate=False)
        self.settle()
        self._reveal()

    def sort_by_column(self, column_id: str, used: bool | None = None) -> None:
        """Sort by this column; when it is sorted by it already, go on to the next of its `sort_choices`."""
        choices = self.sort_choices(column_id)
        if used is not None:
            choices = [choice for choice in choices if choice.used == used]
        if choices:
            at = choices.index(self.model.sort) + 1 if self.model.sort in choices else 0
            self.sort_by(choices[at % len(choices)])

    def sort_choices(self, column_id: str) -> list[SortBy]:
        """The orders that a column offers, the likeliest first: much before little, a before z."""
        column = next((column for column in self.model.columns if column.id == column_id and column.sortable), None)
        if column is None:
            return []
        if column.bars:
            return [SortBy(column_id, used, down) for down in (True, False) for used in (False, True)]
        first = column.align is Align.RIGHT
        return [SortBy(column_id, descending=first), SortBy(column_id, descending=not first)]

    # Keys and mouse

    def action_move(self, lines: int) -> None:
        if self.model.order:
            index = self.model.position.get(self.cursor_id, 0) + lines
            self.move_to(self.model.order[max(0, min(index, len(self.model.order) - 1))])

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self._page - 1, 1))

    def action_jump(self, index: int) -> None:
        if self.model.order:
            self.move_to(self.model.order[index])
            self._chosen = index != 0

    def action_open(self) -> None:
        row = self.model.rows.get(self.cursor_id)
        if row is None:
            return
        if row.group:
            self.toggle_fold(row.id)
        else:
            self.post_message(self.Opened(self, row))

    def action_mark(self) -> None:
        if self.cursor_id in self.model.rows:
            self.model.mark(self.cursor_id)
            self._draw_dirty()
            self.post_message(self.Rearranged(self))
            self.action_move(1)

    def action_unmark(self) -> None:
        self.model.dirty |= self.model.marks
        self.model.marks = set()
        self._draw_dirty()
        self.post_message(self.Rearranged(self))

    def toggle_fold(self, group_id: str) -> None:
        """Fold an open group, open a folded one."""
        self.model.fold([group_id], group_id not in self.model.folded)
        self.settle()

    def action_fold_all(self) -> None:
        groups = self.model.groups
        parent = self.model.rows[self.cursor_id].parent if self.cursor_id in self.model.rows else ""
        self.model.fold(groups, closed=not self.model.folded.issuperset(groups))
        self.settle()
        if parent in self.model.position and self.model.rows[parent].id in self.model.folded:
            self.move_to(parent)

    def action_wide(self) -> None:
        self.wide = not self.wide
        self.set_class(self.wide, "-wide")
        self._forget_drawing()
        self._measure()
        self.scroll_to(x=0, animate=False)
        self.refresh()
        self.post_message(self.Rearranged(self))

    def action_sideways(self, steps: int) -> None:
        if steps > 0 and not self.wide and self.layout_now.dropped:
            self.action_wide()
        self.scroll_to(x=self.scroll_offset.x + steps * 12, animate=False)

    def on_key(self, event: events.Key) -> None:
        column = next((c for c in self.model.columns if c.hotkey and c.hotkey == event.character), None)
        if column is not None:
            event.stop()
            event.prevent_default()
            self.sort_by_column(column.id)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y == 0:
            self._click_header(at.x)
            return
        index = at.y - self._head + self.scroll_offset.y
        if at.y < self._head or index >= len(self.model.order):
            return
        self._click_row(self.model.order[index], at.x, event.chain)

    def _click_row(self, row_id: str, x: int, chain: int) -> None:
        self.move_to(row_id)
        if self.model.rows[row_id].group and (x < GUTTER or chain == 2):
            self.toggle_fold(row_id)
        elif x < GUTTER:
            self.model.mark(row_id)
            self._draw_dirty()
            self.post_message(self.Rearranged(self))
        elif chain == 2:
            self.action_open()

    def _click_header(self, x: int) -> None:
        frozen = self.layout_now.frozen
        placed = self.layout_now.at(x if x < frozen else x + self.scroll_offset.x)
        if placed is not None:
            at = x + (self.scroll_offset.x if x >= frozen else 0)
            self.sort_by_column(placed.column.id, at >= placed.end - 5 if placed.column.bars else None)
