"""What a fleet table shows, without drawing it: rows by id, their order, marks, folds, sort and filter.

An update to a row is one dictionary write. The order is settled apart, because rows must not move on every tick.
"""

from collections.abc import Callable, Iterable

from core.views.order import arranged, sort_key
from core.views.table import Column, Row, SortBy, TableChange, TableView, ViewKey


class FleetModel:
    """The state of one fleet table. `order` holds the ids of the rows that show, `position` is its inverse."""

    def __init__(self) -> None:
        self.key: ViewKey | None = None
        self.columns: tuple[Column, ...] = ()
        self.rows: dict[str, Row] = {}
        self.order: list[str] = []
        self.position: dict[str, int] = {}
        self.totals: Row | None = None
        self.marks: set[str] = set()
        self.folded: set[str] = set()
        self.sort: SortBy | None = None
        self.matches: Callable[[Row], bool] | None = None
        self.generation = -1
        self.restructured = False
        """Rows came, went or moved, or the columns changed, since the order was settled."""
        self.drifted = False
        """A sort key changed since the order was settled."""
        self.size = 0
        """How many rows there are, groups left out, whether they show or not."""
        self.matching = 0
        """How many of them the filter lets through."""
        self.dirty: set[str] = set()
        """Rows that changed since they were last drawn."""
        self._ids: list[str] = []

    def load(self, view: TableView) -> None:
        """Take a whole view in place of what is there; a link sends them in order, so it is the newest."""
        if view.key != self.key:
            self.sort, self.folded, self.marks = view.sort, set(), set()
        elif not any(self.sort and column.id == self.sort.column for column in view.columns):
            self.sort = view.sort
        frame = self.columns, self.totals is None
        self.key, self.columns, self.generation = view.key, view.columns, view.generation
        before, self.rows = self.rows, {row.id: row for row in view.rows}
        ids = list(self.rows)
        self.dirty |= {row_id for row_id, row in self.rows.items() if before.get(row_id) is not row}
        self.drifted |= self.sort is not None
        self.restructured |= ids != self._ids or frame != (view.columns, view.totals is None)
        self._ids, self.totals = ids, view.totals

    def change(self, change: TableChange) -> bool:
        """Take a change set. False when it doesn't follow what is there: the owner must ask for a whole view."""
        if change.key != self.key or change.base != self.generation:
            return False
        self.generation, self.totals = change.generation, change.totals
        for row in change.upserted:
            self.put(row)
        if change.order is not None:
            self._ids, self.restructured = list(change.order), True
        return True

    def put(self, row: Row) -> None:
        """Take one row, changed or new."""
        old = self.rows.get(row.id)
        self.rows[row.id] = row
        self.dirty.add(row.id)
        if old is None:
            self._ids.append(row.id)
            self.restructured = True
        elif self._moves(old, row):
            self.drifted = True

    def _moves(self, old: Row, new: Row) -> bool:
        if self.sort is None or self.drifted:
            return False
        index = self.column_index(self.sort.column)
        return index is not None and sort_key(old, index, self.sort.used) != sort_key(new, index, self.sort.used)

    def column_index(self, column_id: str) -> int | None:
        """Where the column stands in a row's cells."""
        return next((index for index, column in enumerate(self.columns) if column.id == column_id), None)

    def settle(self) -> None:
        """Put the rows in order; rows that are gone leave, with their marks."""
        if len(self._ids) != len(self.rows):
            self.rows = {row_id: self.rows[row_id] for row_id in self._ids}
        self.marks &= self.rows.keys()
        rows = [self.rows[row_id] for row_id in self._ids]
        self.size = self.matching = sum(not row.group for row in rows)
        self.order = arranged(rows, self.columns, self.sort, self.folded, self._counting(self.matches))
        self.position = {row_id: index for index, row_id in enumerate(self.order)}
        self.restructured = self.drifted = False

    def _counting(self, matches: Callable[[Row], bool] | None) -> Callable[[Row], bool] | None:
        if matches is None:
            return None
        self.matching = 0

        def counted(row: Row) -> bool:
            matched = matches(row)
            self.matching += matched and not row.group
            return matched

        return counted

    def mark(self, row_id: str) -> None:
        """Turn the mark of a row on or off; of a group, the marks of all its members that match."""
        row = self.rows[row_id]
        members = {row_id} if not row.group else self.members(row_id)
        if members <= self.marks:
            self.marks -= members
        else:
            self.marks |= members
        self.dirty |= members | {row_id}

    def members(self, group_id: str) -> set[str]:
        """The rows below a group that the filter lets through, groups themselves left out."""
        below = [row for row in self.rows.values() if row.parent == group_id and row.id != group_id]
        leaves = {row.id for row in below if not row.group and (self.matches is None or self.matches(row))}
        return leaves.union(*(self.members(row.id) for row in below if row.group))

    def fold(self, group_ids: Iterable[str], closed: bool) -> None:
        """Close or open groups."""
        ids = set(group_ids)
        self.folded = self.folded | ids if closed else self.folded - ids
        self.dirty |= ids

    @property
    def groups(self) -> list[str]:
        """All groups, in the view's order."""
        return [row_id for row_id in self._ids if self.rows[row_id].group]
