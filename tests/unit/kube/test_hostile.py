"""Every kind against broken objects: whatever an object holds, it is read or named as unreadable, and nothing else is
lost with it."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.errors import InputError
from core.kube import kinds
from tests.unit.kube import samples

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 1e300, 0.5, "", "-1", "1e9999", "\x1b[31m[red]", "名" * 50, "9999-99-99T00:00:00Z",
    "0001-01-01T00:00:00Z", [], {}, [None], [[]], [{}], {"": None}, {"a": 1}, {"a": []}, "null", "\u202e", "a/b/c",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a document."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of `document` with another value at `path`."""
    if not path:
        return value
    first, *rest = path
    copy = document.copy()
    copy[first] = changed(document[first], tuple(rest), value)
    return copy


def broken(document: Any) -> Iterator[Any]:
    """The document with each of its values replaced by each odd one, and without each of its keys."""
    for path in places(document):
        for odd in ODD:
            yield changed(document, path, odd)


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: kind.name)
def test_any_value_in_any_place_is_read_or_refused_by_name(kind: kinds.Kind) -> None:
    for document in broken(samples.BY_KIND[kind.name]):
        items, problems = kind.codec.items([msgspec.json.encode(document)])
        assert len(items) + len(problems) == 1
        assert all(isinstance(one.key, str) for one in items)
        assert all(problem.startswith(kind.name) for problem in problems)


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: kind.name)
def test_every_sample_is_read(kind: kinds.Kind) -> None:
    sample = msgspec.json.encode(samples.BY_KIND[kind.name])
    page = kind.decode_page(b'{"items":[' + sample + b'],"metadata":{"resourceVersion":"5"}}')
    assert (len(page.items), page.problems, page.resource_version) == (1, (), "5")


@pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: kind.name)
def test_a_broken_object_takes_no_other_along(kind: kinds.Kind) -> None:
    sound = msgspec.json.encode(samples.BY_KIND[kind.name])
    page = kind.decode_page(b'{"items":[' + sound + b',{"metadata":{"name":["x"]}},' + sound + b"]}")
    assert len(page.items) == 2
    assert len(page.problems) == 1


def test_any_bytes_of_a_watch_are_an_event_or_refused() -> None:
    chance, kind = random.Random(5), kinds.BY_NAME["Pod"]
    line = msgspec.json.encode({"type": "MODIFIED", "object": samples.BY_KIND["Pod"]})
    for _ in range(3000):
        text = bytearray(line)
        for _ in range(chance.randrange(1, 4)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        try:
            event = kind.decode_event(bytes(text[: chance.randrange(1, len(text) + 1)]))
        except InputError:
            continue
        assert event.object is not None or event.problem or event.type not in ("ADDED", "MODIFIED", "DELETED")


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"null", b"[]", b'{"type":"ADDED"}', b'{"type":1,"object":{}}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(InputError):
        kinds.BY_NAME["Node"].decode_event(line)
