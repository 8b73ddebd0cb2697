"""The order in which rows stand: sorted among their siblings, folded groups closed, and a filter's misses left out."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter

from core.errors import InputError
from core.views.table import Column, Row, SortBy, SortKey

_Ranked = tuple[int, float | tuple[tuple[str, int], ...]]
_PARTS = re.compile(r"(\D*)(\d{0,18})")


def arranged(
    rows: Iterable[Row],
    columns: Sequence[Column],
    sort: SortBy | None = None,
    folded: Collection[str] = (),
    matches: Callable[[Row], bool] | None = None,
) -> list[str]:
    """Ids of the rows to show, in order.

    Members stay below their group and are sorted among themselves, groups among groups. A group shows when it or a
    member matches. Unknown values stand last whichever way it is sorted; equal ones keep the view's order.
    """
    children: dict[str, list[Row]] = {}
    rows = list(rows)
    known = {row.id for row in rows if row.group}
    for row in rows:
        children.setdefault(row.parent if row.parent in known else "", []).append(row)
    shown: list[str] = []
    _walk("", children, _sorter(columns, sort), folded, matches, shown)
    return shown


def _walk(
    parent: str,
    children: dict[str, list[Row]],
    sort: Callable[[list[Row]], list[Row]],
    folded: Collection[str],
    matches: Callable[[Row], bool] | None,
    shown: list[str],
) -> None:
    for row in sort(children.pop(parent, [])):
        if not row.group:
            if matches is None or matches(row):
                shown.append(row.id)
            continue
        below: list[str] = []
        _walk(row.id, children, sort, folded, matches, below)
        if below or matches is None or matches(row):
            shown.append(row.id)
            if row.id not in folded:
                shown += below


def _sorter(columns: Sequence[Column], sort: SortBy | None) -> Callable[[list[Row]], list[Row]]:
    index = next((i for i, column in enumerate(columns) if sort and column.id == sort.column), None)
    if sort is None or index is None:
        return lambda rows: rows

    def in_order(rows: list[Row]) -> list[Row]:
        keyed = [(sort_key(row, index, sort.used), row) for row in rows]
        known = [(_ranked(value), row) for value, row in keyed if value is not None]
        known.sort(key=itemgetter(0), reverse=sort.descending)
        return [row for _, row in known] + [row for value, row in keyed if value is None]

    return in_order


def sort_key(row: Row, index: int, used: bool = False) -> SortKey:
    """The raw value by which `row` is sorted in the column at `index`; of a bar the used or the booked fraction."""
    if index >= len(row.cells):
        return None
    cell = row.cells[index]
    value = cell.bar.used if used and cell.bar is not None else cell.sort
    return None if value != value else value  # NaN is unknown


def _ranked(value: SortKey) -> _Ranked:
    """Numbers before names; numbers within names by their value, so that node .2 stands before .10."""
    return (1, _parts(value)) if isinstance(value, str) else (0, value or 0)


@lru_cache(maxsize=65_536)
def _parts(text: str) -> tuple[tuple[str, int], ...]:
    return tuple((words, int(digits or -1)) for words, digits in _PARTS.findall(text.casefold()))


def parse_sort(text: str, columns: Sequence[Column]) -> SortBy:
    """A sort as a person writes it: `cpu`, `-cpu` or `cpu=desc` for descending, `cpu.used` for a bar's other half."""
    name, _, direction = text.strip().lower().partition("=")
    descending = name.startswith("-") or direction in ("desc", "dsc")
    name, _, part = name.removeprefix("-").partition(".")
    column = next((column for column in columns if column.sortable and column.id == name), None)
    if column is None or part not in ("", "booked", "used") or direction not in ("", "asc", "desc", "dsc"):
        choices = ", ".join(column.id for column in columns if column.sortable)
        raise InputError(f"sort {text!r}: no such column; choose from {choices}, with - before it for descending")
    return SortBy(column.id, used=part == "used" and column.bars, descending=descending)
