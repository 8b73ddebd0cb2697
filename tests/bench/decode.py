"""Decode and trim a pod, beside `json.loads` of the same bytes in the same run.

python -m tests.bench.decode [--pods 150000]
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable

from core.cluster.store import Store
from core.kube.kinds import BY_NAME
from tests.bench.cluster_generator import Cluster, Size
from tests.bench.cold_start import line

POD = BY_NAME["Pod"]
EVERY = 10
BAR = 5.0


def seconds(work: Callable[[bytes], object], page: bytes) -> float:
    """CPU seconds of one call."""
    before = time.process_time()
    work(page)
    return time.process_time() - before


def main() -> None:
    """Load everything, so that what is shared is shared, then measure every tenth page again both ways."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pods", type=int, default=150_000)
    size = Size(pods=options.parse_args().pods)
    store, pages = Store(), []
    for number, page in enumerate(Cluster(size).pod_pages()):
        store.upsert_all("Pod", POD.decode_page(page).items)
        if number % EVERY == 0:
            pages.append(page)
    gc.collect()
    gc.freeze()
    ours, theirs = [], []
    for page in pages:
        ours.append(seconds(POD.decode_page, page) / size.page)
        theirs.append(seconds(json.loads, page) / size.page)
    mine, reference = statistics.median(ours), statistics.median(theirs)
    line(
        "decode and trim",
        f"{1e6 * mine:.1f} µs a pod, median of {len(pages)} pages of {len(pages[0]) / size.page:.0f} B a pod",
    )
    line("reference", f"{1e6 * reference:.1f} µs a pod: json.loads of the same bytes")
    line("ratio", f"{reference / mine:.1f} (bar: {BAR:.0f} or more)")


if __name__ == "__main__":
    main()
