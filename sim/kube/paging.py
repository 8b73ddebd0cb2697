"""Lists in pages: each page of one list shows the store as it was when the first one was asked for.

A snapshot is a list of shared objects, kept while it is among the newest and its version is not compacted.
"""

import base64
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from sim.kube.errors import bad_request, expired
from sim.kube.registry import Registry
from sim.kube.request import Filter
from sim.kube.shelf import Key

Obj = dict[str, Any]

_KEPT = 64
_INCONSISTENT = -1  # the version of a token that goes on in the store as it is now
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """`remaining` is None where a selector makes it unknown or nothing remains."""

    items: list[Obj]
    version: int
    continue_token: str = ""
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    keys: list[Key]
    objects: list[Obj]


class Pager:
    """Serves the pages of all lists of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._snapshots: OrderedDict[tuple[str, str, int], _Snapshot] = OrderedDict()
        self._expired_up_to = 0

    def expire(self) -> None:
        """Make all tokens given out so far too old."""
        self._snapshots.clear()
        self._expired_up_to = self._registry.version

    def whole(self, kind: str, namespace: str, wanted: Filter) -> Page:
        """Everything at once, as it is now."""
        return Page(self._matching(kind, namespace, wanted), self._registry.version)

    def first(self, kind: str, namespace: str, wanted: Filter, limit: int) -> Page:
        version = self._registry.version
        return self._page(self._snapshot(kind, namespace, version), version, 0, wanted, limit)

    def next(self, kind: str, namespace: str, wanted: Filter, limit: int, token: str) -> Page:
        """The page behind a token; 410 with a token for the inconsistent rest when its snapshot is gone."""
        version, start = _read(token)
        if version == _INCONSISTENT:
            version = self._registry.version
            snapshot = self._snapshot(kind, namespace, version)
        else:
            snapshot = self._kept(kind, namespace, version, start)
        return self._page(snapshot, version, bisect_left(snapshot.keys, start), wanted, limit)

    def _kept(self, kind: str, namespace: str, version: int, start: Key) -> _Snapshot:
        snapshot = self._snapshots.get((kind, namespace, version))
        if snapshot is None or version < self._registry.compacted or version <= self._expired_up_to:
            raise expired(_TOO_OLD, _write(_INCONSISTENT, start))
        return snapshot

    def _matching(self, kind: str, namespace: str, wanted: Filter) -> list[Obj]:
        shelf = self._registry.shelf(kind)
        node = wanted.exactly("spec.nodeName") if kind == "Pod" else None
        if node is None:
            objects = list(shelf.values(namespace))
        else:
            found = [pod for pod in shelf.indexed(node) if not namespace or pod["metadata"]["namespace"] == namespace]
            objects = sorted(found, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))
        return [obj for obj in objects if wanted.matches(obj)] if wanted else objects

    def _snapshot(self, kind: str, namespace: str, version: int) -> _Snapshot:
        place = (kind, namespace, version)
        snapshot = self._snapshots.get(place)
        if snapshot is None:
            shelf = self._registry.shelf(kind)
            snapshot = _Snapshot(list(shelf.keys(namespace)), list(shelf.values(namespace)))
            self._snapshots[place] = snapshot
            while len(self._snapshots) > _KEPT:
                self._snapshots.popitem(last=False)
        self._snapshots.move_to_end(place)
        return snapshot

    def _page(self, snapshot: _Snapshot, version: int, start: int, wanted: Filter, limit: int) -> Page:
        objects, place = snapshot.objects, start
        items: list[Obj] = []
        limit = limit or len(objects)
        while place < len(objects) and len(items) < limit:
            if not wanted or wanted.matches(objects[place]):
                items.append(objects[place])
            place += 1
        if place >= len(objects):
            return Page(items, version)
        remaining = None if wanted else len(objects) - place
        return Page(items, version, _write(version, snapshot.keys[place]), remaining)


class _Token(msgspec.Struct, frozen=True):
    v: str
    rv: int
    start: str


def _write(version: int, start: Key) -> str:
    token = _Token("meta.k8s.io/v1", version, "/".join(start))
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _read(token: str) -> tuple[int, Key]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=_Token)
    except ValueError as error:
        raise bad_request(f"continue key is not valid: {error}") from None
    namespace, _, name = found.start.rpartition("/")
    return found.rv, (namespace, name)
