"""The members of each group, and how large a group is meant to be. Who belongs where is decided in
core/cluster/membership; what a group would add is with pending."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.cluster.membership import of_nodes
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
    """Every node's group, and every group's nodes."""
    of = of_nodes(snapshot.nodes, snapshot.groups.values())
    members: dict[str, list[str]] = {group: [] for group in snapshot.groups}
    for name in snapshot.nodes:
        if name in of:
            members[of[name].id].append(name)
    return Membership(of, {group: tuple(names) for group, names in members.items()})
