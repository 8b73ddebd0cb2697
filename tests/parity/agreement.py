"""How far our decisions agree with the real Cluster Autoscaler's, field by field, in one process.

usage: python -m tests.parity.agreement [STEP [SHOW]]     every STEP-th case; prints SHOW first differences
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from core.analysis.planning import plan
from core.views.plan import document
from tests.parity import loading
from tests.parity.compare import compare

Comparison = tuple[str, str, Any, Any, bool]
"""(field, where, wanted, got, equal)."""
COMPARE: Callable[[dict[str, Any], dict[str, Any]], Iterator[Comparison]] = compare


@dataclass
class Agreement:
    """Comparisons that were equal, and all, by field; and each difference in words."""

    equal: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    clusters: int = 0
    whole: int = 0
    differences: list[str] = field(default_factory=list)

    def table(self) -> str:
        lines = [
            f"{name:22} {self.equal[name]:7} / {count:7}  {100 * self.equal[name] / count:6.2f} %"
            for name, count in self.all.items()
        ]
        total, good = sum(self.all.values()), sum(self.equal.values())
        share = 100 * good / total if total else 0.0
        lines.append(f"{self.clusters} clusters, {self.whole} equal in every field, fields {share:.2f} %")
        return "\n".join(lines)


def decided(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The plan document as a reader of our output sees it."""
    snapshot, policy = loading.snapshot(objects)
    found: dict[str, Any] = json.loads(json.dumps(document(plan(snapshot, policy))))
    return found


def measure(step: int = 1) -> Agreement:
    """All fields of every `step`-th case."""
    found = Agreement()
    for case in loading.cases(step):
        found.clusters += 1
        before = len(found.differences)
        for name, where, wanted, got, same in COMPARE(case["expect"], decided(case["input"])):
            found.all[name] += 1
            found.equal[name] += bool(same)
            if not same:
                found.differences.append(f"seed {case['seed']} {name} {where}: want {wanted} got {got}")
        found.whole += len(found.differences) == before
    return found


def main(step: str = "1", show: str = "0") -> int:
    found = measure(int(step))
    for line in found.differences[: int(show)]:
        print(line)
    print(found.table())
    return 0 if not found.differences else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
