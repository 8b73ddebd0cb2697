"""The sentences below the Pending table, from what a row of it holds. The rows are made in pending, which needs the
planner; a screen only needs this."""

from core.views.table import Row, TableView

SAYS = "says"
"""The column with the scheduler's own words: too wide for most tables, in full below them."""


def why(view: TableView, row: Row) -> str:
    """Why the pods of a row wait, in plain sentences: ours, then the scheduler's."""
    cells = {column.id: cell.text for column, cell in zip(view.columns, row.cells, strict=False)}
    verdict, _, sentence = cells.get("verdict", "").partition(": ")
    said = f"{cells.get('name', '')} ({verdict}): {sentence}"
    says = cells.get(SAYS, "").partition(" no new claims to deallocate")[0].partition(" preemption: ")[0]
    return f"{said} The scheduler says: {says}" if says else said
