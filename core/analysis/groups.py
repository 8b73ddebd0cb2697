"""Which node belongs to which group, and how large a group is meant to be. What a group would add is with pending."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.cluster.snapshot import Snapshot
from core.kube.own_kinds import NodeGroup


@dataclass(frozen=True)
class Membership:
    """`of`: node name -> its group. `members`: group id -> names of its nodes that exist, in the nodes' order."""

    of: Mapping[str, NodeGroup]
    members: Mapping[str, tuple[str, ...]]

    def target(self, group: NodeGroup) -> int:
        """The number of nodes that the group is meant to have: with those on their way, as its provider says."""
        return len(self.members[group.id]) if group.desired_size is None else group.desired_size


def membership(snapshot: Snapshot) -> Membership:
    """By the names that a group lists, else by the pool label. A node that several groups claim is the first one's."""
    groups = list(reversed(tuple(snapshot.groups.values())))
    by_name = {name: group for group in groups for name in group.nodes or ()}
    by_pool = {group.pool: group for group in groups if group.nodes is None and group.pool}
    of: dict[str, NodeGroup] = {}
    members: dict[str, list[str]] = {group: [] for group in snapshot.groups}
    for name, node in snapshot.nodes.items():
        group = by_name.get(name) or by_pool.get(node.pool)
        if group is not None:
            of[name] = group
            members[group.id].append(name)
    return Membership(of, {group: tuple(names) for group, names in members.items()})
