"""Cases and generated clusters as snapshots, without files and processes in between."""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.kube import kinds
from core.policy import Policy, discover
from tests.parity import clusters

_TOOL: Any = clusters

HERE = Path(__file__).parent
CASES = HERE / "cases.jsonl.gz"


def cases(step: int = 1) -> Iterator[dict[str, Any]]:
    """Every `step`-th case: seed, input, expect."""
    with gzip.open(CASES) as lines:
        for number, line in enumerate(lines):
            if number % step == 0:
                yield json.loads(line)


def store(objects: Iterable[dict[str, Any]]) -> tuple[Store, Policy]:
    """Objects in the form of DESIGN.md §4.1 and their own policy; kinds that they don't hold are empty."""
    found = Store()
    for one in objects:
        found.upsert(one["kind"], kinds.BY_NAME[one["kind"]].codec.item(json.dumps(one).encode()))
    return found, discover(found.snapshot(0.0))


def snapshot(objects: Iterable[dict[str, Any]]) -> tuple[Snapshot, Policy]:
    """The same, frozen at the policy's moment."""
    found, policy = store(objects)
    return found.snapshot(policy.now or 0.0), policy


def generated(seed: int) -> list[dict[str, Any]]:
    """A random small cluster; a negative seed makes a harder one (volumes, ports, gates)."""
    found: list[dict[str, Any]] = _TOOL.objects(_TOOL.small(seed) if seed > 0 else _TOOL.harder(-seed))
    return found
