"""Each identity may do what its name says and no more; tokens end and are renewed."""

from __future__ import annotations

import time

import pytest

from tests.controlplane import identities as who
from tests.controlplane.cluster import Cluster
from tests.controlplane.failures import status_of
from tests.controlplane.objects import Pool, pod
from tests.controlplane.world import World

READERS = (who.ADMIN, who.ON_CALL, who.REFRESHING)


@pytest.mark.parametrize("context", READERS)
def test_readers_see_the_whole_cluster(cluster: Cluster, world: World, context: str) -> None:
    nodes = world.pool(Pool("readers", 1))
    seen = cluster.kubectl("get", "nodes", "-o", "name", context=context)
    assert seen.split() == [f"node/{nodes[0]}"]
    assert cluster.kubectl("auth", "can-i", "list", "pods.metrics.k8s.io", "-A", context=context).strip() == "yes"


@pytest.mark.parametrize("context", [who.ON_CALL, who.REFRESHING, who.NAMESPACED, who.NOBODY])
@pytest.mark.parametrize("verb", ["create", "delete", "patch"])
def test_only_the_administrator_writes(cluster: Cluster, context: str, verb: str) -> None:
    answer = cluster.kubectl("auth", "can-i", verb, "pods", "-n", who.TEAM_NAMESPACE, context=context, check=False)
    assert answer.startswith("no")


def test_a_write_by_on_call_is_refused(cluster: Cluster) -> None:
    thing = pod("refused", who.TEAM_NAMESPACE)
    assert status_of(lambda: cluster.api(who.ON_CALL).create(thing)) == 403


def test_the_namespaced_identity_is_confined(cluster: Cluster) -> None:
    api = cluster.api(who.NAMESPACED)
    assert status_of(lambda: api.list_all("Pod", who.TEAM_NAMESPACE)) == 200
    assert status_of(lambda: api.list_all("Pod", "kube-system")) == 403
    assert status_of(lambda: api.list_all("Pod")) == 403
    assert status_of(lambda: api.list_all("Node")) == 403


def test_nobody_reads_nothing(cluster: Cluster) -> None:
    assert status_of(lambda: cluster.api(who.NOBODY).list_all("Pod", who.TEAM_NAMESPACE)) == 403


def test_a_token_works_and_then_ends(cluster: Cluster) -> None:
    kubeconfig = cluster.expiring_kubeconfig(seconds=2)
    assert "No resources found" in _get_nodes(cluster, kubeconfig)
    deadline = time.monotonic() + 20  # two seconds, and up to ten more from the server's cache
    while "Unauthorized" not in (answer := _get_nodes(cluster, kubeconfig)):
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)


def test_an_expiring_token_only_reads(cluster: Cluster) -> None:
    kubeconfig = cluster.expiring_kubeconfig(seconds=60)
    for verb, answer in (("list", "yes"), ("create", "no")):
        arguments = ("auth", "can-i", verb, "pods", f"--kubeconfig={kubeconfig}", "--context=")
        assert cluster.kubectl(*arguments, check=False).split()[0] == answer


def test_the_exec_plugin_hands_out_tokens(cluster: Cluster) -> None:
    kubeconfig = cluster.refreshing_kubeconfig(seconds=30)
    for _ in range(2):
        assert "No resources found" in _get_nodes(cluster, kubeconfig)
    assert len(kubeconfig.with_name("exec-token.json.calls").read_text().splitlines()) == 2


def _get_nodes(cluster: Cluster, kubeconfig: object) -> str:
    return cluster.kubectl("get", "nodes", f"--kubeconfig={kubeconfig}", "--context=", check=False)
