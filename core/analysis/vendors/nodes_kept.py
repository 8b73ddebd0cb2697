"""The nodes that ACK's and CCE's autoscalers never remove: those that they did not add, those paid in advance, and
those of the default pool. How a node shows that an autoscaler added it is each vendor's."""

from collections.abc import Callable

from core.kube.node import Node
from core.kube.own_kinds import NodeGroup

STATIC_NODE, SUBSCRIPTION_NODE, DEFAULT_POOL = "StaticNode", "SubscriptionNode", "DefaultPool"
DEFAULT_POOLS = ("DefaultPool", "default-nodepool", "default")
_PREPAID = "prepaid"


def keeps(added_by_autoscaler: Callable[[Node], bool]) -> Callable[[Node, NodeGroup], str | None]:
    """Why a node is never removed; None when it may go."""

    def reason(node: Node, group: NodeGroup) -> str | None:
        if in_default_pool(node, group):
            return DEFAULT_POOL
        if node.charge_type.lower() == _PREPAID:
            return SUBSCRIPTION_NODE
        return None if added_by_autoscaler(node) else STATIC_NODE

    return reason


def in_default_pool(node: Node, group: NodeGroup | None) -> bool:
    """The node belongs to the pool that every cluster is made with."""
    names = (node.pool, *((group.display_name, group.id, group.pool) if group is not None else ()))
    return any(name in DEFAULT_POOLS for name in names)
