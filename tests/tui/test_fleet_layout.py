"""Columns leave by importance, the important ones keep their width longest, and nothing overlaps."""

import pytest

from core.views.table import Column
from tests.tui.fleet import COLUMNS
from tui.widgets.fleet_layout import GUTTER, Layout, lay_out

CONTENT = {"name": 21, "scale-in": 24}


def shown(layout: Layout) -> list[str]:
    return [placed.column.id for placed in layout.columns]


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        (200, []),
        (150, []),
        (120, ["type", "origin"]),
        (110, ["pool", "type", "age", "origin"]),
        (80, ["pool", "type", "pods", "state", "age", "origin"]),
        (60, ["pool", "type", "memory", "pods", "state", "age", "origin"]),
    ],
)
def test_columns_leave_by_importance(width: int, gone: list[str]) -> None:
    layout = lay_out(COLUMNS, width, CONTENT)
    assert shown(layout) == [column.id for column in COLUMNS if column.id not in gone]
    assert layout.dropped == len(gone)


@pytest.mark.parametrize("width", range(1, 220, 7))
@pytest.mark.parametrize("wide", [False, True])
def test_columns_never_overlap_and_the_name_stays(width: int, wide: bool) -> None:
    layout = lay_out(COLUMNS, width, CONTENT, wide)
    assert shown(layout)[0] == "name"
    assert {"cpu", "scale-in"} <= set(shown(layout))
    ends = GUTTER - 1
    for placed in layout.columns:
        assert placed.x > ends
        assert placed.width >= min(placed.column.min_width or placed.column.width, placed.column.width)
        ends = placed.end
    assert layout.width == ends
    if not wide and layout.dropped < len(COLUMNS) - 3:
        assert layout.width <= width


def test_wide_keeps_all_columns() -> None:
    layout = lay_out(COLUMNS, 40, CONTENT, wide=True)
    assert layout.dropped == 0
    assert layout.width > 40


def test_what_is_left_over_goes_to_growing_columns_up_to_their_content() -> None:
    columns = (Column("a", "A", 5, grow=True), Column("b", "B", 5), Column("c", "C", 5, grow=True))
    assert [placed.width for placed in lay_out(columns, 60, {"a": 12, "c": 7}).columns] == [12, 5, 7]
    assert [placed.width for placed in lay_out(columns, 24, {"a": 12, "c": 7}).columns] == [9, 5, 5]
    assert [placed.width for placed in lay_out(columns, 60, {}).columns] == [5, 5, 5]


def test_which_column_is_at_a_place() -> None:
    layout = lay_out(COLUMNS, 200, CONTENT)
    cpu = next(placed for placed in layout.columns if placed.column.id == "cpu")
    assert layout.at(cpu.x) is cpu
    assert layout.at(cpu.end - 1) is cpu
    assert layout.at(cpu.x - 1) is cpu
    assert layout.at(9999) is None


def test_no_columns() -> None:
    assert lay_out((), 80, {}).columns == ()
