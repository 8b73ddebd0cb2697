"""From nothing to every node and pod in the store, over TLS and gzip: this program's share, beside the kubernetes
client's models on the same bytes in the same run. Ratios count, not seconds: machines differ.

    python -m tests.bench.cold_start [--nodes 5000] [--pods 150000]
"""

import argparse
import asyncio
import contextlib
import gc
import json
import resource
import statistics
import time
from dataclasses import dataclass

from core.clients.kubernetes import Target, connect
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.feeds.kubernetes import ClusterFeed
from core.kube.kinds import BY_NAME
from tests.bench.cluster_generator import Cluster, Size
from tests.bench.cluster_server import Served, serving

KINDS = [BY_NAME["Node"], BY_NAME["Pod"]]
REFERENCE_PODS = 1_000
PROBE = 0.001


@dataclass(frozen=True)
class Load:
    """What a cold start took; times in seconds, memory in MB."""

    wall: float
    cpu: float
    peak: int
    lags: list[float]
    nodes: int
    pods: int


async def probe(lags: list[float]) -> None:
    """Note by how much the loop comes too late, every millisecond."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(PROBE)
        lags.append(time.perf_counter() - before - PROBE)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of all lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def until_loaded(feed: ClusterFeed, running: asyncio.Task[None]) -> None:
    """Wait for the first load; raises what ends the feed before it."""
    waiting = asyncio.create_task(feed.loaded.wait())
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()


async def cancel(tasks: list[asyncio.Task[None]]) -> None:
    """End the tasks."""
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def load(served: Served) -> Load:
    """Connect and read everything."""
    lags: list[float] = []
    wall, cpu = time.perf_counter(), time.process_time()
    clients = await connect(Target(kubeconfig=served.kubeconfig))
    store = Store()
    feed = ClusterFeed(clients.reader, Intake(store), KINDS)
    tasks = [asyncio.create_task(feed.run()), asyncio.create_task(probe(lags))]
    await until_loaded(feed, tasks[0])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    await cancel(tasks)
    await clients.close()
    return Load(wall, cpu, peak, lags, len(store.table("Node")), len(store.table("Pod")))


async def fetch_only(served: Served) -> float:
    """CPU seconds of reading the same pages and throwing them away: TLS, gunzip and HTTP."""
    clients = await connect(Target(kubeconfig=served.kubeconfig))
    cpu = time.process_time()
    for kind in KINDS:
        token = ""
        while True:
            body = await clients.reader.get(kind.list_path(), limit=500, continue_=token)
            head = json.loads(body[: body.index(b',"items"')] + b"}")
            token = head["metadata"].get("continue", "")
            if not token:
                break
    await clients.close()
    return time.process_time() - cpu


def reference_pod_seconds(page: bytes) -> float:
    """CPU seconds that the kubernetes client's models take for one pod of this page; median of three."""
    from kubernetes.aio.client import ApiClient

    client = ApiClient.__new__(ApiClient)
    text = page.decode()
    count = len(json.loads(page)["items"])
    times = []
    gc.disable()
    for _ in range(3):
        before = time.process_time()
        client.deserialize(text, "V1PodList", "application/json")
        times.append((time.process_time() - before) / count)
    gc.enable()
    return statistics.median(times)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--nodes", type=int, default=5_000)
    options.add_argument("--pods", type=int, default=150_000)
    asked = options.parse_args()
    size = Size(asked.nodes, asked.pods)
    with serving(size) as served:
        result = asyncio.run(load(served))
        transport = asyncio.run(fetch_only(served))
    page = next(Cluster(Size(500, REFERENCE_PODS)).pod_pages())
    reference = reference_pod_seconds(page)
    assert (result.nodes, result.pods) == (size.nodes, size.pods), "not everything came"
    report(size, served, result, transport, reference)


def report(size: Size, served: Served, result: Load, transport: float, reference: float) -> None:
    """The figures, the reference from the same run, and their ratio."""
    line("input", f"{size.nodes} nodes, {size.pods} pods, {served.bytes / 1e6:.0f} MB, hash {served.fingerprint}")
    line("cold start", f"{result.cpu:.2f} s CPU, {result.wall:.2f} s wall, peak RSS {result.peak} MB")
    line("of it transport", f"{transport:.2f} s CPU (TLS, gunzip, HTTP)")
    p50, p99 = percentile(result.lags, 0.5), percentile(result.lags, 0.99)
    line("loop lag", f"p50 {1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms, max {1000 * max(result.lags):.1f} ms")
    total = reference * size.pods
    line("reference", f"{total:.1f} s CPU: kubernetes client models, {1e6 * reference:.0f} µs a pod, decoding alone")
    line("ratio", f"{total / result.cpu:.1f} times the CPU of the whole cold start")


def line(name: str, text: str) -> None:
    """One line of the report."""
    print(f"{name:<20} {text}")


if __name__ == "__main__":
    main()
