"""A full re-plan at 5,000 nodes and 150,000 pods: pending pods and every node judged, beside the naive engine.

The naive engine is measured on a sample of the same work in the same process, and its whole is extrapolated from it."""

import gc
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from core.analysis import planning
from core.analysis.pending import considered
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.policy import Policy, discover
from core.session.reading import load_dump
from tests.bench.naive_engine import NaiveCluster
from tests.parity import clusters

GENERATOR = Path(clusters.__file__)
MODES = ("up-plain", "down-plain", "up", "down")
BARS = {"plain": 1.0, "constrained": 3.0}
"""Seconds."""
RATIO = 15
REPEATS = 5
CHANGED = 300
"""Pods, between two plans."""
PODS, NODES = 6, 4
"""The sample that the naive engine is given."""


def measure(mode: str) -> bool:
    """Print the figures of one input; whether both bars hold."""
    digest, snapshot = _read(mode)
    policy = discover(snapshot)
    gc.collect()
    gc.freeze()
    before = _start_peak()
    times, plan = [], None
    for _ in range(REPEATS):
        plan = None
        started = time.process_time()
        plan = planning.plan(snapshot, policy)
        times.append(time.process_time() - started)
    assert plan is not None
    ours, more = median(times), _status("VmHWM") - before
    again = _again(snapshot, policy)
    naive = _naive(snapshot)
    bar = BARS["plain" if mode.endswith("plain") else "constrained"]
    choice = plan.pending.choice
    print(f"large-{mode}: input {digest}, {len(snapshot.nodes)} nodes, {len(snapshot.pods)} pods")
    print(f"  re-plan {ours:.2f} s CPU (median of {REPEATS}: {min(times):.2f} to {max(times):.2f}), bar {bar:.0f} s")
    print(f"  again after {CHANGED} pods changed {again:.2f} s")
    print(f"  naive, extrapolated, {naive:.0f} s: {naive / ours:.0f} times as long, bar {RATIO} times")
    print(f"  peak memory grew by {more} MB; {choice.result}, {len(plan.scale_in.together)} nodes removable together")
    return ours <= bar and naive >= RATIO * ours


def _read(mode: str) -> tuple[str, Snapshot]:
    """A generated cluster as a command reads it, from a file, and the hash of that file."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        tool = [sys.executable, str(GENERATOR), "--objects", f"large-{mode}"]
        subprocess.run(tool, stdout=file, check=True)
        digest = hashlib.sha256(Path(file.name).read_bytes()).hexdigest()[:16]
        store, now, _ = load_dump(file.name, None)
    return digest, store.snapshot(now)


def _again(snapshot: Snapshot, policy: Policy) -> float:
    """Seconds of a plan that follows one of nearly the same cluster."""
    replanner, chance, times = planning.Replanner(), random.Random(1), []
    replanner.plan(snapshot, policy)
    for _ in range(REPEATS):
        pods: dict[str, Pod] = dict(snapshot.pods)
        for key in chance.sample(list(pods), CHANGED):
            pods[key] = msgspec.structs.replace(pods[key], created=0)
        snapshot = snapshot.with_tables(Pod=pods)
        times.append(_clock(lambda now=snapshot: replanner.plan(now, policy)))  # type: ignore[misc]
    return median(times)


def _naive(snapshot: Snapshot) -> float:
    """Seconds that packing all pending pods and judging every node alone would take."""
    cluster, chance = NaiveCluster.from_snapshot(snapshot, (1, 30)), random.Random(1)
    waiting = considered.waiting(snapshot.pods.values())
    packing = _clock(lambda: [cluster.place(pod) for pod in chance.sample(waiting, PODS)])
    places = chance.sample(cluster.places, NODES)
    judging = _clock(lambda: [cluster.could_move(place, _movable(place.pods)) for place in places])
    return packing * len(waiting) / PODS + judging * len(cluster.places) / NODES


def _movable(pods: list[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.owner is not None and not pod.of_daemonset]


def _clock(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _start_peak() -> int:
    """Forget the peak of memory so far (Linux); what is in use now, in MB."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    """A memory figure of this process in MB; 0 where the system doesn't tell."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(name)), 0)
    return 0


def main(*modes: str) -> int:
    held = [measure(mode) for mode in modes or MODES]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
