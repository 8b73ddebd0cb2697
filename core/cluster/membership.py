"""Which node belongs to which scaling group, as far as the groups themselves say. What a group is made of, and where
that is known from, is in the group feeds."""

from collections.abc import Iterable, Mapping

from core.kube.node import Node
from core.kube.own_kinds import NodeGroup


class Members:
    """The groups, asked node by node. A group names its members, or owns the nodes that carry its pool's label."""

    def __init__(self, groups: Iterable[NodeGroup]) -> None:
        self._named: dict[str, NodeGroup] = {}
        self._by_pool: dict[str, NodeGroup] = {}
        for group in groups:
            if group.nodes is None and group.pool:
                self._by_pool.setdefault(group.pool, group)
            for name in group.nodes or ():
                self._named.setdefault(name, group)

    def of(self, node: Node) -> NodeGroup | None:
        """The group that a node belongs to."""
        return self._named.get(node.name) or self._by_pool.get(node.pool)


def of_nodes(nodes: Mapping[str, Node], groups: Iterable[NodeGroup]) -> dict[str, NodeGroup]:
    """Node name -> its group."""
    members = Members(groups)
    return {name: group for name, node in nodes.items() if (group := members.of(node)) is not None}
