"""What a pod costs in memory, kept with all that the engine needs: the whole store divided by its pods.

python -m tests.bench.store_memory [--pods 150000]
"""

import argparse
import gc
import tracemalloc

from core.cluster.store import Store
from core.kube.kinds import BY_NAME
from tests.bench.cluster_generator import Cluster, Size
from tests.bench.cold_start import line

POD = BY_NAME["Pod"]
BAR = 600


def main() -> None:
    """Fill a store and ask what it holds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pods", type=int, default=150_000)
    size = Size(pods=options.parse_args().pods)
    store = Store()
    tracemalloc.start(1)
    before = tracemalloc.get_traced_memory()[0]
    for page in Cluster(size).pod_pages():
        store.upsert_all("Pod", POD.decode_page(page).items)
    del page
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    line("pod store", f"{held / size.pods:.0f} B a pod ({held / 1e6:.0f} MB for {size.pods}), bar: {BAR} or less")


if __name__ == "__main__":
    main()
