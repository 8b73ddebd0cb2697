"""What tests can break does break, and comes back with nothing lost."""

from __future__ import annotations

import time
from contextlib import closing, suppress

import pytest
import urllib3

from tests.controlplane.api import Api, ApiError, Credentials
from tests.controlplane.cluster import Cluster
from tests.controlplane.failures import forbidden, status_of, throttled
from tests.controlplane.identities import NAMESPACED, ON_CALL, TEAM_NAMESPACE
from tests.controlplane.objects import Pool, deployment, pod
from tests.controlplane.world import World


def test_a_restart_keeps_the_data_and_the_port(cluster: Cluster, world: World) -> None:
    space = world.namespace()
    (before,) = world.create(pod("kept", space))
    number = cluster.pids()["kube-apiserver"]
    cluster.stop_apiserver()
    with pytest.raises(urllib3.exceptions.HTTPError):
        cluster.api().get("Pod", "kept", space)
    cluster.start_apiserver()
    assert cluster.pids()["kube-apiserver"] != number
    assert cluster.api().get("Pod", "kept", space)["metadata"]["uid"] == before["metadata"]["uid"]


def test_after_a_restart_the_controllers_go_on(cluster: Cluster, world: World) -> None:
    world.pool(Pool("again", 1))
    space = world.namespace()
    cluster.restart_apiserver()
    world.create(deployment("web", space, 2))
    world.wait_pods(space, 2)


def test_a_paused_server_is_silent_and_wakes(cluster: Cluster) -> None:
    pair = cluster.layout.admin
    hasty = Api(cluster.server, cluster.layout.authority, Credentials(pair), seconds=1)
    with closing(hasty):
        with cluster.paused(), pytest.raises(urllib3.exceptions.TimeoutError):
            hasty.list_all("Node")
        assert status_of(lambda: cluster.api().list_all("Node")) == 200


def test_metrics_vanish_with_their_server_and_return(cluster: Cluster, world: World) -> None:
    names = world.pool(Pool("metrics", 1))
    with cluster.stopped("metrics-server"):
        assert status_of(lambda: cluster.api().list_all("NodeMetrics")) == 503
    world.wait_node_metrics(names)


def test_compacted_history_is_gone(cluster: Cluster, world: World) -> None:
    old = world.api.request("GET", "/api/v1/namespaces")["metadata"]["resourceVersion"]
    for _ in range(3):
        world.namespace()
    cluster.etcd().compact()
    cluster.restart_apiserver()  # its watch cache remembers more than etcd
    with closing(world.api.watch("Namespace", resourceVersion=old, timeoutSeconds=10)) as events:
        event = next(events)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_a_permission_can_be_taken_away(cluster: Cluster) -> None:
    on_call = cluster.api(ON_CALL)
    with forbidden(cluster, "PodDisruptionBudget"):
        assert status_of(lambda: on_call.list_all("PodDisruptionBudget")) == 403
        assert status_of(lambda: on_call.list_all("Node")) == 200
        assert status_of(lambda: on_call.list_all("NodeMetrics")) == 200
    assert status_of(lambda: on_call.list_all("PodDisruptionBudget")) == 200


def test_requests_can_be_throttled(cluster: Cluster) -> None:
    with throttled(cluster):
        with pytest.raises(ApiError) as refused:
            cluster.api(ON_CALL).list_all("Pod")
        assert refused.value.status == 429
        assert int(refused.value.headers["Retry-After"]) >= 1
        assert status_of(lambda: cluster.api(NAMESPACED).list_all("Pod", TEAM_NAMESPACE)) == 200
    assert status_of(lambda: cluster.api(ON_CALL).list_all("Pod")) == 200


def test_an_open_watch_ends_when_the_server_is_killed(cluster: Cluster) -> None:
    with closing(cluster.api().watch("Namespace", timeoutSeconds=60)) as events:
        next(events)
        started = time.monotonic()
        cluster.stop_apiserver()
        with suppress(urllib3.exceptions.HTTPError):
            list(events)
        assert time.monotonic() - started < 5
    cluster.start_apiserver()
