"""The stored objects of one kind, in key order, with the log of their changes that watches resume from.

Objects are plain dicts that nobody changes in place: a write replaces the dict, so lists and logs can share them.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

Obj = dict[str, Any]
Key = tuple[str, str]  # namespace ("" when cluster-scoped), name
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_FEW = 64  # up to so many new keys are inserted one by one; more are sorted in


class Change:
    """One write: `object` as it is now (for DELETED: as it last was, at the version of the deletion), `old` before."""

    __slots__ = ("_lines", "object", "old", "type", "version")

    def __init__(self, version: int, type_: ChangeType, object_: Obj, old: Obj | None) -> None:
        self.version = version
        self.type: ChangeType = type_
        self.object = object_
        self.old = old
        self._lines: dict[tuple[str, str], bytes] | None = None

    def line(self, form: tuple[str, str], encode: Callable[[], bytes]) -> bytes:
        """The encoded watch line in that form (event type, representation), made once for all watchers."""
        if self._lines is None:
            self._lines = {}
        line = self._lines.get(form)
        if line is None:
            line = self._lines[form] = encode()
        return line


class Shelf:
    """All objects of one kind."""

    def __init__(self, log_size: int, index: Callable[[Obj], str] | None = None) -> None:
        self.objects: dict[Key, Obj] = {}
        self.log: deque[Change] = deque()
        self.floor = 0  # a watch may resume from this version or a later one
        self._log_size = log_size
        self._keys: list[Key] = []
        self._new_keys: list[Key] = []
        self._index = index
        self._by_index: dict[str, dict[Key, None]] = {}

    def keys(self, namespace: str = "") -> list[Key]:
        """Keys in order; with a namespace only its own."""
        self._sort_in()
        if not namespace:
            return self._keys
        start = bisect_left(self._keys, (namespace, ""))
        return self._keys[start : bisect_right(self._keys, (namespace, "\U0010ffff"))]

    def values(self, namespace: str = "") -> Iterator[Obj]:
        objects = self.objects
        return (objects[key] for key in self.keys(namespace))

    def indexed(self, value: str) -> list[Obj]:
        """The objects whose index value is this one, in the order in which they got it."""
        return [self.objects[key] for key in self._by_index.get(value, ())]

    def index_values(self) -> list[str]:
        """The index values that some object has."""
        return list(self._by_index)

    def apply(self, key: Key, change: Change) -> None:
        """Store the change and log it."""
        if change.type == "DELETED":
            self._remove(key)
        else:
            if key not in self.objects:
                self._new_keys.append(key)
            self.objects[key] = change.object
        self._reindex(key, change)
        self.log.append(change)
        if len(self.log) > self._log_size:
            self.floor = self.log.popleft().version

    def since(self, version: int) -> list[Change]:
        """The logged changes after that version, oldest first. The caller checks `floor`."""
        found: list[Change] = []
        for change in reversed(self.log):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]

    def compact(self, version: int) -> None:
        """Forget the changes up to that version."""
        while self.log and self.log[0].version <= version:
            self.log.popleft()
        self.floor = max(self.floor, version)

    def _remove(self, key: Key) -> None:
        self._sort_in()
        del self.objects[key]
        del self._keys[bisect_left(self._keys, key)]

    def _sort_in(self) -> None:
        if not self._new_keys:
            return
        if len(self._new_keys) <= _FEW:
            for key in self._new_keys:
                insort(self._keys, key)
        else:
            self._keys.extend(self._new_keys)
            self._keys.sort()
        self._new_keys.clear()

    def _reindex(self, key: Key, change: Change) -> None:
        if self._index is None:
            return
        before = self._index(change.old) if change.old is not None else None
        after = self._index(change.object) if change.type != "DELETED" else None
        if before == after:
            return
        if before is not None:
            self._drop(before, key)
        if after is not None:
            self._by_index.setdefault(after, {})[key] = None

    def _drop(self, value: str, key: Key) -> None:
        keys = self._by_index[value]
        keys.pop(key, None)
        if not keys:
            del self._by_index[value]
