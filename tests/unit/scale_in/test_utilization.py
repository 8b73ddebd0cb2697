"""How full a node is, as the autoscaler counts it."""

import math
from typing import Any

import pytest

from core.analysis.scale_in.utilization import threshold, utilization
from core.policy import Policy
from tests.unit.build import NOW, Object, at, node, pod, snapshot


def _of(*pods: Object, machine: Object | None = None, **settings: Any) -> Any:
    taken = snapshot(machine or node("n", cpu="4", memory="8Gi"), *pods)
    return utilization(taken.nodes["n"], taken.pods.values(), Policy(**settings), NOW)


def test_the_fuller_resource_counts_and_memory_wins_a_tie() -> None:
    assert _of(pod("a", "n", cpu="3", memory="1Gi")).max == 0.75
    assert _of(pod("a", "n", cpu="1", memory="4Gi")).resource == "memory"
    assert _of(pod("a", "n", cpu="2", memory="4Gi")).resource == "memory"


def test_gpus_alone_count_on_a_gpu_node() -> None:
    machine = node("n", extra={"nvidia.com/gpu": "4"})
    found = _of(pod("a", "n", cpu="3900m", extra={"nvidia.com/gpu": "1"}), machine=machine)
    assert (found.max, found.gpu, found.resource) == (0.25, 0.25, "nvidia.com/gpu")
    assert found.cpu == 0.975
    assert threshold(snapshot(machine).nodes["n"], Policy(scale_down_gpu_utilization_threshold=0.3)) == 0.3


def test_other_makers_gpus_count_too_and_a_bare_label_means_none_used() -> None:
    amd = node("n", extra={"amd.com/gpu": "2"})
    assert _of(pod("a", "n", extra={"amd.com/gpu": "1"}), machine=amd).max == 0.5
    shared = node("n", labels={"aliyun.accelerator/nvidia_name": "a10"})
    assert _of(pod("a", "n", cpu="3"), machine=shared).max == 0.0


def test_daemonsets_and_mirror_pods_leave_both_sides_when_told_to() -> None:
    pods = (
        pod("ds", "n", cpu="1", memory="0", owner="DaemonSet"),
        pod(
            "like", "n", cpu="500m", memory="0", annotations={"cluster-autoscaler.kubernetes.io/daemonset-pod": "true"}
        ),
        pod("static", "n", cpu="500m", memory="0", annotations={"kubernetes.io/config.mirror": "x"}),
        pod("web", "n", cpu="1", memory="0"),
    )
    assert _of(*pods).cpu == 0.75
    assert _of(*pods, ignore_daemonsets_utilization=True).cpu == 1.5 / 2.5
    assert _of(*pods, ignore_mirror_pods_utilization=True).cpu == 2.5 / 3.5
    both = _of(*pods, ignore_daemonsets_utilization=True, ignore_mirror_pods_utilization=True)
    assert both.cpu == 0.5


def test_a_pod_that_should_be_gone_does_not_count_and_a_leaving_one_does() -> None:
    leaving = {"deletionTimestamp": at(10), "deletionGracePeriodSeconds": 30}
    overdue = {"deletionTimestamp": at(3600), "deletionGracePeriodSeconds": 30}
    assert _of(pod("a", "n", cpu="2", meta=leaving)).cpu == 0.5
    assert _of(pod("a", "n", cpu="2", meta=overdue)).cpu == 0.0


@pytest.mark.parametrize("machine", [node("n", cpu="0"), node("n", memory="0")])
def test_without_allocatable_there_is_no_answer(machine: Object) -> None:
    assert _of(pod("a", "n"), machine=machine).max is None


def test_nothing_left_beside_the_daemonsets_is_no_division_by_zero() -> None:
    daemon = pod("ds", "n", cpu="4", memory="8Gi", owner="DaemonSet")
    assert _of(daemon, ignore_daemonsets_utilization=True).max == 0.0
    assert _of(daemon, pod("web", "n", cpu="1"), ignore_daemonsets_utilization=True).max == math.inf
