"""How much of a node is booked, as scale-in counts it. What people see as booked is in analysis/reservation.

Source: simulator/utilization/info.go of the Cluster Autoscaler. Nodes with devices of dynamic resource allocation are
judged by those devices upstream; here that is not evaluated."""

import math
from collections.abc import Iterable, Mapping

from core.analysis.placement import Placement
from core.analysis.scale_in.result import Utilization
from core.analysis.vendors.overlay import GPU_RESOURCES, has_gpu
from core.kube.node import Node
from core.kube.pod import Pod
from core.policy.settings import Policy

LONG_TERMINATING_AFTER = 30
"""Seconds beyond the end of the grace period: utils/drain/drain.go, PodLongTerminatingExtraThreshold."""
DAEMONSET_ANNOTATION = "cluster-autoscaler.kubernetes.io/daemonset-pod"
NVIDIA = GPU_RESOURCES[0]


def of_daemonset(pod: Pod) -> bool:
    """A DaemonSet's pod, or one that says it is like one."""
    return pod.of_daemonset or pod.annotations.get(DAEMONSET_ANNOTATION) == "true"


def long_terminating(pod: Pod, now: float) -> bool:
    """It should be gone by now."""
    return pod.deletion is not None and pod.deletion + (pod.grace or 0) + LONG_TERMINATING_AFTER < now


def threshold(node: Node, policy: Policy) -> float:
    """What the utilization is held against. `policy` is the group's."""
    return policy.scale_down_gpu_utilization_threshold if has_gpu(node) else policy.scale_down_utilization_threshold


class Meter:
    """The utilization of the nodes of a placement, from its sums wherever all pods of a node count."""

    def __init__(self, placement: Placement, now: float) -> None:
        self._placement, self._now = placement, now
        self._odd = {
            index for index, pods in enumerate(placement.pods) if any(pod.deletion is not None for pod in pods)
        }

    def utilization(self, node: Node, index: int | None, policy: Policy) -> Utilization:
        """Of one node; `index` is its place in the placement (None: it is not there, so nothing is on it)."""
        if index is None:
            return utilization(node, (), policy, self._now)
        if policy.ignore_daemonsets_utilization or policy.ignore_mirror_pods_utilization or index in self._odd:
            return utilization(node, self._placement.pods[index], policy, self._now)
        names = ("cpu", "memory", *(GPU_RESOURCES if has_gpu(node) else ()))
        booked = {name: node.allocatable.get(name, 0) - self._placement.free(name)[index] for name in names}
        return _utilization(node, booked, {})


def utilization(node: Node, pods: Iterable[Pod], policy: Policy, now: float) -> Utilization:
    """Of a node with these pods. `policy` is the group's."""
    return _utilization(node, *_sums(pods, policy, now))


def _utilization(node: Node, booked: Mapping[str, int], set_aside: Mapping[str, int]) -> Utilization:
    """Of the GPU resource alone on a GPU node, else of the fuller one of CPU and memory."""
    cpu, memory = (_share(node, resource, booked, set_aside) for resource in ("cpu", "memory"))
    if has_gpu(node):
        resource = next((name for name in GPU_RESOURCES if node.allocatable.get(name)), NVIDIA)
        gpu = _share(node, resource, booked, set_aside) or 0.0
        return Utilization(cpu, memory, gpu, gpu, resource)
    if cpu is None or memory is None:
        return Utilization(cpu, memory)
    return Utilization(cpu, memory, None, *((cpu, "cpu") if cpu > memory else (memory, "memory")))


def _sums(pods: Iterable[Pod], policy: Policy, now: float) -> tuple[dict[str, int], dict[str, int]]:
    """What counts, and what is taken off the node before counting."""
    booked: dict[str, int] = {}
    set_aside: dict[str, int] = {}
    for pod in pods:
        if (policy.ignore_daemonsets_utilization and of_daemonset(pod)) or (
            policy.ignore_mirror_pods_utilization and pod.mirror
        ):
            total = set_aside
        elif pod.deletion is not None and long_terminating(pod, now):
            continue
        else:
            total = booked
        for resource, amount in pod.shape.requests.items():
            total[resource] = total.get(resource, 0) + amount
    return booked, set_aside


def _share(node: Node, resource: str, booked: Mapping[str, int], set_aside: Mapping[str, int]) -> float | None:
    """None when the node doesn't say how much of the resource it has, or has none."""
    allocatable = node.allocatable.get(resource, 0)
    if not allocatable:
        return None
    left = allocatable - set_aside.get(resource, 0)
    amount = booked.get(resource, 0)
    return amount / left if left else math.inf if amount else 0.0
