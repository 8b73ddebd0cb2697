"""Rows of one kind by id. All tables of a cloud share one revision, which tells a change anywhere from a read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")
Listener = Callable[[Any, Any], None]
"""Called with (before, after); None stands for "not there"."""


class Revision:
    """Counts the changes of a cloud's state."""

    def __init__(self) -> None:
        self.number = 0


class Table(Generic[Row]):
    """A dictionary of frozen rows in the order in which they came, with listeners."""

    def __init__(self, revision: Revision) -> None:
        self._rows: dict[str, Row] = {}
        self._revision = revision
        self.listeners: list[Listener] = []

    def add(self, key: str, row: Row) -> Row:
        """Put a row in, replacing one of the same id."""
        before = self._rows.get(key)
        if before != row:
            self._rows[key] = row
            self._tell(before, row)
        return row

    def change(self, key: str, **fields: Any) -> Row:
        """Replace some fields of a row; KeyError when it is not there."""
        changed: Row = replace(self._rows[key], **fields)  # type: ignore[type-var]
        return self.add(key, changed)

    def drop(self, key: str) -> Row | None:
        """Take a row out, if it is there."""
        before = self._rows.pop(key, None)
        if before is not None:
            self._tell(before, None)
        return before

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def _tell(self, before: Row | None, after: Row | None) -> None:
        self._revision.number += 1
        for listener in self.listeners:
            listener(before, after)
