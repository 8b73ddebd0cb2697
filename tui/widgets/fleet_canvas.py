"""The surface of the fleet table: takes live rows in, keeps the cursor on its row, draws only the lines that changed.

What shows is `fleet_model`'s matter, where columns stand `fleet_layout`'s, how a line looks `fleet_painter`'s; keys and
mouse are `fleet_table`'s.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from core.views.format import BOOKED, BURST, FREE, USED
from core.views.table import Row, TableChange, TableView, Tone
from core.views.text import widest
from tui.widgets.fleet_layout import Layout, lay_out
from tui.widgets.fleet_model import FleetModel
from tui.widgets.fleet_painter import Painter, Palette, RowState, indent

DRAW_SECONDS = 0.1
"""Changed rows are drawn together, this long after the first of them changed."""
RESTRUCTURE_SECONDS = 1.0
"""Rows that come and go move the others at most this often."""
RESORT_SECONDS = 5.0
"""Rows whose sort key changed move at most this often."""
WHOLE = 12
"""From this many changed lines on, drawing the whole table is cheaper than drawing each."""


class FleetCanvas(ScrollView, can_focus=True):
    """Draws a `FleetModel` that lives. It posts where the cursor stands and when rows moved."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fleet--header", "fleet--sorted", "fleet--cursor", "fleet--cursor-blurred", "fleet--group", "fleet--totals",
        "fleet--mark", "fleet--pointer", "fleet--good", "fleet--warning", "fleet--danger", "fleet--muted",
        "fleet--accent", "fleet--used", "fleet--booked", "fleet--free", "fleet--burst",
    }  # fmt: skip
    DEFAULT_CSS = """
    FleetCanvas {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size: 1 1;
        scrollbar-color: $foreground 40%;
        scrollbar-background: $background;
        scrollbar-corner-color: $background;
        &.-wide { overflow-x: auto; }
        & > .fleet--header { color: $foreground-muted; background: $panel; text-style: bold; }
        & > .fleet--sorted { color: $foreground; background: $panel; text-style: bold; }
        & > .fleet--cursor { background: $primary 35%; }
        & > .fleet--cursor-blurred { background: $primary 15%; }
        & > .fleet--group { text-style: bold; }
        & > .fleet--totals { background: $surface; }
        & > .fleet--mark { color: $accent; text-style: bold; }
        & > .fleet--pointer { color: $accent; }
        & > .fleet--good { color: $text-success; }
        & > .fleet--warning { color: $text-warning; }
        & > .fleet--danger { color: $text-error; text-style: bold; }
        & > .fleet--muted { color: $foreground-muted; }
        & > .fleet--accent { color: $text-accent; }
        & > .fleet--used { color: $primary-lighten-2; }
        & > .fleet--booked { color: $primary-lighten-1; }
        & > .fleet--free { color: $foreground 40%; }
        & > .fleet--burst { color: $warning; }
    }
    """

    @dataclass
    class CursorMoved(Message):
        """The cursor stands on another row; "" when there is none."""

        table: "FleetCanvas"
        row_id: str

    @dataclass
    class Rearranged(Message):
        """Rows, their order, marks or columns changed: whatever counts them should look again."""

        table: "FleetCanvas"

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FleetCanvas.Rearranged)

    def __init__(self, *, id: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: A002
        super().__init__(id=id)
        self.model = FleetModel()
        self.cursor_id = ""
        self.wide = False
        self._clock = clock
        self._chosen = False
        self._settled_at = -inf
        self._settle_due = inf
        self._flush_timer: Timer | None = None
        self._content: dict[str, int] = {}
        self._painter: Painter | None = None
        self._drawn: dict[int, Strip] = {}
        """The lines on the screen, until something on them changes."""
        self._strips: LRUCache[tuple[str, RowState], tuple[Row, Strip]] = LRUCache(1024)

    # Data in

    def load(self, view: TableView) -> None:
        """Show a whole view. The cursor, marks and folds stay where their rows still are."""
        columns = self.model.columns
        self.model.load(view)
        if self.model.columns != columns:
            self._content = {}
            self._forget_drawing()
        if self.model.restructured or not self.model.order:
            self.settle()
        self._flush_soon()

    def change(self, change: TableChange) -> bool:
        """Take a change set; False when it doesn't follow what is shown."""
        taken = self.model.change(change)
        if taken:
            self._flush_soon()
        return taken

    def _flush_soon(self) -> None:
        if self._flush_timer is None and self.is_attached:
            self._flush_timer = self.set_timer(DRAW_SECONDS, self.flush)

    def flush(self) -> None:
        """Draw what changed, and settle the order when that is due."""
        if self._flush_timer is not None:
            self._flush_timer.stop()
            self._flush_timer = None
        if self.model.restructured or self.model.drifted:
            self._settle_when_due()
        self._draw_dirty()

    def _settle_when_due(self) -> None:
        due = self._settled_at + (RESTRUCTURE_SECONDS if self.model.restructured else RESORT_SECONDS)
        if due <= self._clock():
            self.settle()
        elif due < self._settle_due and self.is_attached:
            self._settle_due = due
            self.set_timer(due - self._clock(), self.flush)

    def settle(self) -> None:
        """Put the rows in order now, the cursor's row staying where it is on the screen.

        While nobody has moved anything, the top of the table stays in sight instead.
        """
        anchor, line = self._anchor()
        index = self.model.position.get(anchor, 0)
        if self.model.restructured:
            self._widen()
        self.model.settle()
        self._settled_at, self._settle_due = self._clock(), inf
        self._measure()
        self._keep_cursor(index)
        if self._chosen or self.scroll_offset.y:
            position = self.model.position.get(anchor, min(index, len(self.model.order) - 1))
            self.scroll_to(y=max(position - line, 0), animate=False)
        elif self.model.position.get(self.cursor_id, 0) >= self._page:
            self._put_cursor(self.model.order[0])
        self.refresh()
        self.post_message(self.Rearranged(self))

    def _anchor(self) -> tuple[str, int]:
        """The row that must not move, and its line below the head: the cursor's if it shows, else the topmost."""
        top = self.scroll_offset.y
        index = self.model.position.get(self.cursor_id, -1)
        if not top <= index < top + self._page:
            index = top
        return (self.model.order[index], index - top) if index < len(self.model.order) else ("", 0)

    def _keep_cursor(self, index: int) -> None:
        order = self.model.order
        if self.cursor_id not in self.model.position:
            self._put_cursor(order[max(0, min(index, len(order) - 1))] if order else "")

    def move_to(self, row_id: str) -> None:
        """Put the cursor on a row that shows, and scroll until it does."""
        if row_id in self.model.position:
            self._chosen = True
            self._put_cursor(row_id)
            self._reveal()

    def _put_cursor(self, row_id: str) -> None:
        if row_id == self.cursor_id:
            return
        old, self.cursor_id = self.cursor_id, row_id
        self._draw_row(old)
        self._draw_row(row_id)
        self.post_message(self.CursorMoved(self, row_id))

    def _reveal(self) -> None:
        index = self.model.position.get(self.cursor_id, 0)
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False)
        elif index >= top + self._page:
            self.scroll_to(y=index - self._page + 1, animate=False)

    # Drawing

    @property
    def _view(self) -> Size:
        """What is inside the scrollbars."""
        return self.scrollable_content_region.size

    @property
    def _head(self) -> int:
        return 1 if self.model.totals is None else 2

    @property
    def _page(self) -> int:
        return max(self._view.height - self._head, 1)

    @property
    def layout_now(self) -> Layout:
        """The columns that show, and where."""
        return self._paint().layout

    def _measure(self) -> None:
        """Make room for the rows."""
        across = self.layout_now.width if self.wide else self._view.width
        self.virtual_size = Size(across, len(self.model.order) + self._head)

    def _widen(self) -> None:
        """Lay the columns out anew where their content outgrew them; they never shrink again, for rest."""
        content = self._content_widths()
        if any(cells > self._content.get(column_id, 0) for column_id, cells in content.items()):
            self._content |= {key: max(cells, self._content.get(key, 0)) for key, cells in content.items()}
            self._forget_drawing()

    def _content_widths(self) -> dict[str, int]:
        widths: dict[str, int] = {}
        for index, column in enumerate(self.model.columns):
            if column.grow:
                texts: dict[int, set[str]] = {}
                for row in self.model.rows.values():
                    if index < len(row.cells):
                        texts.setdefault(0 if index else indent(row), set()).add(row.cells[index].text)
                widths[column.id] = max((deep + widest(each) for deep, each in texts.items()), default=0)
        return widths

    def _paint(self) -> Painter:
        if self._painter is None:
            layout = lay_out(self.model.columns, self._view.width, self._content, self.wide)
            self._painter = Painter(layout, self._palette(), self._view.width)
        return self._painter

    def _forget_drawing(self) -> None:
        self._painter = None
        self._strips.clear()
        self._drawn.clear()

    def _palette(self) -> Palette:
        def over(name: str) -> Style:
            full = self.get_component_rich_style(f"fleet--{name}")
            return Style(color=full.color, bold=full.bold or None, italic=full.italic or None)

        cursor = self.get_component_rich_style("fleet--cursor" if self.has_focus else "fleet--cursor-blurred")
        return Palette(
            row=Style(color=self.rich_style.color, bgcolor=self.rich_style.bgcolor),
            header=self.get_component_rich_style("fleet--header"),
            sorted_header=self.get_component_rich_style("fleet--sorted"),
            cursor=Style(bgcolor=cursor.bgcolor),
            group=over("group"),
            totals=Style(bgcolor=self.get_component_rich_style("fleet--totals").bgcolor),
            mark=over("mark"),
            pointer=over("pointer"),
            tones={tone: over(tone.value) for tone in Tone if tone is not Tone.PLAIN},
            glyphs={USED: over("used"), BOOKED: over("booked"), FREE: over("free"), BURST: over("burst")},
        )

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "FleetCanvas":
        for region in regions or (self.size.region,):
            for y in region.line_range:
                self._drawn.pop(y, None)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines, without Textual's way of putting borders around each: that would take most of a scroll's time."""
        filters, background = self.get_line_filters(), self.background_colors[1]
        for y in crop.line_range:
            if y not in self._drawn:
                strip = self.render_line(y)
                for line_filter in filters:
                    strip = strip.apply_filter(line_filter, background)
                self._drawn[y] = strip
        strips = [self._drawn[y] for y in crop.line_range]
        whole = crop.column_span == (0, self._view.width)
        if whole:
            return strips
        beside = self._paint().palette.row  # the scrollbar's place, while there is none
        return [strip.crop(*crop.column_span).adjust_cell_length(crop.width, beside) for strip in strips]

    def render_line(self, y: int) -> Strip:
        painter = self._paint()
        if not self.model.columns:
            return Strip.blank(self._view.width, painter.palette.row)
        if y == 0:
            return self._window(painter.header(self.model.sort), painter.palette.header)
        if y < self._head and self.model.totals is not None:
            return self._window(painter.totals(self.model.totals), painter.palette.totals)
        index = y - self._head + self.scroll_offset.y
        if index >= len(self.model.order):
            return Strip.blank(self._view.width, painter.palette.row)
        return self._row_strip(painter, self.model.order[index])

    def _row_strip(self, painter: Painter, row_id: str) -> Strip:
        row = self.model.rows[row_id]
        state = RowState(row_id == self.cursor_id, row_id in self.model.marks, row_id in self.model.folded)
        kept = self._strips.get((row_id, state))
        if kept is not None and kept[0] is row:
            strip = kept[1]
        else:
            strip = painter.row(row, state)
            self._strips.set((row_id, state), (row, strip))
        return self._window(strip, painter.palette.cursor if state.cursor else painter.palette.row)

    def _window(self, strip: Strip, style: Style) -> Strip:
        """What of a line shows: the frozen column, then the rest from where it is scrolled to."""
        across = self.scroll_offset.x
        if across:
            frozen = self.layout_now.frozen
            strip = Strip.join([strip.crop(0, frozen), strip.crop(frozen + across)])
        return strip.adjust_cell_length(self._view.width, style)

    def _draw_row(self, row_id: str) -> None:
        index = self.model.position.get(row_id)
        top = self.scroll_offset.y
        if index is not None and top <= index < top + self._page:
            self.refresh(Region(0, index - top + self._head, self._view.width, 1))

    def _draw_dirty(self) -> None:
        top = self.scroll_offset.y
        visible = [row_id for row_id in self.model.order[top : top + self._page] if row_id in self.model.dirty]
        self.model.dirty.clear()
        if len(visible) > WHOLE:
            self.refresh()
        else:
            for row_id in visible:
                self._draw_row(row_id)
        if self.model.totals is not None:
            self.refresh(Region(0, 1, self._view.width, 1))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget_drawing()

    def on_resize(self) -> None:
        self._forget_drawing()
        self._measure()
        self._reveal()

    def on_focus(self) -> None:
        self._forget_drawing()
        self.refresh()

    def on_blur(self) -> None:
        self._forget_drawing()
        self.refresh()
