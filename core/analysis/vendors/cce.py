"""Huawei Cloud CCE's build of the Cluster Autoscaler: the nodes that it never removes, and those that it doesn't count.

Source: CCE user guide, "CCE Cluster Autoscaler" (cce_10_0154). No label of its own is known for nodes that it added:
those in a pool of the user's are taken for it."""

from core.analysis.vendors.nodes_kept import STATIC_NODE, in_default_pool, keeps
from core.analysis.vendors.overlay import Overlay, cpu_then_preferred
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup

POOL_LABEL = "cce.cloud.com/cce-nodepool"


def is_cce(node: Node) -> bool:
    """The node belongs to a CCE cluster."""
    return POOL_LABEL in node.labels


def counts(node: Node, group: NodeGroup | None) -> bool:
    """Unavailable nodes of the default pool don't count against the limits of nodes, cores and memory."""
    return node.ready is not False or not (
        in_default_pool(node, group) or (is_cce(node) and _in_own_default_pool(node)) or group is None
    )


def _in_own_default_pool(node: Node) -> bool:
    return node.labels[POOL_LABEL] in ("", "DefaultPool")


def _keeps(node: Node, group: NodeGroup, snapshot: Snapshot) -> str | None:
    """A node in a pool of the user's own is taken for one that the autoscaler added."""
    reason = keeps(node, group, snapshot)
    return None if reason == STATIC_NODE and is_cce(node) and not _in_own_default_pool(node) else reason


OVERLAY = Overlay(
    name="cce",
    forced={"blockingSystemPodDisruptionTimeout": None},
    keeps=_keeps,
    narrow=cpu_then_preferred,
    counts=counts,
)
