"""The ECI view at 50,000 pods on virtual nodes of 1,500 owners, beside the plan of the same cluster: the audit and the
rows, from an empty start."""

import hashlib
import json
import sys
import time
from statistics import median

from core.analysis.prices import shipped
from core.analysis.serverless import audit
from core.views import eci
from core.views.table import ViewKey
from tests.unit.build import Object, node
from tests.unit.pending.small import pool
from tests.unit.serverless.small import on_eci, planned

PODS, OWNERS, NODES, GROUPS = 50_000, 1_500, 1_000, 20
BAR = 2.0
"""Seconds."""
REPEATS = 5


def _pod(index: int) -> Object:
    owner = index % OWNERS
    labels = {"app": f"w{owner}", "team": f"t{owner % 40}"}
    made = on_eci(f"ns{index % 20}/p{index}", days=1 + index % 9, owner_name=f"w{owner}", cpu="500m", labels=labels)
    made["metadata"]["ownerReferences"][0]["uid"] = f"u{owner}"
    return made


def main() -> int:
    """Print the figures; 0 when the bar holds."""
    nodes = [node(f"n{index}", "16", "64Gi") for index in range(NODES)]
    groups = [pool(f"g{index}", cpu=str(4 + 4 * index), high=300) for index in range(GROUPS)]
    objects = [*nodes, *groups, *map(_pod, range(PODS))]
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()[:16]
    started = time.process_time()
    plan = planned(*objects)
    reference = time.process_time() - started
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        view = eci.view(plan, audit(plan, shipped()), ViewKey("eci"), 1)
        times.append(time.process_time() - started)
        assert len(view.rows) == OWNERS
    ours = median(times)
    print(f"input {digest}, {PODS} pods on virtual nodes of {OWNERS} owners, {NODES} ECS nodes, {GROUPS} groups")
    print(f"  audit and view {ours:.2f} s CPU (median of {REPEATS}), bar {BAR:.0f} s")
    print(f"  reference: decode and plan of the same cluster {reference:.2f} s CPU")
    return 0 if ours <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
