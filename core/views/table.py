"""The contract between the views and whoever shows them: columns, cells, rows, snapshots and change sets.

Everything here is plain frozen data that could cross a process border. Sorting and folding live in `order`, filters in
`filter`, text forms in `format`; what a node or a group shows lives in the view named after it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

SortKey = str | int | float | None
"""The raw value beside a cell's text. None means unknown, and sorts last whichever way the column is sorted."""


class Tone(StrEnum):
    """What a cell's colour means; the theme decides how it looks, and the text says the same without it."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    DANGER = "danger"  # only for what needs a hand now
    MUTED = "muted"
    ACCENT = "accent"


class Align(StrEnum):
    """Where a cell's text stands in its column."""

    LEFT = "left"
    RIGHT = "right"


class Elide(StrEnum):
    """Which end of a text gives way when it doesn't fit: names of nodes differ at their end, so they lose the start."""

    START = "start"
    END = "end"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Booked (requests) and used (measured), both as fractions of allocatable: 0.61 is 61 %. None is unknown."""

    booked: float | None
    used: float | None = None


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One cell: its text (raw, not yet sanitised), its sort key, its tone, and a bar where the column draws bars.

    In a column of bars `text` stays empty: the bar and its two figures are drawn from `bar` (see `format.bar_figures`).
    """

    text: str
    sort: SortKey = None
    tone: Tone = Tone.PLAIN
    bar: Bar | None = None


EMPTY: Final = Cell("")
UNKNOWN: Final = Cell("-", tone=Tone.MUTED)


def text_cell(text: str, tone: Tone = Tone.PLAIN) -> Cell:
    """A cell that sorts by its own text; an empty text is an empty cell."""
    return Cell(text, text, tone) if text else EMPTY


def bar_cell(booked: float | None, used: float | None) -> Cell:
    """A cell that draws a two-tone bar and sorts by what is booked."""
    return Cell("", booked, Tone.PLAIN, Bar(booked, used))


class Column(msgspec.Struct, frozen=True):
    """One column. Widths are in terminal cells without the gap to the next column."""

    id: str
    title: str
    width: int
    """The width it would like."""
    min_width: int = 0
    """The least it can live with when space is short; 0 means `width`."""
    align: Align = Align.LEFT
    importance: int = 0
    """0 is never dropped; of the others the highest number is dropped first on a narrow terminal."""
    elide: Elide = Elide.END
    grow: bool = False
    """Takes a share of the space that is left over."""
    bars: bool = False
    """Its cells are bars with two figures, and it can be sorted by either."""
    sortable: bool = True
    hotkey: str = ""
    """The capital letter that sorts by it; not G or S, which are taken."""
    describes: str = ""
    """One plain sentence for the help."""


class ViewKey(msgspec.Struct, frozen=True, gc=False):
    """Which view is meant: `ViewKey("nodes", group_by="pool")`, `ViewKey("node", "cn-hangzhou.10.0.3.17")`."""

    kind: str
    name: str = ""
    group_by: str = ""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row. `id` never changes while the thing lives: cursor, marks and folds hang on it.

    A roll-up is a row with `group=True`; its members follow it in the view and name it in `parent`.
    """

    id: str
    cells: tuple[Cell, ...]
    parent: str = ""
    depth: int = 0
    group: bool = False
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What a `-l` filter looks at. Shared with the object, never copied."""
    opens: ViewKey | None = None
    """What Enter shows, for example the object that causes a verdict. None leaves it to the screen: the row itself."""


class SortBy(msgspec.Struct, frozen=True):
    """How rows are ordered: by a column, in a column of bars by `used` instead of booked, down or up."""

    column: str
    used: bool = False
    descending: bool = False


class TableView(msgspec.Struct, frozen=True, tag=True):
    """A table at one moment: columns, rows in the view's own order, totals. A whole view replaces what came before."""

    key: ViewKey
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    generation: int
    as_of: float
    """Unix seconds of the data, not of the drawing."""
    totals: Row | None = None
    sort: SortBy | None = None
    """The order the view suggests; None keeps the rows as they come."""
    group_choices: tuple[str, ...] = ()
    """What `key.group_by` may be, in the order in which a key cycles through them; "" is no grouping."""
    noun: str = "rows"
    """What the rows are, in the plural: "nodes"."""
    empty: str = "Nothing here."
    """What to say, in one line, when there are no rows: why, and what to do."""
    notes: tuple[str, ...] = ()
    """What is limited about this view: a missing source, a permission, a rule set."""


class TableChange(msgspec.Struct, frozen=True, tag=True):
    """What differs from the generation before: rows by id. Columns never change this way, a new TableView does that."""

    key: ViewKey
    base: int
    """The generation it applies to; on any other the receiver waits for a whole TableView."""
    generation: int
    as_of: float
    upserted: tuple[Row, ...] = ()
    removed: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None
    """All row ids in the view's order; None while no row came, went or moved."""
    totals: Row | None = None
    notes: tuple[str, ...] = ()


def difference(old: TableView, new: TableView) -> TableChange | TableView:
    """The change set from `old` to `new`, or `new` itself where that can't be said. O(rows), by identity first."""
    if _frame(old) != _frame(new):
        return new
    before = {row.id: row for row in old.rows}
    upserted = tuple(row for row in new.rows if _differs(before.pop(row.id, None), row))
    ids = tuple(row.id for row in new.rows)
    same_order = not before and ids == tuple(row.id for row in old.rows)
    return TableChange(
        key=new.key,
        base=old.generation,
        generation=new.generation,
        as_of=new.as_of,
        upserted=upserted,
        removed=tuple(before),
        order=None if same_order else ids,
        totals=new.totals,
        notes=new.notes,
    )


def apply(view: TableView, change: TableChange) -> TableView:
    """`view` after `change`. ValueError when the change is for another view or another generation."""
    if change.key != view.key or change.base != view.generation:
        raise ValueError(f"change {change.base}->{change.generation} of {change.key} can't follow {view.generation}")
    rows = {row.id: row for row in view.rows}
    rows.update((row.id, row) for row in change.upserted)
    order: Sequence[str] = change.order if change.order is not None else tuple(rows)
    return msgspec.structs.replace(
        view,
        rows=tuple(rows[row_id] for row_id in order),
        generation=change.generation,
        as_of=change.as_of,
        totals=change.totals,
        notes=change.notes,
    )


def _frame(view: TableView) -> tuple[object, ...]:
    return view.key, view.title, view.columns, view.sort, view.group_choices, view.noun, view.empty


def _differs(old: Row | None, new: Row) -> bool:
    return old is not new and old != new
