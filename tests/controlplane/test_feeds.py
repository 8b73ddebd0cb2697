"""The feeds on the real API server: what they hold is what it holds, and when it fails they say so and come back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from core.clients.kubernetes import Clients, Target, connect
from core.feeds import dump
from core.feeds.kubernetes import ClusterFeed, read_once
from core.feeds.record import record
from core.feeds.sink import Phase
from core.feeds.surroundings import Timing
from core.kube.kinds import BY_NAME, Kind
from tests.controlplane.cluster import Cluster
from tests.controlplane.failures import forbidden, throttled
from tests.controlplane.identities import NAMESPACED, NOBODY, ON_CALL, TEAM_NAMESPACE
from tests.controlplane.objects import Pool, deployment
from tests.controlplane.world import World
from tests.wire.feeds.recorder import Recorder

SOON = 2.0
"""Seconds in which a screen has to follow, or to say what is wrong."""
NODES, WORKLOADS = ("Node", "Pod"), ("Node", "Pod", "Deployment", "ReplicaSet")


def _kinds(names: tuple[str, ...]) -> list[Kind]:
    return [BY_NAME[name] for name in names]


@contextlib.asynccontextmanager
async def _connected(
    cluster: Cluster, context: str | None = ON_CALL, path: Path | None = None
) -> AsyncIterator[Clients]:
    clients = await connect(Target(kubeconfig=str(path or cluster.kubeconfig), context=context))
    try:
        yield clients
    finally:
        await clients.close()


@contextlib.asynccontextmanager
async def _followed(
    clients: Clients, names: tuple[str, ...] = NODES, timing: Timing | None = None
) -> AsyncIterator[Recorder]:
    recorder = Recorder()
    feed = ClusterFeed(clients.reader, recorder, _kinds(names), timing=timing)
    running = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(30):
            await feed.loaded.wait()
        yield recorder
        assert not running.done()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _says(recorder: Recorder, phase: Phase, kinds: tuple[str, ...] = NODES) -> Callable[[], bool]:
    return lambda: all(recorder.now(kind).phase is phase for kind in kinds)


async def test_every_kind_is_read_or_said_to_be_absent(cluster: Cluster, world: World) -> None:
    nodes = world.pool(Pool("web", 3))
    recorder = Recorder()
    async with _connected(cluster) as clients:
        await read_once(clients.reader, recorder)
    assert set(nodes) <= set(recorder.held["Node"])
    phases = {kind: states[-1].phase for kind, states in recorder.states.items()}
    custom = {"VerticalPodAutoscaler", "WorkloadSpread", "CloneSet", "PodUnavailableBudget", "ElasticWorkload"}
    assert {kind for kind, phase in phases.items() if phase is Phase.ABSENT} == custom
    assert {phase for kind, phase in phases.items() if kind not in custom} == {Phase.LIVE}
    assert not [line for states in recorder.states.values() for line in states[-1].problems]


async def test_scaling_and_deleting_is_followed(cluster: Cluster, world: World) -> None:
    nodes = world.pool(Pool("web", 2))
    space = world.namespace()
    async with _connected(cluster) as clients, _followed(clients, WORKLOADS) as recorder:
        (created,) = await asyncio.to_thread(world.create, deployment("app", space, 2))
        name = created["metadata"]["name"]

        def pods() -> int:
            return sum(key.startswith(f"{space}/") for key in recorder.held["Pod"])

        await recorder.until(lambda: pods() == 2, 10)
        await asyncio.to_thread(
            cluster.kubectl, "scale", "deployment", name, "-n", space, "--replicas=5", context="admin"
        )
        await recorder.until(lambda: pods() == 5, SOON)
        await asyncio.to_thread(cluster.kubectl, "delete", "node", nodes[0], context="admin")
        await recorder.until(lambda: nodes[0] not in recorder.held["Node"], SOON)


async def test_a_killed_server_is_said_at_once_and_what_it_held_is_kept(cluster: Cluster, world: World) -> None:
    nodes = world.pool(Pool("web", 3))
    async with _connected(cluster) as clients, _followed(clients) as recorder:
        before = time.time()
        await asyncio.to_thread(cluster.stop_apiserver)
        await recorder.until(_says(recorder, Phase.RECONNECTING), SOON)
        await recorder.until(lambda: recorder.now("Pod").cause == "connection refused", SOON)
        since = recorder.now("Pod").since
        assert since is not None
        assert before - 120 < since < before + SOON
        assert set(nodes) <= set(recorder.held["Node"])
        await asyncio.to_thread(cluster.start_apiserver)
        await recorder.until(_says(recorder, Phase.LIVE), 15)
        await asyncio.to_thread(cluster.kubectl, "delete", "node", nodes[0], context="admin")
        await recorder.until(lambda: nodes[0] not in recorder.held["Node"], SOON)
        assert set(nodes[1:]) <= set(recorder.held["Node"])


async def test_a_frozen_server_is_noticed_by_the_heartbeat(cluster: Cluster) -> None:
    timing = Timing(heartbeat=1.0)
    async with _connected(cluster) as clients, _followed(clients, timing=timing) as recorder:
        pausing = cluster.paused()
        await asyncio.to_thread(pausing.__enter__)
        try:
            await recorder.until(_says(recorder, Phase.RECONNECTING), 30)
            assert "in time" in recorder.now("Node").cause
        finally:
            await asyncio.to_thread(pausing.__exit__, None, None, None)
        await recorder.until(_says(recorder, Phase.LIVE), 20)


async def test_a_compacted_version_leads_to_a_new_list_without_flicker(cluster: Cluster, world: World) -> None:
    nodes = world.pool(Pool("web", 3))
    async with _connected(cluster) as clients, _followed(clients) as recorder:
        held = len(recorder.held["Node"])
        await asyncio.to_thread(cluster.stop_apiserver)
        await recorder.until(_says(recorder, Phase.RECONNECTING), SOON)
        await asyncio.to_thread(cluster.etcd().remove, "Node", [nodes[0]])
        await asyncio.to_thread(cluster.etcd().compact)
        await asyncio.to_thread(cluster.start_apiserver)
        await recorder.until(lambda: nodes[0] not in recorder.held["Node"], 20)
        await recorder.until(_says(recorder, Phase.LIVE), 10)
        assert recorder.smallest["Node"] == held - 1


async def test_a_permission_taken_away_is_reported_at_the_next_request(cluster: Cluster) -> None:
    timing = Timing(lifetime=(1, 2), recheck=(1.0, 1.0))
    async with _connected(cluster) as clients, _followed(clients, timing=timing) as recorder:
        with forbidden(cluster, "Pod"):
            state = await recorder.until_phase("Pod", Phase.FORBIDDEN, 10)
            assert 'pods is forbidden: User "on-call" cannot' in state.cause
            assert recorder.now("Node").phase is Phase.LIVE
        await recorder.until_phase("Pod", Phase.LIVE, 10)


async def test_a_throttled_identity_waits_as_long_as_it_is_told(cluster: Cluster) -> None:
    async with _connected(cluster) as clients:
        await clients.reader.get("/api/v1/namespaces")
        throttling = throttled(cluster)
        await asyncio.to_thread(throttling.__enter__)
        try:
            recorder = Recorder()
            feed = ClusterFeed(clients.reader, recorder, _kinds(("Pod",)))
            running = asyncio.create_task(feed.run())
            state = await recorder.until_phase("Pod", Phase.UNREACHABLE, 10)
            assert "429 Too Many Requests" in state.cause
        finally:
            await asyncio.to_thread(throttling.__exit__, None, None, None)
        await recorder.until_phase("Pod", Phase.LIVE, 20)
        running.cancel()


async def test_the_namespaced_identity_gets_its_namespace(cluster: Cluster, world: World) -> None:
    world.pool(Pool("web", 1))
    space = world.namespace()
    recorder = Recorder()
    world.create(deployment("mine", TEAM_NAMESPACE, 1), deployment("theirs", space, 1))
    world.wait_pods(TEAM_NAMESPACE, 1)
    async with _connected(cluster, NAMESPACED) as clients:
        feed = ClusterFeed(clients.reader, recorder, _kinds(NODES))
        running = asyncio.create_task(feed.run())
        pods = await recorder.until_phase("Pod", Phase.LIVE, 10)
        nodes = await recorder.until_phase("Node", Phase.FORBIDDEN, 10)
        running.cancel()
    assert pods.namespace == TEAM_NAMESPACE
    assert {key.partition("/")[0] for key in recorder.held["Pod"]} == {TEAM_NAMESPACE}
    assert "nodes is forbidden" in nodes.cause
    await asyncio.to_thread(cluster.kubectl, "delete", "deployment", "mine", "-n", TEAM_NAMESPACE, context="admin")


async def test_an_identity_without_any_right_is_told_so(cluster: Cluster) -> None:
    recorder = Recorder()
    async with _connected(cluster, NOBODY) as clients:
        feed = ClusterFeed(clients.reader, recorder, _kinds((*NODES, "NodeMetrics")))
        running = asyncio.create_task(feed.run())
        for kind in (*NODES, "NodeMetrics"):
            assert "nobody" in (await recorder.until_phase(kind, Phase.FORBIDDEN, 10)).cause
        running.cancel()


async def test_a_token_that_ends_is_said_and_one_that_is_renewed_goes_on(cluster: Cluster) -> None:
    timing = Timing(lifetime=(1, 2))
    fixed, renewed = cluster.expiring_kubeconfig(5), cluster.refreshing_kubeconfig(5)
    async with (
        _connected(cluster, None, fixed) as ending,
        _connected(cluster, None, renewed) as going_on,
        _followed(ending, timing=timing) as first,
        _followed(going_on, timing=timing) as second,
    ):
        state = await first.until_phase("Pod", Phase.RECONNECTING, 30)
        assert state.cause == "Unauthorized"
        await asyncio.sleep(3)
        assert second.now("Pod").phase is Phase.LIVE
        assert Phase.RECONNECTING not in {state.phase for state in second.states["Pod"]}


async def test_usage_comes_and_a_dead_metrics_server_is_said(cluster: Cluster, world: World) -> None:
    nodes = world.pool(Pool("web", 2))
    await asyncio.to_thread(world.wait_node_metrics, nodes)
    timing = Timing(metrics=(0.5, 0.5))
    async with _connected(cluster) as clients, _followed(clients, ("NodeMetrics",), timing) as recorder:
        assert set(nodes) <= set(recorder.held["NodeMetrics"])
        with cluster.stopped("metrics-server"):
            state = await recorder.until_phase("NodeMetrics", Phase.RECONNECTING, 30)
            assert state.cause
            assert set(nodes) <= set(recorder.held["NodeMetrics"])


async def test_a_recorded_dump_is_the_live_cluster(cluster: Cluster, world: World, tmp_path: Path) -> None:
    world.pool(Pool("web", 2))
    space = world.namespace()
    world.create(deployment("app", space, 3))
    world.wait_pods(space, 3)
    recorder = Recorder()
    async with _connected(cluster) as clients:
        await read_once(clients.reader, recorder)
        done = await record(clients.reader, str(tmp_path / "dump.json.gz"))
    read = dump.read(str(tmp_path / "dump.json.gz"))
    assert done.unavailable.keys().isdisjoint(read.present)
    assert "PodDisruptionBudget" in read.present
    for kind in ("Node", "Pod", "Deployment", "ReplicaSet", "Namespace"):
        assert {obj.key for name, obj in read.objects if name == kind} == set(recorder.held[kind])
