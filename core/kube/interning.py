"""Shared pieces of objects: equal content is kept once, for as long as an object uses it.

The tables hold their values weakly: Python's own reference counts say when the last pod of a class is gone, so rollouts
don't leak, and a snapshot keeps alive what its pods need.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar
from weakref import KeyedRef

T = TypeVar("T")


class Shared(dict[str, str]):
    """A string map that may be shared (labels, kept annotations). Never changed after it was made."""

    __slots__ = ("__weakref__",)

    def __hash__(self) -> int:  # type: ignore[override]  # identity: equal content is the same object
        return id(self)


EMPTY = Shared()


class Interner(Generic[T]):
    """Content key -> the one value made from it, counted by its users."""

    def __init__(self) -> None:
        self._values: dict[Hashable, KeyedRef[Any, T]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The living value for `key`, else `make()`'s."""
        reference = self._values.get(key)
        if reference is not None and (value := reference()) is not None:
            return value
        value = make()
        self._values[key] = KeyedRef(value, self._forget, key)
        return value

    def _forget(self, reference: KeyedRef[Any, T]) -> None:
        if self._values.get(reference.key) is reference:
            del self._values[reference.key]


def share(table: Interner[Shared], content: Mapping[str, str]) -> Shared:
    """`content` as a shared map."""
    return table.get(frozenset(content.items()), lambda: Shared(content)) if content else EMPTY
