"""From a row to a strip: one line of a fleet table, header included. Knows styles and layout, nothing of scrolling."""

from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.views.format import bar, bar_figures
from core.views.table import Cell, Row, SortBy, Tone
from core.views.text import fit, sanitise
from tui.widgets.fleet_layout import GUTTER, Layout, Placed

MARK, OPEN, CLOSED, CURSOR = "●", "▾", "▸", "▌"
DOWN, UP = "▼", "▲"


@dataclass(frozen=True, slots=True)
class Palette:
    """The resolved styles of a table. `tones` and `glyphs` are laid over the style of the row."""

    row: Style
    header: Style
    sorted_header: Style
    cursor: Style
    group: Style
    totals: Style
    mark: Style
    pointer: Style
    tones: dict[Tone, Style]
    glyphs: dict[str, Style]


class RowState(NamedTuple):
    """What a line shows besides its row."""

    cursor: bool = False
    marked: bool = False
    folded: bool = False


class Painter:
    """Paints lines for one layout and one palette; both are fixed, a change makes a new painter."""

    def __init__(self, layout: Layout, palette: Palette) -> None:
        self.layout = layout
        self.palette = palette

    def row(self, row: Row, state: RowState) -> Strip:
        """The line of a row, as wide as the layout."""
        base = self._base(row, state)
        segments = [*self._gutter(row, state, base)]
        x = GUTTER
        for placed in self.layout.columns:
            if placed.x > x:
                segments.append(Segment(" " * (placed.x - x), base))
            segments += self._cell(row, placed, base)
            x = placed.end
        return Strip(segments, max(self.layout.width, GUTTER)).simplify()

    def totals(self, row: Row) -> Strip:
        """The line of the totals: a row that can't be chosen."""
        return self.row(row, RowState()).apply_style(self.palette.totals)

    def header(self, sort: SortBy | None) -> Strip:
        """The line of the column titles, with an arrow at the one that the rows are sorted by."""
        style, lit = self.palette.header, self.palette.sorted_header
        segments = [Segment(" " * GUTTER, style)]
        x = GUTTER
        for placed in self.layout.columns:
            segments.append(Segment(" " * (placed.x - x), style))
            sorted_here = sort is not None and sort.column == placed.column.id
            segments.append(Segment(_title(placed, sort if sorted_here else None), lit if sorted_here else style))
            x = placed.end
        return Strip(segments, max(self.layout.width, GUTTER))

    def _base(self, row: Row, state: RowState) -> Style:
        base = self.palette.row
        if row.group:
            base += self.palette.group
        return base + self.palette.cursor if state.cursor else base

    def _gutter(self, row: Row, state: RowState, base: Style) -> tuple[Segment, Segment]:
        sign = MARK if state.marked else " "
        if row.group:
            sign = CLOSED if state.folded else OPEN
        pointer = Segment(CURSOR if state.cursor else " ", base + self.palette.pointer)
        return pointer, Segment(sign + " ", base + self.palette.mark if state.marked else base)

    def _cell(self, row: Row, placed: Placed, base: Style) -> list[Segment]:
        if placed.index >= len(row.cells):
            return [Segment(" " * placed.width, base)]
        cell = row.cells[placed.index]
        if cell.bar is not None and placed.column.bars:
            return self._bar(cell, placed.width, base)
        before = " " * indent(row) if placed.index == 0 else ""
        text = fit(before + sanitise(cell.text), placed.width, placed.column.align, placed.column.elide)
        return [Segment(text, self._toned(base, cell.tone))]

    def _bar(self, cell: Cell, width: int, base: Style) -> list[Segment]:
        assert cell.bar is not None
        drawn = bar(cell.bar)
        glyphs = self.palette.glyphs
        segments = [Segment("".join(run), base + glyphs.get(glyph, base)) for glyph, run in groupby(drawn)]
        segments.append(Segment(fit(bar_figures(cell.bar), width - len(drawn)), self._toned(base, cell.tone)))
        return segments

    def _toned(self, base: Style, tone: Tone) -> Style:
        return base if tone is Tone.PLAIN else base + self.palette.tones[tone]


def indent(row: Row) -> int:
    """Cells by which a row's first text stands further right than a top row's."""
    return min(row.depth, 8)


def _title(placed: Placed, sort: SortBy | None) -> str:
    column, width = placed.column, placed.width
    arrow = "" if sort is None else DOWN if sort.descending else UP
    if not column.bars:
        return fit(column.title + arrow, width, column.align)
    booked, used = (" ", arrow) if sort is not None and sort.used else (arrow or " ", " ")
    return fit(f"{column.title:<6}{booked}booked{used}used", width)
