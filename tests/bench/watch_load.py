"""A busy watch into the store, without drawing: this program's CPU share and how late the loop comes, beside what the
kubernetes client's models would take for the same events. Ratios count, not seconds: machines differ.

    python -m tests.bench.watch_load [--rate 1000] [--seconds 20] [--nodes 5000] [--pods 150000]
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

from core.clients.kubernetes import Target, connect
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.feeds.kubernetes import ClusterFeed
from core.kube.kinds import Kind
from tests.bench.cluster_generator import Cluster, Size
from tests.bench.cluster_server import Served, serving
from tests.bench.cold_start import KINDS, cancel, line, percentile, probe, until_loaded

REFERENCE_EVENTS = 500
WARM_UP = 2.0


class Counting(Intake):
    """An intake that counts events."""

    events = 0

    def event(self, kind: Kind, event: str, obj: Any) -> None:
        self.events += 1
        super().event(kind, event, obj)


@dataclass(frozen=True)
class Watched:
    """`share` is CPU time over wall time, of one core."""

    share: float
    rate: float
    lags: list[float]


async def watch(served: Served, seconds: float) -> Watched:
    """Load, let it settle, then measure."""
    clients = await connect(Target(kubeconfig=served.kubeconfig))
    intake = Counting(Store())
    feed = ClusterFeed(clients.reader, intake, KINDS)
    tasks = [asyncio.create_task(feed.run())]
    await until_loaded(feed, tasks[0])
    await asyncio.sleep(WARM_UP)
    without_probe = await _measure(intake, seconds)
    lags: list[float] = []
    tasks.append(asyncio.create_task(probe(lags)))
    await asyncio.sleep(seconds)
    await cancel(tasks)
    await clients.close()
    return Watched(*without_probe, lags)


async def _measure(intake: Counting, seconds: float) -> tuple[float, float]:
    wall, cpu, events = time.perf_counter(), time.process_time(), intake.events
    await asyncio.sleep(seconds)
    wall = time.perf_counter() - wall
    return (time.process_time() - cpu) / wall, (intake.events - events) / wall


def reference_event_seconds(events: list[bytes]) -> float:
    """CPU seconds that the kubernetes client takes for one event: parse it and make its model; median of three."""
    from kubernetes.aio.client import ApiClient

    client = ApiClient.__new__(ApiClient)
    times = []
    for _ in range(3):
        before = time.process_time()
        for event in events:
            client.deserialize(json.dumps(json.loads(event)["object"]), "V1Pod", "application/json")
        times.append((time.process_time() - before) / len(events))
    return statistics.median(times)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rate", 1000), ("seconds", 20), ("nodes", 5_000), ("pods", 150_000)):
        options.add_argument(f"--{name}", type=int, default=default)
    asked = options.parse_args()
    size = Size(asked.nodes, asked.pods)
    with serving(size, asked.rate) as served:
        result = asyncio.run(watch(served, asked.seconds))
    reference = reference_event_seconds(list(Cluster(size).pod_events(REFERENCE_EVENTS)))
    assert result.rate > asked.rate * 0.8, f"only {result.rate:.0f} events/s came"
    line("input", f"{size.nodes} nodes, {size.pods} pods, hash {served.fingerprint}, {result.rate:.0f} events/s")
    line("watch", f"{100 * result.share:.1f} % of a core, {1e6 * result.share / result.rate:.0f} µs an event")
    shares = [
        (name, 1000 * percentile(result.lags, share)) for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    ]
    line(
        "loop lag",
        ", ".join(f"{name} {value:.1f} ms" for name, value in shares) + f", max {1000 * max(result.lags):.1f} ms",
    )
    line(
        "reference",
        f"{100 * reference * result.rate:.1f} % of a core: kubernetes client models, {1e6 * reference:.0f} µs an event",
    )
    line("ratio", f"{reference * result.rate / result.share:.1f} times the CPU of this program")


if __name__ == "__main__":
    main()
