"""Changed copies of a snapshot: what the cluster would look like if somebody did this. The living state is never
touched; what follows from a change is in analysis/what_if."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.kube.pod import Pod, State, Unscheduled

UNSCHEDULABLE = "Unschedulable"
_WAITING = State("Pending", "Pending", ready=False, restarts=0, has_scheduled_condition=True)


def unbound(pod: Pod, now: float) -> Pod:
    """The pod as its controller would start it anew: waiting, and known to fit nowhere as yet."""
    waiting = Unscheduled(UNSCHEDULABLE, "", int(now))
    rare = msgspec.structs.replace(pod.rare, deletion=None, grace=None, unscheduled=waiting, nominated=None)
    return msgspec.structs.replace(pod, node=None, state=_WAITING, rare=rare)


def comes_back(pod: Pod) -> bool:
    """Somebody starts the pod anew elsewhere when it is evicted: neither a node's own pod, nor finished, nor bare."""
    return not (pod.mirror or pod.of_daemonset or pod.terminated) and pod.owner is not None


def drained(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    """These nodes cordoned, and their pods waiting for a place; bare pods are gone, DaemonSet and static pods stay."""
    nodes = {
        name: msgspec.structs.replace(node, unschedulable=True) if name in names else node
        for name, node in snapshot.nodes.items()
    }
    pods: dict[str, Pod] = {}
    for key, pod in snapshot.pods.items():
        if pod.node not in names or pod.mirror or pod.of_daemonset or pod.terminated:
            pods[key] = pod
        elif comes_back(pod):
            pods[key] = unbound(pod, snapshot.as_of)
    return snapshot.with_tables(Node=nodes, Pod=pods)


def removed(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    """These nodes drained and gone, and their groups as much smaller."""
    emptied = drained(snapshot, names)
    nodes = {name: node for name, node in emptied.nodes.items() if name not in names}
    pods = {key: pod for key, pod in emptied.pods.items() if pod.node not in names}
    groups = {key: _without(group, names, snapshot) for key, group in snapshot.groups.items()}
    return emptied.with_tables(Node=nodes, Pod=pods, NodeGroup=groups)


def _without(group: NodeGroup, names: Collection[str], snapshot: Snapshot) -> NodeGroup:
    if group.nodes is None:
        gone = sum(1 for name in names if name in snapshot.nodes and snapshot.nodes[name].pool == group.pool)
        members = None
    else:
        members = tuple(name for name in group.nodes if name not in names)
        gone = len(group.nodes) - len(members)
    desired = None if group.desired_size is None else max(0, group.desired_size - gone)
    return msgspec.structs.replace(group, nodes=members, desired_size=desired)


def grown(snapshot: Snapshot, nodes: Iterable[Node], pods: Iterable[Pod] = (), group: str | None = None) -> Snapshot:
    """With these nodes and the pods on them, as members of `group` (an id) or of none."""
    more = {node.name: node for node in nodes}
    changed = snapshot.with_tables(
        Node={**snapshot.nodes, **more}, Pod={**snapshot.pods, **{pod.key: pod for pod in pods}}
    )
    if group is None:
        return changed
    owner = snapshot.groups[group]
    sizes: dict[str, Any] = {} if owner.desired_size is None else {"desired_size": owner.desired_size + len(more)}
    members = None if owner.nodes is None else (*owner.nodes, *more)
    return with_group(changed, group, nodes=members, **sizes)


def with_group(snapshot: Snapshot, group: str, **fields: Any) -> Snapshot:
    """With other limits (or any other fields) of one group."""
    changed = msgspec.structs.replace(snapshot.groups[group], **fields)
    return snapshot.with_tables(NodeGroup={**snapshot.groups, group: changed})


def with_pods(snapshot: Snapshot, pods: Mapping[str, Pod]) -> Snapshot:
    """With these pods too."""
    return snapshot.with_tables(Pod={**snapshot.pods, **pods})
