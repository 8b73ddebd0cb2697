"""What the commands about decisions share: options, filter and order, and the forms of their answers."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli import output
from cli import reading as source
from cli.where import add_source_options
from core.session import Reading
from core.views.filter import parse_filter
from core.views.order import arranged, parse_sort
from core.views.table import Row, TableView
from core.views.text import sanitise

FORMATS = ("table", "json", "yaml", "csv", "name")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Filter, form and order, and where the data comes from."""
    parser.add_argument("filter", nargs="*", help="only rows that hold these words; !word leaves out")
    parser.add_argument("-o", "--output", choices=FORMATS, default="table", help="default: table")
    parser.add_argument(
        "--sort", default="", metavar="COLUMN", help="a column, - before it for descending: --sort=-pods"
    )
    add_source_options(parser)


def read(args: argparse.Namespace, history: bool = False) -> Reading:
    """The source, with the cloud's groups where a cloud is configured; with `history` days of usage too."""
    return source.read(args, cloud_need="plan", history=history)


def kept(args: argparse.Namespace, view: TableView) -> list[Row]:
    """The rows that the filter lets through, in the wished order."""
    sort = parse_sort(args.sort, view.columns) if args.sort else None
    rows = {row.id: row for row in view.rows}
    return [
        rows[row_id] for row_id in arranged(view.rows, view.columns, sort, matches=parse_filter(" ".join(args.filter)))
    ]


def write_table(view: TableView, rows: Sequence[Row], leave_out: Iterable[str] = ()) -> None:
    """Headlines, then the rows without some columns."""
    output.write("".join(f"{sanitise(note)}\n" for note in view.notes) + ("\n" if view.notes else ""))
    output.write(output.as_table(view, rows, leave_out))


def write_document(args: argparse.Namespace, document: Mapping[str, Any], kind: str) -> None:
    """JSON or YAML."""
    whole = {"apiVersion": "vacancy/v1", "kind": kind, **document}
    output.write(output.as_json(whole) if args.output == "json" else output.as_yaml(whole))
