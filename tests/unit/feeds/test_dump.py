"""Dumps in every form that DESIGN.md §4.1 allows, and in many that it doesn't."""

import gzip
import json
import random
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import InputError
from core.feeds import dump

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "creationTimestamp": "2026-01-02T03:04:05Z"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": {"nodeName": "n1"}}
LIST = {"apiVersion": "v1", "kind": "List", "items": [NODE, POD]}
TEXT = json.dumps(LIST)
YAML = """
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: 2026-01-02T03:04:05Z}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {nodeName: n1}}
"""


def keys(path: Path) -> list[tuple[str, str]]:
    return [(kind, obj.key) for kind, obj in dump.read(str(path)).objects]


EXPECTED = [("Node", "n1"), ("Pod", "a/p")]


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps(LIST, indent=4),
        json.dumps([NODE, POD]),
        json.dumps(NODE) + "\n" + json.dumps(POD) + "\n",
        json.dumps({"kind": "List", "items": [{"kind": "List", "items": [NODE]}, POD]}),
        "\ufeff" + TEXT,
        YAML,
    ],
    ids=["list", "indented", "array", "lines", "nested", "bom", "yaml"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_form_reads_the_same(tmp_path: Path, text: str, packed: bool) -> None:
    path = tmp_path / "dump"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert keys(path) == EXPECTED


def test_typed_lists_give_their_items_a_kind(tmp_path: Path) -> None:
    bare = {key: value for key, value in NODE.items() if key not in ("kind", "apiVersion")}
    (tmp_path / "a.json").write_text(json.dumps({"kind": "NodeList", "apiVersion": "v1", "items": [bare]}))
    (tmp_path / "b.json").write_text(json.dumps({"kind": "PodList", "apiVersion": "v1", "items": []}))
    read = dump.read(str(tmp_path))
    assert [obj.key for _, obj in read.objects] == ["n1"]
    assert read.present == {"Node", "Pod"}


def test_a_folder_is_read_by_path_and_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps(NODE))
    (tmp_path / "a.yaml").write_text(json.dumps(POD))
    (tmp_path / "notes.txt").write_text("not a dump")
    assert keys(tmp_path) == [("Pod", "a/p"), ("Node", "n1")]


def test_kinds_of_other_groups_are_left_aside_and_counted(tmp_path: Path) -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Node", "metadata": {"name": "x"}}
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"kind": "List", "items": [NODE, other, {"kind": "Foo", "apiVersion": "v1"}]}))
    read = dump.read(str(path))
    assert [obj.key for _, obj in read.objects] == ["n1"]
    assert read.ignored == {"Node": 1, "Foo": 1}


def test_the_newest_moment_is_the_time_to_judge_by(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(TEXT)
    assert dump.newest(dump.read(str(path))) == 1767323045


BAD = {
    "empty": b"",
    "blank": b" \n\t",
    "truncated": TEXT[:-20].encode(),
    "not utf-8": b"\xff\xfe{",
    "binary": bytes(range(256)),
    "bare word": b"hello",
    "number": b"7",
    "no kind": b'{"metadata":{}}',
    "unknown kinds only": b'{"apiVersion":"v1","kind":"Foo"}',
    "items not a list": b'{"kind":"List","items":7}',
    "bad quantity": json.dumps({**NODE, "status": {"allocatable": {"cpu": ""}}}).encode(),
    "negative quantity": json.dumps({**NODE, "status": {"allocatable": {"cpu": "-1"}}}).encode(),
    "item without kind": b'{"kind":"List","items":[{"metadata":{}}]}',
    "item not an object": b'{"kind":"List","items":[7]}',
    "deep": b"[" * 100_000,
    "deep yaml": b"{a: " * 3000,
    "yaml bomb": b"a: &a [x,x]\nb: &b [*a,*a]\nkind: 7",
    "broken yaml": b"kind: [",
    "broken gzip": gzip.compress(TEXT.encode())[:-9],
    "gzip of garbage": b"\x1f\x8bgarbage",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        dump.read(str(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_missing_files_and_empty_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        dump.read(str(tmp_path / "none.json"))
    with pytest.raises(InputError, match=r"\.json"):
        dump.read(str(tmp_path))


def test_random_damage_never_escapes_as_another_error(tmp_path: Path) -> None:
    chance, path = random.Random(11), tmp_path / "d.json"
    for _ in range(400):
        damaged = bytearray(TEXT.encode())
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        with suppress(InputError):
            dump.read(str(path))
