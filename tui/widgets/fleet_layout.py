"""Which columns of a fleet table fit a width, and where each stands. Arithmetic only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.views.table import Column

GUTTER = 3
"""Cells before the first column: the cursor, the mark or the fold, a space."""
ROOMY = 110
"""From this width on two cells stand between columns, below it one."""

MINOR = 3
"""Columns of this importance number and above leave before the first column gets narrower than it would like."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column in its place: `index` into a row's cells, `x` from the left edge, both in cells."""

    column: Column
    index: int
    x: int
    width: int

    @property
    def end(self) -> int:
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that show; the first is frozen. `width` is what they take, `dropped` how many had to go."""

    columns: tuple[Placed, ...]
    width: int
    dropped: int

    @property
    def frozen(self) -> int:
        """Cells at the left that don't scroll."""
        return self.columns[0].end if self.columns else 0

    def at(self, x: int) -> Placed | None:
        """The column at `x`, the gap before it included."""
        return next((placed for placed in self.columns if x < placed.end), None)


def lay_out(columns: Sequence[Column], width: int, content: Mapping[str, int], wide: bool = False) -> Layout:
    """Place `columns` in `width` cells.

    Columns leave by importance until the rest fits at its least width; what is left over widens columns to the width
    they would like, the important ones first, then those that `grow` up to their `content`'s width. `wide` keeps all
    columns at the width they would like, and the table scrolls sideways.
    """
    gap = 2 if wide or width >= ROOMY else 1
    kept = list(enumerate(columns))
    if not wide:
        kept = _kept(kept, width, gap, content)
    widths = {index: _liked(column, content) if wide else _least(column) for index, column in kept}
    spare = width - _total(widths, gap)
    for index, column in sorted(kept, key=lambda pair: pair[1].importance):
        more = max(min(_liked(column, content) - widths[index], spare), 0)
        widths[index], spare = widths[index] + more, spare - more
    for index, column in kept:
        if column.grow:
            more = max(min(content.get(column.id, 0) - widths[index], spare), 0)
            widths[index], spare = widths[index] + more, spare - more
    return _place(columns, widths, gap)


def _kept(
    columns: list[tuple[int, Column]], width: int, gap: int, content: Mapping[str, int]
) -> list[tuple[int, Column]]:
    kept = list(columns)
    while True:
        last = max(kept[1:], key=lambda pair: (pair[1].importance, pair[0]), default=None)
        if last is None or last[1].importance == 0:
            return kept
        widths = {index: _least(column) for index, column in kept}
        if last[1].importance >= MINOR:
            widths[kept[0][0]] = _liked(kept[0][1], content)
        if _total(widths, gap) <= width:
            return kept
        kept.remove(last)


def _least(column: Column) -> int:
    return min(column.min_width or column.width, column.width)


def _liked(column: Column, content: Mapping[str, int]) -> int:
    """The width it would like; one that grows with its content needs no more than that."""
    if not column.grow or column.id not in content:
        return column.width
    return min(column.width, max(content[column.id], _least(column)))


def _total(widths: Mapping[int, int], gap: int) -> int:
    return GUTTER + sum(widths.values()) + gap * (len(widths) - 1)


def _place(columns: Sequence[Column], widths: Mapping[int, int], gap: int) -> Layout:
    placed: list[Placed] = []
    x = GUTTER
    for index, width in widths.items():
        placed.append(Placed(columns[index], index, x, width))
        x += width + gap
    return Layout(tuple(placed), x - gap, len(columns) - len(widths))
