"""Each part of the control plane is the real one, in the pinned version, and quick to start."""

from __future__ import annotations

from tests.controlplane import build
from tests.controlplane.cluster import Cluster


def test_ready_within_half_a_minute(cluster: Cluster) -> None:
    assert 0 < cluster.startup_seconds < 30


def test_every_program_runs(cluster: Cluster) -> None:
    assert cluster.pids().keys() == {
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kwok",
        "metrics-server",
    }


def test_server_and_kubectl_carry_the_pinned_version(cluster: Cluster) -> None:
    pinned = build.versions()["kubernetes"]
    assert cluster.api().request("GET", "/version")["gitVersion"] == pinned
    assert cluster.kubectl("version", "--client").splitlines()[0] == f"Client Version: {pinned}"


def test_nothing_is_missing_from_the_cache(cluster: Cluster) -> None:
    assert build.missing() == []
    assert build.build() == []
    assert not build.folder().is_relative_to(build.PROGRAMS.parents[2])
