"""The forms of an answer: tables that line up, CSV that no spreadsheet runs, names that a terminal survives."""

import csv
import io
import sys

import msgspec
import pytest
import yaml

from cli import output
from core.views.table import Align, Bar, Cell, Column, Row, TableView, ViewKey
from core.views.text import width


def table(*rows: Row, totals: Row | None = None) -> TableView:
    columns = (Column("name", "NAME", 10), Column("count", "COUNT", 5, align=Align.RIGHT, importance=1))
    return TableView(ViewKey("nodes"), "Nodes", columns, rows, 1, 0.0, totals, empty="None\x1b[31m here.")


def row(name: str, count: int, depth: int = 0) -> Row:
    return Row(name, (Cell(name), Cell(str(count), count)), depth=depth)


def test_wide_glyphs_line_up() -> None:
    view = table(row("名前名前", 1), row("plain", 22), row("[red]x\x1b[31m", 333))
    lines = output.as_table(view, view.rows).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines] == ["COUNT", "1", "22", "333"]


def test_hostile_text_stays_text_on_one_line() -> None:
    view = table(row("[red]a\nb\x1b[31m\u202ec", 1))
    text = output.as_table(view, view.rows)
    assert text.count("\n") == 2
    assert "[red]a" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_members_are_indented_below_their_group_and_totals_stand_last() -> None:
    view = table(row("web", 2), row("n1", 1, depth=1), totals=row("total", 2))
    assert [line[:4] for line in output.as_table(view, view.rows).splitlines()] == ["NAME", "web ", "  n1", "tota"]


def test_a_table_without_rows_says_why_and_harmlessly() -> None:
    assert output.as_table(table(), ()) == "None␛[31m here.\n"


def test_columns_can_be_left_out() -> None:
    view = table(row("a", 1))
    assert output.as_table(view, view.rows, ("count",)) == "NAME\na\n"


def test_an_unknown_share_is_a_dash_not_zero() -> None:
    view = table(Row("a", (Cell("a"), Cell("", None, bar=Bar(None, None)))))
    assert output.as_table(view, view.rows).splitlines()[1].split() == ["a", "-", "-"]


@pytest.mark.parametrize("start", "=+-@\t\r")
def test_a_spreadsheet_takes_no_name_for_a_formula(start: str) -> None:
    text = output.as_csv([{"name": f"{start}cmd|' /C calc'!A0", "amount": -5}])
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["name"][0] not in "=+-@\t\r"
    assert line["amount"] == "-5"


def test_csv_holds_one_line_for_each_row_whatever_the_names_are() -> None:
    names = ["a\nb", 'c"d', "e,f", "\x1b[31mg", "名"]
    text = output.as_csv([{"name": name} for name in names])
    assert text.count("\n") == len(names) + 1
    assert "\x1b" not in text
    assert [line["name"] for line in csv.DictReader(io.StringIO(text))][1:3] == ['c"d', "e,f"]


def test_csv_leaves_unknown_values_empty_and_spells_truth_as_json_does() -> None:
    assert output.as_csv([{"a": None, "b": True, "c": 0}]) == "a,b,c\n,true,0\n"
    assert output.as_csv([]) == ""


def test_names_come_one_a_line() -> None:
    assert output.as_names(["node/a", "node/b\nnode/c\x1b[31m"]) == "node/a\nnode/b⏎node/c␛[31m\n"
    assert output.as_names([]) == ""


def test_documents_read_back_as_they_were() -> None:
    document = {"name": "a: b\n- c\x1b", "amount": 2**63 - 1, "unknown": None, "yes": "yes"}
    assert msgspec.json.decode(output.as_json(document)) == document
    assert yaml.safe_load(output.as_yaml(document)) == document


def test_what_the_terminal_cant_encode_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.write("█ 名 a\n")
    sys.stdout.flush()
    assert raw.getvalue() == b"? ? a\n"
