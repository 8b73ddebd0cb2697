"""Printing an answer: as a table, JSON, YAML, CSV or bare names. What an answer holds is decided in core/views."""

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from core.views import format as fmt
from core.views.table import Align, Cell, Column, Row, TableView
from core.views.text import fit, sanitise, width

FORMATS = ("table", "wide", "json", "yaml", "csv", "name")
_GAP = "  "


def as_json(document: Mapping[str, Any]) -> str:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def as_yaml(document: Mapping[str, Any] | Sequence[Any]) -> str:
    """YAML, keys in the document's order."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)


def as_documents(documents: Iterable[Mapping[str, Any]]) -> str:
    """Several YAML documents in one stream, as `kubectl apply -f -` takes them."""
    return "---\n".join(map(as_yaml, documents))


def as_csv(lines: Iterable[Mapping[str, Any]]) -> str:
    """CSV with a header; unknown values are empty. No lines: nothing but an empty text."""
    found = list(lines)
    out = io.StringIO()
    if found:
        writer = csv.DictWriter(out, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _csv_value(value) for key, value in line.items()} for line in found)
    return out.getvalue()


def _csv_value(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula, or a terminal for a command, is made plain text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    return f"'{sanitise(value)}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else sanitise(value)


def as_names(names: Iterable[str]) -> str:
    """Names such as `node/n1`, one a line, as kubectl takes them."""
    return "".join(f"{sanitise(name)}\n" for name in names)


def as_table(view: TableView, rows: Sequence[Row], leave_out: Iterable[str] = ()) -> str:
    """A plain table, as wide as its content; totals last. A view without rows says so."""
    if not rows:
        return f"{sanitise(view.empty)}\n"
    skipped = set(leave_out)
    shown = [(index, column) for index, column in enumerate(view.columns) if column.id not in skipped]
    lines = [*rows, view.totals] if view.totals is not None else list(rows)
    texts = [[_text(row.cells[index], column, row.depth) for index, column in shown] for row in lines]
    widths = [max([len(column.title), *map(width, cells)]) for (_, column), *cells in zip(shown, *texts, strict=True)]
    head = [column.title for _, column in shown]
    return "".join(_line(cells, [column for _, column in shown], widths) for cells in [head, *texts])


def _text(cell: Cell, column: Column, depth: int) -> str:
    text = fmt.bar_with_figures(cell.bar) if cell.bar is not None else sanitise(cell.text)
    return _GAP * depth + text if column.importance == 0 and depth and cell.bar is None else text


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = (
        fit(cell, size, Align.RIGHT if column.align is Align.RIGHT else Align.LEFT)
        for cell, column, size in zip(cells, columns, widths, strict=True)
    )
    return _GAP.join(parts).rstrip() + "\n"


def write(text: str) -> None:
    """Print an answer as it is: names that this terminal can't encode are replaced, never an error."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
