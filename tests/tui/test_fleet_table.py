"""The table on its own: what its lines say, and that the cursor stays on its row whatever happens to the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from core.views.table import Bar, Cell, SortBy, TableChange, TableView, Tone, text_cell
from tests.tui.fleet import KEY, NOW, flat, fleet, node, pooled
from tui.widgets.fleet_table import FleetTable


class TableApp(App[None]):
    """A table and nothing else, on a clock that the test moves."""

    now = 100.0
    at = ""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield FleetTable(clock=lambda: self.now)

    def on_fleet_canvas_cursor_moved(self, message: FleetTable.CursorMoved) -> None:
        self.at = message.row_id

    def on_fleet_table_opened(self, message: FleetTable.Opened) -> None:
        self.heard.append(message)


@asynccontextmanager
async def shown(view: TableView, size: tuple[int, int] = (120, 12)) -> AsyncIterator[tuple[FleetTable, Pilot[None]]]:
    app = TableApp()
    async with app.run_test(size=size) as pilot:
        table = app.query_one(FleetTable)
        table.load(view)
        await pilot.pause()
        yield table, pilot


def text(table: FleetTable, y: int) -> str:
    return table.render_line(y).text.rstrip()


def line_of(table: FleetTable, row_id: str) -> int:
    """The line on which a row shows."""
    return table.model.position[row_id] - table.scroll_offset.y + 1


async def test_a_table_without_a_scrollbar_reaches_the_screen() -> None:
    async with shown(flat(3), (100, 12)) as (_, pilot):
        drawn = [strip.text for strip in pilot.app.screen._compositor.render_strips()]
        assert "cn-hangzhou.10.0.0.1" in drawn[2]
        assert {len(line) for line in drawn} == {100}


async def test_lines_say_bars_figures_and_marks_without_colour() -> None:
    view = fleet(node(1, cpu=Bar(0.61, 0.18)), node(2, cpu=Bar(0.5, 0.71)), node(3, cpu=Bar(1.04)))
    async with shown(view, (100, 10)) as (table, pilot):
        await pilot.press("down", "space")
        assert text(table, 0).startswith("   NODE")
        assert "CPU    booked used MEMORY booked used" in text(table, 0)
        assert "▌  cn-hangzhou.10.0.0.3 ░░░░░░░░░░ 104   -" in text(table, 3)
        assert " ● cn-hangzhou.10.0.0.2 █████▒▒···  50  71" in text(table, 2)
        assert "   cn-hangzhou.10.0.0.1 ██░░░░····  61  18" in text(table, 1)
        assert text(table, 4) == ""


async def test_groups_show_whether_they_are_open() -> None:
    async with shown(pooled(web=2, gpu=1), (200, 12)) as (table, pilot):
        assert text(table, 1).startswith("▌▾ web")
        assert text(table, 2).startswith("    cn-hangzhou")
        await pilot.press("enter")
        assert text(table, 1).startswith("▌▸ web")
        assert text(table, 2).startswith(" ▾ gpu")
        await pilot.press("z")
        assert [text(table, y)[:6] for y in (1, 2, 3)] == ["▌▸ web", " ▸ gpu", ""]
        await pilot.press("z")
        assert text(table, 2).startswith("    cn-hangzhou")


HOSTILE = ["[red]x[/red]", "\x1b[31mred\x1b[0m", "节点-" * 12, "a\nb\tc", "\u202egnp", "👩\u200d🚀" * 9, "", "x" * 300]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [(80, 8), (160, 8), (20, 8)])
async def test_hostile_names_neither_break_the_line_nor_style_it(name: str, size: tuple[int, int]) -> None:
    cell = text_cell(name, Tone.DANGER)
    hostile = node(1, name=cell, verdict=cell)
    async with shown(fleet(hostile, node(2)), size) as (table, _):
        for y in range(3):
            strip = table.render_line(y)
            assert cell_len(strip.text) == strip.cell_length == table.scrollable_content_region.width
            assert not set(strip.text) & set("\x1b\n\t\u202e\u200d")
        if name == "[red]x[/red]" and size[0] > 20:
            assert "[red]x[/red]" in text(table, 1)


async def test_the_cursor_stays_on_its_row_and_its_line_when_others_move() -> None:
    async with shown(flat(100)) as (table, pilot):
        await pilot.press(*["down"] * 30)
        row_id, line = table.cursor_id, line_of(table, table.cursor_id)
        ids = [row_id for row_id in table.model.order if int(row_id.rpartition(".")[2]) % 3 == 0]
        assert row_id in ids
        table.change(TableChange(KEY, 1, 2, NOW, removed=(), order=tuple(ids)))
        table.settle()
        await pilot.pause()
        assert table.cursor_id == row_id
        assert line_of(table, row_id) == line


async def test_while_nobody_moved_the_top_stays_in_sight() -> None:
    async with shown(flat(5)) as (table, _):
        first = table.cursor_id
        few = [node(7).id, *table.model.order]
        table.change(TableChange(KEY, 1, 2, NOW, (node(7),), order=tuple(few)))
        table.settle()
        assert (table.scroll_offset.y, table.cursor_id, line_of(table, first)) == (0, first, 2)
        more = [node(index) for index in range(20, 50)]
        table.change(TableChange(KEY, 2, 3, NOW, tuple(more), order=(*(row.id for row in more), *few)))
        table.settle()
        assert (table.scroll_offset.y, table.cursor_id) == (0, more[0].id)


async def test_other_columns_and_totals_are_drawn_at_once() -> None:
    async with shown(flat(3)) as (table, pilot):
        view = flat(3)
        table.load(replace(view, columns=view.columns[:3], totals=node(2, name=text_cell("all"))))
        await pilot.pause()
        assert text(table, 0).split() == ["NODE", "POOL", "TYPE"]
        assert text(table, 1).startswith("   all")
        assert text(table, 2).startswith("▌  cn")


async def test_a_cursor_whose_row_went_stays_in_its_place() -> None:
    async with shown(flat(10)) as (table, pilot):
        await pilot.press("down", "down")
        ids = [row_id for row_id in table.model.order if row_id != table.cursor_id]
        table.change(TableChange(KEY, 1, 2, NOW, order=tuple(ids)))
        table.settle()
        assert table.cursor_id == ids[2]
        table.change(TableChange(KEY, 2, 3, NOW, order=()))
        table.settle()
        assert table.cursor_id == ""
        await pilot.press("down", "enter", "space", "G", "C")
        assert table.cursor_id == ""


async def test_live_rows_move_only_every_few_seconds() -> None:
    async with shown(flat(10)) as (table, pilot):
        table.sort_by(SortBy("cpu", descending=True))
        first = table.model.order[0]
        table.model.put(node(int(first.rpartition(".")[2]), cpu=Bar(0.0, 0.0)))
        table.flush()
        assert table.model.order[0] == first
        assert "   0   0" in text(table, 1)
        app = pilot.app
        assert isinstance(app, TableApp)
        app.now += 6
        table.flush()
        assert table.model.order[-1] == first


async def test_new_rows_come_at_most_once_a_second() -> None:
    async with shown(flat(3)) as (table, pilot):
        app = pilot.app
        assert isinstance(app, TableApp)
        table.model.put(node(7))
        table.flush()
        assert len(table.model.order) == 3
        app.now += 1.5
        table.flush()
        assert len(table.model.order) == 4


async def test_sorting_by_letter_goes_through_the_orders_of_a_column() -> None:
    async with shown(flat(30)) as (table, pilot):
        seen = []
        for _ in range(5):
            await pilot.press("C")
            seen.append(table.model.sort)
        assert seen == [
            SortBy("cpu", descending=True),
            SortBy("cpu", used=True, descending=True),
            SortBy("cpu"),
            SortBy("cpu", used=True),
            SortBy("cpu", descending=True),
        ]
        assert "CPU   ▼booked used" in text(table, 0)
        await pilot.press("N")
        assert "NODE▲" in text(table, 0)
        assert table.cursor_id == table.model.order[0], "a cursor that nobody moved stays at the top"


async def test_sorting_takes_a_moved_cursor_along() -> None:
    async with shown(flat(200)) as (table, pilot):
        await pilot.press("G")
        last = table.cursor_id
        await pilot.press("N", "N")
        assert table.cursor_id == last
        assert 1 <= line_of(table, last) <= 11


async def test_keys_move_the_cursor_to_both_ends_and_no_further() -> None:
    async with shown(flat(100)) as (table, pilot):
        order = table.model.order
        for key, index in [
            ("j", 1),
            ("k", 0),
            ("k", 0),
            ("pagedown", 10),
            ("G", 99),
            ("j", 99),
            ("pageup", 89),
            ("g", 0),
        ]:
            await pilot.press(key)
            assert order.index(table.cursor_id) == index, key
            assert pilot.app.at == table.cursor_id  # type: ignore[attr-defined]
            assert 1 <= line_of(table, table.cursor_id) <= 11


async def test_enter_and_double_click_open_the_row() -> None:
    async with shown(flat(5)) as (table, pilot):
        await pilot.press("down", "enter")
        await pilot.click(FleetTable, offset=(10, 4), times=2)
        heard = [message.row.id for message in pilot.app.heard]  # type: ignore[attr-defined]
        assert heard == [table.model.order[1], table.model.order[3]]


async def test_clicks_choose_mark_fold_and_sort() -> None:
    async with shown(pooled(web=3)) as (table, pilot):
        await pilot.click(FleetTable, offset=(10, 3))
        assert table.cursor_id == table.model.order[2]
        await pilot.click(FleetTable, offset=(1, 3))
        assert table.model.marks == {table.model.order[2]}
        await pilot.click(FleetTable, offset=(1, 1))
        assert len(table.model.order) == 1
        cpu = next(placed for placed in table.layout_now.columns if placed.column.id == "cpu")
        await pilot.click(FleetTable, offset=(cpu.x, 0))
        assert table.model.sort == SortBy("cpu", descending=True)
        await pilot.click(FleetTable, offset=(cpu.end - 1, 0))
        assert table.model.sort == SortBy("cpu", used=True, descending=True)
        await pilot.click(FleetTable, offset=(10, 9))


async def test_wide_scrolls_all_but_the_first_column() -> None:
    async with shown(flat(5), (80, 10)) as (table, pilot):
        assert "TYPE" not in text(table, 0)
        await pilot.press(*["right"] * 10)
        await pilot.pause()
        assert table.wide
        assert text(table, 1)[3:].startswith("cn-hangzhou.10.0.0.0")
        assert "SCALE-IN" in text(table, 0)
        assert "CPU" not in text(table, 0)
        await pilot.press("ctrl+w")
        assert "CPU" in text(table, 0)


async def test_only_changed_lines_that_show_are_drawn_again() -> None:
    async with shown(flat(100)) as (table, pilot):
        table.flush()
        await pilot.pause()
        drawn: list[int] = []
        render_line = table.render_line

        def counting(y: int) -> object:
            drawn.append(y)
            return render_line(y)

        table.render_line = counting  # type: ignore[method-assign, assignment]
        table.model.put(node(3, cpu=Bar(0.99)))
        table.model.put(node(80, cpu=Bar(0.99)))
        table.flush()
        await pilot.pause()
        assert drawn == [4]
        drawn.clear()
        await pilot.press("down")
        assert sorted(set(drawn)) == [1, 2]


async def test_columns_widen_with_their_content_and_totals_stand_still() -> None:
    long = node(1, name=text_cell("cn-hangzhou.a-rather-long-name.10.0.0.1"))
    totals = node(2, name=Cell("2 nodes"))
    async with shown(fleet(long, *(node(index) for index in range(3, 60)), totals=totals), (200, 10)) as (table, pilot):
        assert "cn-hangzhou.a-rather-long-name.10.0.0.1" in text(table, 2)
        await pilot.press("G")
        assert text(table, 1).startswith("   2 nodes")
        assert text(table, 9).startswith("▌")
