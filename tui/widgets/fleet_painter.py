"""From a row to a strip: one line of a fleet table, header included. Knows styles and layout, nothing of scrolling."""

from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.views.format import bar, bar_figures
from core.views.table import EMPTY, Row, SortBy, Tone
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


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of one kind of row, each a single object, so that neighbours in the same style can be told by `is`."""

    base: Style
    pointer: Style
    mark: Style
    tones: dict[Tone, Style]
    glyphs: dict[str, Style]


class Painter:
    """Paints lines, `cells` wide, for one layout and one palette; all three are fixed, a change makes a new painter."""

    def __init__(self, layout: Layout, palette: Palette, cells: int) -> None:
        self.layout = layout
        self.palette = palette
        self._cells = max(cells, layout.width)
        ends = [*[placed.x for placed in layout.columns], self._cells][1:]
        self._places = [(placed, end - placed.end) for placed, end in zip(layout.columns, ends, strict=True)]
        """Each column with the gap after it."""
        self._looks = {
            (group, cursor): self._look(group, cursor) for group in (False, True) for cursor in (False, True)
        }

    def _look(self, group: bool, cursor: bool) -> Look:
        palette = self.palette
        base = palette.row + (palette.group if group else Style.null()) + (palette.cursor if cursor else Style.null())
        tones = {Tone.PLAIN: base} | {tone: base + style for tone, style in palette.tones.items()}
        glyphs = {glyph: base + style for glyph, style in palette.glyphs.items()}
        return Look(base, base + palette.pointer, base + palette.mark, tones, glyphs)

    def row(self, row: Row, state: RowState) -> Strip:
        """The line of a row."""
        sign = MARK if state.marked else " "
        if row.group:
            sign = CLOSED if state.folded else OPEN
        return self._line(row, state, sign)

    def totals(self, row: Row) -> Strip:
        """The line of the totals: a row that can't be chosen."""
        return self._line(row, RowState(), " ").apply_style(self.palette.totals)

    def _line(self, row: Row, state: RowState, sign: str) -> Strip:
        look = self._looks[row.group, state.cursor]
        runs = _Runs()
        runs.add(CURSOR if state.cursor else " ", look.pointer if state.cursor else look.base)
        runs.add(sign + " ", look.mark if state.marked else look.base)
        for placed, gap in self._places:
            self._cell(runs, row, placed, " " * gap, look)
        return runs.strip(self._cells)

    def header(self, sort: SortBy | None) -> Strip:
        """The line of the column titles, with an arrow at the one that the rows are sorted by."""
        style, lit = self.palette.header, self.palette.sorted_header
        runs = _Runs()
        runs.add(" " * GUTTER, style)
        for placed, gap in self._places:
            sorted_here = sort is not None and sort.column == placed.column.id
            runs.add(_title(placed, sort if sorted_here else None), lit if sorted_here else style)
            runs.add(" " * gap, style)
        return runs.strip(self._cells)

    def _cell(self, runs: "_Runs", row: Row, placed: Placed, gap: str, look: Look) -> None:
        cell = row.cells[placed.index] if placed.index < len(row.cells) else EMPTY
        if cell.bar is not None and placed.column.bars:
            drawn = bar(cell.bar)
            for glyph, run in groupby(drawn):
                runs.add("".join(run), look.glyphs.get(glyph, look.base))
            runs.add(fit(bar_figures(cell.bar), placed.width - len(drawn)) + gap, look.tones[cell.tone])
            return
        before = " " * indent(row) if placed.index == 0 else ""
        text = fit(before + sanitise(cell.text), placed.width, placed.column.align, placed.column.elide)
        runs.add(text + gap, look.tones[cell.tone])


class _Runs:
    """Collects text; neighbours in the very same style become one segment."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._segments: list[Segment] = []
        self._style = Style.null()

    def add(self, text: str, style: Style) -> None:
        if style is not self._style:
            self._close()
            self._style = style
        self._texts.append(text)

    def _close(self) -> None:
        if self._texts:
            self._segments.append(Segment("".join(self._texts), self._style))
            self._texts.clear()

    def strip(self, cells: int) -> Strip:
        self._close()
        return Strip(self._segments, cells)


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
