"""vacancy's word on a pending pod against the real kube-scheduler's, in random clusters, one pod at a time.

VACANCY_SCHEDULER_SEEDS="1-300" asks in more clusters than the everyday twenty; `scheduler_seeds.md` keeps the record.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from core.analysis.placement import fits
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.kube import kinds
from core.scheduling.refusal import Refusal
from tests.controlplane.api import Api
from tests.controlplane.asked_scheduler import Answer, answer, parsed
from tests.controlplane.bulk import admitted, running_status
from tests.controlplane.cluster import Cluster
from tests.controlplane.kinds import Json
from tests.controlplane.processes import wait_until
from tests.controlplane.random_clusters import RandomCluster, around, random_cluster
from tests.controlplane.world import World

VERSION = (1, 35)
_AGE = datetime.timedelta(hours=1)
_NAMESPACES = ("default", "app", "data", "kube-system")
_STORAGE = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass")
_READ = ("Node", "Pod", "Namespace", *_STORAGE)
_FIRST, _, _LAST = os.environ.get("VACANCY_SCHEDULER_SEEDS", "1-20").partition("-")
SEEDS = range(int(_FIRST), int(_LAST or _FIRST) + 1)


@dataclass
class Tally:
    """What the real scheduler answered in all clusters of this run."""

    clusters: int = 0
    placed: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, real: Answer) -> None:
        self.placed += bool(real.node)
        self.refused += not real.node
        self.reasons.update(re.sub(r'"[^"]*"', "…", reason) for reason in real.reasons)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Printed at the end (`pytest -s`)."""
    made = Tally()
    yield made
    print(f"\n{made.clusters} clusters: {made.placed} pods placed, {made.refused} refused")
    for reason, count in made.reasons.most_common():
        print(f"{count:6} {reason}")


@pytest.fixture(scope="module")
def quiet(cluster: Cluster) -> Iterator[Cluster]:
    """Without controllers nothing changes but by the scheduler: no evictions, no collected pods."""
    api = cluster.api()
    for thing in around():
        api.ensure(thing)
    for name in _NAMESPACES:
        wait_until(partial(_has_account, api, name), 20, f"service account of {name}")
    with cluster.stopped("kube-controller-manager"):
        yield cluster
    cluster.etcd().remove_namespaces(("app", "data"))
    for thing in around()[2:]:
        api.delete(thing["kind"], thing["metadata"]["name"])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_pod_is_judged_as_by_the_real_scheduler(quiet: Cluster, tally: Tally, seed: int) -> None:
    wanted = random_cluster(seed)
    differences = []
    with World(quiet) as world:
        try:
            _raise(world, wanted)
            snapshot = _snapshot(quiet)
            for pod in wanted.asked:
                ours, real = _ask(quiet, snapshot, pod)
                tally.add(real)
                if why := _difference(ours, real):
                    differences.append(f"{pod['metadata']['name']}: {why}")
        finally:
            _clear(quiet, wanted)
    tally.clusters += 1
    assert not differences, "\n".join(differences)


def test_the_clusters_put_many_filters_to_the_question(tally: Tally) -> None:
    if tally.clusters < 20:
        pytest.skip(f"{tally.clusters} clusters say little")
    assert tally.placed > 2 * tally.clusters
    assert tally.refused > 2 * tally.clusters
    assert len(tally.reasons) > 8


def test_reasons_of_an_event_are_read_in_full() -> None:
    text = "0/7 nodes are available: 3 Insufficient cpu, 4 node(s) had untolerated taint(s). preemption: not eligible"
    assert parsed(text) == {"Insufficient cpu": 3, "node(s) had untolerated taint(s)": 4}
    text = '0/2 nodes are available: persistentvolumeclaim "a" not found. not found'
    assert parsed(text) == {'persistentvolumeclaim "a" not found': 2}
    text = "0/3 nodes are available: 3 Too many pods. no new claims to deallocate, preemption: 0/3 nodes are available."
    assert parsed(text) == {"Too many pods": 3}
    with pytest.raises(ValueError, match="not a scheduler's message: running"):
        parsed("running")


def _has_account(api: Api, namespace: str) -> bool:
    return bool(api.list_all("ServiceAccount", namespace))


def _raise(world: World, wanted: RandomCluster) -> None:
    """Nodes and volumes first: their watches then have time to show them before the first pod is asked for."""
    etcd, api = world.cluster.etcd(), world.api
    world.nodes(wanted.nodes)
    etcd.put(wanted.storage)
    etcd.put(_running(admitted(api, pod, _AGE), pod) for pod in wanted.bound)


def _running(pod: Json, wanted: Json) -> Json:
    """With the end that a dry run does not take over: a pod can't be created as one that is being deleted."""
    ending = {key: value for key, value in wanted["metadata"].items() if key.startswith("deletion")}
    return {**pod, "metadata": {**pod["metadata"], **ending}, "status": running_status(pod, _AGE)}


def _snapshot(cluster: Cluster) -> Snapshot:
    """What the API server has, read by the tests' own client."""
    store = Store()
    for kind in _READ:
        for one in cluster.api().list_all(kind):
            store.upsert(kind, kinds.BY_NAME[kind].codec.item(json.dumps(one).encode()))
    return store.snapshot(datetime.datetime.now().timestamp())


def _ask(cluster: Cluster, snapshot: Snapshot, wanted: Json) -> tuple[dict[str, Refusal | None], Answer]:
    api = cluster.api()
    created = api.create(wanted)
    try:
        real = answer(api, created)
    finally:
        cluster.etcd().remove("Pod", [created["metadata"]["name"]], created["metadata"]["namespace"])
    pod = kinds.BY_NAME["Pod"].codec.item(json.dumps(created).encode())
    return fits(snapshot, pod, VERSION), real


def _difference(ours: dict[str, Refusal | None], real: Answer) -> str:
    """Empty when the two agree."""
    room = sorted(name for name, refusal in ours.items() if refusal is None)
    if real.node:
        return "" if real.node in room else f"bound to {real.node}; we say {ours[real.node]}, room on {room}"
    if room:
        return f"pending ({real.text}); we say room on {room}"
    reasons = Counter(reason for refusal in ours.values() if refusal is not None for reason in refusal.reasons)
    return "" if reasons == real.reasons else f"pending ({real.text}); we say {dict(reasons)}"


def _clear(cluster: Cluster, wanted: RandomCluster) -> None:
    etcd = cluster.etcd()
    for namespace in _NAMESPACES:
        for kind in ("Pod", "Event", "PersistentVolumeClaim"):
            etcd.remove_all(kind, namespace)
    for kind in ("PersistentVolume", "StorageClass"):
        etcd.remove(kind, [one["metadata"]["name"] for one in wanted.storage if one["kind"] == kind])
