"""The node that a group would add: a good real node of the group made blank, or the group's template, with the pods
that come with every node.

Sources: processors/nodeinfosprovider, simulator/node_info_utils.go and utils/taints of the Cluster Autoscaler."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from core.analysis import readiness
from core.analysis.groups import Membership
from core.cluster.snapshot import Snapshot
from core.kube.interning import Shared
from core.kube.node import REGION_LABELS, TYPE_LABELS, ZONE_LABELS, Node
from core.kube.own_kinds import NodeGroup
from core.kube.pod import Pod
from core.kube.taints import DELETION_CANDIDATE, NO_EXECUTE, NO_SCHEDULE, TO_BE_DELETED, Taint, Toleration
from core.kube.workloads import Workload
from core.policy import Policy
from core.scheduling import node_affinity, node_name, taint_toleration

HOSTNAME, DAEMONSET = "kubernetes.io/hostname", "DaemonSet"
NAME_START = "template-node-for-"
"""What the name of a node that is on its way begins with, before its group's id."""
_TEMPLATE_LABEL = "cluster-autoscaler.kubernetes.io/template-node"
_RENAMED = (
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    TYPE_LABELS,
    ZONE_LABELS,
    REGION_LABELS,
)
_CONDITION_TAINTS = frozenset(
    (
        TO_BE_DELETED,
        DELETION_CANDIDATE,
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/pid-pressure",
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.cloudprovider.kubernetes.io/shutdown",
        "cloud.google.com/impending-node-termination",
        "NodeWithImpairedVolumes",
    )
)
_PASSING_TAINTS = (
    "startup-taint.cluster-autoscaler.kubernetes.io/",
    "ignore-taint.cluster-autoscaler.kubernetes.io/",
    "status-taint.cluster-autoscaler.kubernetes.io/",
)
_DAEMON_TOLERATIONS = (
    *(Toleration(f"node.kubernetes.io/{one}", "Exists", "", NO_EXECUTE) for one in ("not-ready", "unreachable")),
    *(
        Toleration(f"node.kubernetes.io/{one}", "Exists", "", NO_SCHEDULE)
        for one in ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
    ),
)
_NETWORK = Toleration("node.kubernetes.io/network-unavailable", "Exists", "", NO_SCHEDULE)
_READINESS = ("Ready", "DiskPressure", "NetworkUnavailable")
_SETTLED = 60
"""Seconds."""
_CRITICAL = "system-node-critical"


@dataclass(frozen=True)
class Template:
    """`node` as it would come, with `pods` on it. `source`: the real node that it was made from, or `template`.
    `unread`: the kind that could not be read, so that more pods may come with the node than are known."""

    group: NodeGroup
    node: Node
    pods: tuple[Pod, ...]
    source: str
    unread: str = ""

    def copy(self, suffix: str) -> Node:
        """One more such node, under its own name."""
        return named(self.node, f"{self.node.name}-{suffix}")


def of(
    snapshot: Snapshot, membership: Membership, policy: Policy, pods_on: Mapping[str, Sequence[Pod]]
) -> dict[str, Template]:
    """Group id -> its template, for the groups that have one. `pods_on`: the pods of each node."""
    maker = _Maker(snapshot, policy, pods_on)
    found: dict[str, Template] = {}
    for group in snapshot.groups.values():
        template = maker.best(group, [snapshot.nodes[name] for name in membership.members[group.id]])
        if template is not None:
            found[group.id] = template
    return found


def by_type(snapshot: Snapshot, policy: Policy) -> dict[str, dict[str, Template]]:
    """Group id -> machine type -> its template, for groups of several types, in the order in which they are tried."""
    maker = _Maker(snapshot, policy, {})
    mixed = (group for group in snapshot.groups.values() if len(group.templates) > 1)
    return {group.id: {maker.type_of(one, group): maker.new(group, one) for one in group.templates} for group in mixed}


class _Maker:
    def __init__(self, snapshot: Snapshot, policy: Policy, pods_on: Mapping[str, Sequence[Pod]]) -> None:
        self._policy, self._pods_on, self._now = policy, pods_on, snapshot.as_of
        self._daemonsets = snapshot.table(DAEMONSET).values()
        self._unread = unread(snapshot, policy)

    def best(self, group: NodeGroup, members: Sequence[Node]) -> Template | None:
        """A good real node, else the group's own template, else any node at all."""
        if self._policy.template_source == "template":
            return self._from_group(group)
        good = next((node for node in members if self._good(node)), None)
        if good is not None:
            return self._from_node(group, good)
        if group.templates:
            return self._from_group(group)
        return self._from_node(group, members[0]) if members else None

    def _good(self, node: Node) -> bool:
        """Ready for a while and taking pods."""
        if node.unschedulable or (
            self._policy.rule_set.at_least(1, 33) and any(taint.key == TO_BE_DELETED for taint in node.taints)
        ):
            return False
        return readiness.ready(node, self._policy) and _settled(node, self._now)

    @staticmethod
    def type_of(node: Node, group: NodeGroup) -> str:
        """The machine type of a template; its number where the labels don't tell."""
        return node.instance_type or f"type {group.templates.index(node) + 1}"

    def _from_group(self, group: NodeGroup) -> Template | None:
        return self.new(group, group.templates[0]) if group.templates else None

    def new(self, group: NodeGroup, node: Node) -> Template:
        """As described by the cloud, with all DaemonSets that would run there."""
        blank = self._blank(_with_old_labels(node), group)
        return Template(group, blank, tuple(_daemon_pods(blank, self._daemonsets)), "template", self._unread)

    def _from_node(self, group: NodeGroup, node: Node) -> Template:
        """With its own static and DaemonSet pods. DaemonSets that have no pod there as yet are left out, as the
        autoscaler does, unless it is told to force them or they are critical for every node: so a node that is good
        shows all that matters, though DaemonSets can't be read."""
        blank = self._blank(node, group)
        staying = [pod for pod in self._pods_on.get(node.name, ()) if pod.deletion is None]
        running = {pod.owner.uid for pod in staying if pod.owner is not None and pod.of_daemonset}
        absent = [one for one in self._daemonsets if one.uid not in running and self._forced(one)]
        kept = [pod for pod in staying if pod.mirror or pod.of_daemonset]
        unread = self._unread if self._policy.force_ds or not self._good(node) else ""
        return Template(group, blank, (*kept, *_daemon_pods(blank, absent)), f"node {node.name}", unread)

    def _forced(self, daemonset: Workload) -> bool:
        if self._policy.force_ds:
            return True
        shape = daemonset.template.shape if daemonset.template is not None else None
        return (
            shape is not None
            and self._policy.rule_set.at_least(1, 33)
            and shape.priority_class == _CRITICAL
            and shape.preemption_policy != "Never"
        )

    def _blank(self, node: Node, group: NodeGroup) -> Node:
        """A node as if it had just come: new name, no passing taints."""
        taints = tuple(taint for taint in node.taints if not self._passing(taint))
        cordoned = node.unschedulable and not self._policy.scale_from_unschedulable
        blank = msgspec.structs.replace(node, taints=taints, unschedulable=cordoned)
        extra = {_TEMPLATE_LABEL: "true"} if self._policy.rule_set.at_least(1, 35) else {}
        return named(blank, f"{NAME_START}{group.id}", extra)

    def _passing(self, taint: Taint) -> bool:
        told = (*self._policy.startup_taint, *self._policy.ignore_taint, *self._policy.status_taint)
        return taint.key in _CONDITION_TAINTS or taint.key in told or taint.key.startswith(_PASSING_TAINTS)


def unread(snapshot: Snapshot, policy: Policy) -> str:
    """The kind of the pods that come with every node, where it could not be read."""
    return "" if policy.assume_complete or snapshot.has(DAEMONSET) else DAEMONSET


def daemon_pods(snapshot: Snapshot, node: Node) -> list[Pod]:
    """The pods of DaemonSets that would come with this node."""
    return list(_daemon_pods(node, snapshot.table(DAEMONSET).values()))


def _daemon_pods(node: Node, daemonsets: Iterable[Workload]) -> Iterator[Pod]:
    for daemonset in daemonsets:
        if daemonset.template is not None and _runs(daemonset.template, node):
            yield daemonset.template


def _settled(node: Node, now: float) -> bool:
    """Its readiness hasn't changed for a minute."""
    changes = [one.since for one in node.conditions if one.type in _READINESS and one.since is not None]
    return not changes or max(changes) + _SETTLED < now


def _runs(pod: Pod, node: Node) -> bool:
    """Whether the DaemonSet controller would put the pod on the node."""
    shape = pod.shape
    extra = (*_DAEMON_TOLERATIONS, *((_NETWORK,) if shape.host_network else ()))
    return (
        not node_name.refuses(node, pod.node)
        and node_affinity.matches(shape, None, node)
        and taint_toleration.first_untolerated(node.taints, (*shape.tolerations, *extra)) is None
    )


def named(node: Node, name: str, extra: Mapping[str, str] | None = None) -> Node:
    """The node under another name, with its hostname label."""
    labels = Shared({**node.labels, **(extra or {}), HOSTNAME: name})
    return msgspec.structs.replace(node, name=name, uid=name, labels=labels)


def _with_old_labels(node: Node) -> Node:
    """Labels that were renamed stand under both names on templates that come from a cloud's description."""
    added = {old: node.labels[new] for new, old in _RENAMED if new in node.labels}
    return msgspec.structs.replace(node, labels=Shared({**node.labels, **added})) if added else node
