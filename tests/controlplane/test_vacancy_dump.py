"""A dump of 1 GB, 5,000 nodes and 150,000 pods in one List: it opens with progress and in bounded memory.

It stands here because of its size; the other dumps are tried in tests/unit/feeds.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.cluster_generator import Cluster, Size
from tests.controlplane.program import COMMAND, ROOT

SIZE = Size()
MOST_MEMORY = 2 << 30
_ITEM = b'{"metadata":{"name":"'


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """As `kubectl get nodes,pods -A -o json` writes it, but on one line."""
    path = tmp_path_factory.mktemp("dump") / "dump.json"
    cluster = Cluster(SIZE)
    separator = b'{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":['
    with path.open("wb") as file:
        for kind, pages in (("Node", cluster.node_pages()), ("Pod", cluster.pod_pages())):
            for page in pages:
                items = page[page.index(b'"items":[') + 9 : page.rindex(b"]}")]
                head = b'{"apiVersion":"v1","kind":"%s",%s' % (kind.encode(), _ITEM[1:])
                file.write(separator + items.replace(_ITEM, head))
                separator = b","
        file.write(b"]}\n")
    yield path
    path.unlink()


class Ran(NamedTuple):
    code: int
    said: str
    """What came on stderr, which was a terminal."""
    memory: int
    """The most that was resident, in bytes, files that are mapped included."""


def _run(out: Path, *words: str) -> Ran:
    ours, theirs = pty.openpty()
    with out.open("wb") as stdout:
        child = subprocess.Popen([*COMMAND, *words], cwd=ROOT, stdout=stdout, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # how Linux tells that the other end has closed
        pass
    finally:
        os.close(ours)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Ran(child.returncode, said.decode(), usage.ru_maxrss * 1024)


def test_a_gigabyte_opens_with_progress_and_in_bounded_memory(dump: Path, tmp_path: Path) -> None:
    assert dump.stat().st_size > 1_000_000_000
    out = tmp_path / "nodes.json"
    ran = _run(out, "nodes", "--from", str(dump), "-o", "json")
    assert ran.code == 0, ran.said
    assert ran.memory < MOST_MEMORY
    shares = [int(share) for share in re.findall(r"(\d+) %", ran.said)]
    assert shares == sorted(shares)
    assert len(set(shares)) > 10
    items = json.loads(out.read_bytes())["items"]
    assert len(items) == SIZE.nodes
    assert sum(item["resources"]["pods"]["requested"] for item in items) > 0.95 * SIZE.pods


def test_a_gigabyte_that_ends_in_the_middle_is_told_in_one_line(dump: Path, tmp_path: Path) -> None:
    with dump.open("r+b") as file:
        file.truncate(dump.stat().st_size // 2)
    out = tmp_path / "nodes.json"
    ran = _run(out, "nodes", "--from", str(dump), "-o", "json")
    assert (ran.code, out.read_bytes()) == (2, b"")
    assert "ends in the middle" in ran.said
    assert "Traceback" not in ran.said
    assert ran.memory < MOST_MEMORY
