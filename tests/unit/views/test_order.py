"""Rows are sorted among their siblings, unknown last both ways; folds and filters decide which of them show."""

import math

import pytest

from core.errors import InputError
from core.views.order import arranged, parse_sort
from core.views.table import Cell, Column, Row, SortBy, SortKey, bar_cell, text_cell

COLUMNS = (Column("name", "NAME", 5), Column("cpu", "CPU", 18, bars=True), Column("x", "X", 1, sortable=False))


def row(name: str, booked: float | None = 0.0, used: float | None = None, parent: str = "", group: bool = False) -> Row:
    return Row(name, (Cell(name, name), bar_cell(booked, used)), parent, group=group)


def ids(rows: list[Row], sort: SortBy | None = None, folded: str = "", matches: str = "") -> str:
    return "".join(arranged(rows, COLUMNS, sort, folded, (lambda r: r.id in matches) if matches else None))


def test_unknown_is_last_whichever_way_and_equals_keep_their_order() -> None:
    rows = [row("a", None), row("b", 0.2), row("c", 0.9), row("d", 0.2), row("e", math.nan)]
    assert ids(rows, SortBy("cpu")) == "bdcae"
    assert ids(rows, SortBy("cpu", descending=True)) == "cbdae"
    assert ids(rows) == "abcde"


def test_a_bar_sorts_by_booked_or_by_used() -> None:
    rows = [row("a", 0.9, 0.1), row("b", 0.1, 0.8), row("c", 0.5, None)]
    assert ids(rows, SortBy("cpu")) == "bca"
    assert ids(rows, SortBy("cpu", used=True)) == "abc"


def test_numbers_and_names_mixed_in_one_column_can_be_sorted() -> None:
    values: list[SortKey] = ["b", 3, None, "A", 1.5]
    rows = [Row(str(i), (Cell("", value),)) for i, value in enumerate(values)]
    assert arranged(rows, COLUMNS, SortBy("name")) == ["4", "1", "3", "0", "2"]


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["n.10", "n.2", "N.1", "n", "m.30", "n.2.b"]
    rows = [Row(name, (text_cell(name),)) for name in names]
    columns = (Column("name", "NAME", 10),)
    assert arranged(rows, columns, SortBy("name")) == ["m.30", "n", "N.1", "n.2", "n.2.b", "n.10"]


def test_members_stay_below_their_group() -> None:
    rows = [row("G", 0.1, group=True), row("a", 0.3, parent="G"), row("b", 0.2, parent="G")]
    rows += [row("H", 0.9, group=True), row("c", 0.5, parent="H"), row("o", 0.0, parent="gone")]
    assert ids(rows, SortBy("cpu")) == "oGbaHc"
    assert ids(rows, SortBy("cpu", descending=True)) == "HcGabo"
    assert ids(rows, folded="G") == "GHco"
    assert ids(rows, matches="b") == "Gb"
    assert ids(rows, matches="b", folded="G") == "G"
    assert ids(rows, matches="H") == "H"


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("cpu", SortBy("cpu")),
        ("-cpu", SortBy("cpu", descending=True)),
        ("cpu=dsc", SortBy("cpu", descending=True)),
        ("CPU.used=asc", SortBy("cpu", used=True)),
        ("-cpu.used", SortBy("cpu", used=True, descending=True)),
    ],
)
def test_a_sort_as_a_person_writes_it(text: str, sort: SortBy) -> None:
    assert parse_sort(text, COLUMNS) == sort


@pytest.mark.parametrize("text", ["", "x", "nope", "cpu.free", "cpu=up"])
def test_a_sort_that_makes_no_sense_names_the_choices(text: str) -> None:
    with pytest.raises(InputError, match="choose from name, cpu"):
        parse_sort(text, COLUMNS)
