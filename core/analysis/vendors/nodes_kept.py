"""The nodes that ACK's and CCE's autoscalers never remove: those that they did not add, those paid in advance, and
those of the default pool. How a node shows that an autoscaler added it is each vendor's."""

from core.analysis import origin
from core.analysis.origin import AUTOSCALER_LABELS, How
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup

STATIC_NODE, SUBSCRIPTION_NODE, DEFAULT_POOL = "StaticNode", "SubscriptionNode", "DefaultPool"
DEFAULT_POOLS = ("DefaultPool", "default-nodepool", "default")


def keeps(node: Node, group: NodeGroup, snapshot: Snapshot) -> str | None:
    """Why a node is never removed; None when it may go."""
    if in_default_pool(node, group):
        return DEFAULT_POOL
    if prepaid(node):
        return SUBSCRIPTION_NODE
    return None if _added_by_autoscaler(node, snapshot) else STATIC_NODE


def prepaid(node: Node) -> bool:
    """It is a subscription: paid in advance, whether it is there or not."""
    return node.charge_type.lower() == "prepaid"


def _added_by_autoscaler(node: Node, snapshot: Snapshot) -> bool:
    """By its origin where the cloud tells, else by what the autoscaler itself goes by: the labels of its groups'
    nodes."""
    found = origin.of(node, snapshot.table)
    if found.how is not How.UNKNOWN or found.attached:
        return found.how is How.AUTOSCALED
    return any(node.labels.get(label) == "true" for label in AUTOSCALER_LABELS)


def in_default_pool(node: Node, group: NodeGroup | None) -> bool:
    """The node belongs to the pool that every cluster is made with."""
    names = (node.pool, *((group.display_name, group.id, group.pool) if group is not None else ()))
    return any(name in DEFAULT_POOLS for name in names)
