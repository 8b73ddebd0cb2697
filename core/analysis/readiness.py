"""Which nodes the autoscaler takes for ready, for not started yet, for being deleted; and whether it takes the
cluster for healthy enough to act at all.

Source: utils/kubernetes/ready.go, utils/taints/taints.go and clusterstate/clusterstate.go of the Cluster Autoscaler."""

from collections.abc import Iterable

from core.kube.node import Node
from core.kube.taints import TO_BE_DELETED
from core.policy.settings import Policy

UNREADY_TAINTS = (
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/network-unavailable",
)
BEING_DELETED_FOR = 300
"""Seconds for which the ToBeDeleted taint is believed: MaxCloudProviderNodeDeletionTime."""


def ready(node: Node, policy: Policy) -> bool:
    """Ready, without pressure on its disks, and with a network. No Ready condition means no, unless the policy
    assumes it."""
    said = node.ready
    if said is False or (said is None and not policy.assume_ready):
        return False
    if any(
        (found := node.condition(kind)) and found.status == "True" for kind in ("DiskPressure", "NetworkUnavailable")
    ):
        return False
    return not any(taint.key in UNREADY_TAINTS for taint in node.taints)


def not_started(node: Node, policy: Policy, now: float) -> bool:
    """Not ready, and so young that it is taken to be starting: no node yet. `policy` is the group's."""
    return not ready(node, policy) and node.created is not None and now < node.created + policy.max_node_startup_time


def being_deleted(node: Node, now: float) -> bool:
    """Marked by the autoscaler for deletion, not too long ago. The taint's value is when, in seconds since the
    epoch."""
    value = next((taint.value for taint in node.taints if taint.key == TO_BE_DELETED), None)
    return value is not None and value.isascii() and value.isdigit() and int(value[:15]) + BEING_DELETED_FOR > now


def healthy(nodes: Iterable[Node], policy: Policy, now: float) -> bool:
    """False when too many nodes are not ready: the autoscaler then neither grows nor shrinks anything."""
    unready = total = 0
    for node in nodes:
        total += 1
        unready += not ready(node, policy) and not not_started(node, policy, now)
    too_many = unready > policy.ok_total_unready_count
    return not (too_many and unready > policy.max_total_unready_percentage / 100 * total)
