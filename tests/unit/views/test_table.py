"""The contract of the views: change sets lead from one snapshot to the next, and all can cross a process border."""

import msgspec
import pytest

from core.views.table import (
    Bar,
    Cell,
    Column,
    Row,
    TableChange,
    TableView,
    ViewKey,
    apply,
    bar_cell,
    difference,
    text_cell,
)

KEY = ViewKey("nodes", group_by="pool")
COLUMNS = (Column("name", "NODE", 20), Column("cpu", "CPU", 18, bars=True))


def row(name: str, booked: float = 0.5) -> Row:
    return Row(name, (text_cell(name), bar_cell(booked, None)), labels={"zone": "h"})


def view(generation: int, *rows: Row, title: str = "Nodes") -> TableView:
    return TableView(KEY, title, COLUMNS, rows, generation, as_of=float(generation))


def change(old: TableView, new: TableView) -> TableChange:
    result = difference(old, new)
    assert isinstance(result, TableChange)
    return result


def test_only_rows_that_differ_are_sent() -> None:
    old, new = view(1, row("a"), row("b")), view(2, row("a"), row("b", 0.9))
    delta = change(old, new)
    assert [r.id for r in delta.upserted] == ["b"]
    assert delta.removed == ()
    assert delta.order is None
    assert apply(old, delta) == new


@pytest.mark.parametrize("ids", ["", "a", "ba", "cab", "bdc", "xyz"])
def test_rows_that_come_go_and_move_arrive_in_the_new_order(ids: str) -> None:
    old, new = view(1, row("a"), row("b"), row("c")), view(2, *[row(i) for i in ids])
    assert apply(old, change(old, new)) == new


def test_a_change_of_the_frame_is_a_whole_view() -> None:
    new = view(2, row("a"), title="Nodes of two")
    assert difference(view(1, row("a")), new) is new


def test_a_change_set_refuses_another_generation_and_another_view() -> None:
    delta = change(view(1, row("a")), view(2, row("b")))
    with pytest.raises(ValueError, match="can't follow 3"):
        apply(view(3, row("a")), delta)
    with pytest.raises(ValueError, match="can't follow"):
        apply(msgspec.structs.replace(view(1, row("a")), key=ViewKey("pods")), delta)


def test_views_and_changes_survive_the_wire() -> None:
    old = view(1, row("a"), Row("g", (Cell("x", 3), Cell("", None, bar=Bar(None))), group=True))
    delta = change(old, view(2, row("b")))
    for message in (old, delta):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=TableView | TableChange) == message
