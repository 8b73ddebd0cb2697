"""How the groups and the cluster are doing, as far as it decides about growth: healthy or not, and how many nodes are
on their way. Which single node is ready is in analysis/readiness.

Source: clusterstate/clusterstate.go of the Cluster Autoscaler."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.analysis import readiness
from core.analysis.groups import Membership
from core.cluster.snapshot import Snapshot
from core.policy import Policy


@dataclass
class Count:
    """The registered nodes of a group or of the cluster. `starting` are not ready and young: they are coming up.
    `taking` are ready and not cordoned: only these count against the limit of nodes."""

    ready: int = 0
    taking: int = 0
    unready: int = 0
    starting: list[str] = field(default_factory=list)

    def too_many_bad(self, bad: int, policy: Policy) -> bool:
        registered = self.ready + self.unready + len(self.starting)
        share = policy.max_total_unready_percentage / 100.0 * registered
        return bad > policy.ok_total_unready_count and bad > share


@dataclass(frozen=True)
class Health:
    """`groups` holds only groups with a registered node."""

    cluster: Count
    groups: Mapping[str, Count]
    policy: Policy

    @property
    def cluster_healthy(self) -> bool:
        return not self.cluster.too_many_bad(self.cluster.unready, self.policy)

    def group_healthy(self, group: str, target: int, arriving: int = 0) -> bool:
        """Whether enough of the nodes that the group is meant to have are there and ready. `arriving`: nodes that the
        autoscaler itself is known to wait for."""
        expected = target - arriving
        count = self.groups.get(group)
        if count is None:
            return expected <= 0
        return not count.too_many_bad(max(0, expected - count.ready), self.policy)

    def upcoming(self, group: str, target: int) -> int:
        """Nodes that were asked for and are not there, or not there for good yet."""
        count = self.groups.get(group, Count())
        return max(0, target - count.ready - count.unready)

    def starting(self) -> list[str]:
        """Registered nodes of groups that are still coming up."""
        return [name for count in self.groups.values() for name in count.starting]


def of(snapshot: Snapshot, membership: Membership, policy: Policy) -> Health:
    """Every node of the snapshot, sorted."""
    cluster = Count()
    groups: defaultdict[str, Count] = defaultdict(Count)
    policies = {group.id: policy.per_group(group) for group in snapshot.groups.values()}
    for node in snapshot.nodes.values():
        group = membership.of.get(node.name)
        own = policies[group.id] if group is not None else policy
        for count in (cluster, *((groups[group.id],) if group is not None else ())):
            if readiness.ready(node, own):
                count.ready += 1
                count.taking += not node.unschedulable
            elif readiness.not_started(node, own, snapshot.as_of):
                count.starting.append(node.name)
            else:
                count.unready += 1
    return Health(cluster, dict(groups), policy)
