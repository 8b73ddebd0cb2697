"""Which node belongs to which scaling group, as far as the groups themselves say. What a group is made of, and where
that is known from, is in the group feeds."""

from collections.abc import Iterable, Mapping

from core.kube.node import Node
from core.kube.own_kinds import NodeGroup


def of_nodes(nodes: Mapping[str, Node], groups: Iterable[NodeGroup]) -> dict[str, NodeGroup]:
    """Node name -> its group. A group names its members, or owns the nodes that carry its pool's label."""
    found: dict[str, NodeGroup] = {}
    by_pool: dict[str, NodeGroup] = {}
    for group in groups:
        if group.nodes is None and group.pool:
            by_pool.setdefault(group.pool, group)
        for name in group.nodes or ():
            if name in nodes:
                found.setdefault(name, group)
    if by_pool:
        for name, node in nodes.items():
            if (group_of_pool := by_pool.get(node.pool)) is not None:
                found.setdefault(name, group_of_pool)
    return found
