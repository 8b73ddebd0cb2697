"""The quick estimate of rule sets from 1.36 on (`--fastpath-binpacking-enabled`): of one group of equal pods only the
first node is packed, the rest is arithmetic. Which group that is stands here; the packing is in estimator.

Source: estimator/binpacking_estimator.go of the Cluster Autoscaler 1.36 (determineBestPEGToFastpath)."""

from collections.abc import Sequence

from core.analysis.pending.templates import HOSTNAME
from core.kube.node import Node
from core.kube.pod import Pod


def put_last(groups: Sequence[Sequence[Pod]], node: Node) -> tuple[list[Sequence[Pod]], bool]:
    """The groups with the one at the end that gains most, and whether there is such a one. Of equals the later one."""
    best, most = None, 0
    for index, pods in enumerate(groups):
        if _suits(pods[0]) and (saved := _saved(pods, node)) >= most:
            best, most = index, saved
    if best is None:
        return list(groups), False
    return [*groups[:best], *groups[best + 1 :], groups[best]], True


def _suits(pod: Pod) -> bool:
    """No topology spread, and anti-affinity at most between hosts: else one node does not speak for the others."""
    shape = pod.shape
    return not shape.spread and all(term.topology_key == HOSTNAME for term in shape.pod_anti_affinity)


def _saved(pods: Sequence[Pod], node: Node) -> int:
    """Pods that need not be tried: all but those of one node, by a rough count of nodes."""
    nodes = max(_apart(pods), *(_needed(pods, node, resource) for resource in ("cpu", "memory")))
    return len(pods) - len(pods) // nodes if nodes else 0


def _apart(pods: Sequence[Pod]) -> int:
    """A node for each, where they keep away from each other."""
    labels, terms = pods[0].labels, pods[0].shape.pod_anti_affinity
    hosts = (term.label_selector for term in terms if term.topology_key == HOSTNAME)
    return len(pods) if any(one is not None and one.matches(labels) for one in hosts) else 0


def _needed(pods: Sequence[Pod], node: Node, resource: str) -> int:
    """Nodes for what the first container of each asks."""
    first = next((one for one in pods[0].shape.containers if not one.init), None)
    capacity = node.capacity.get(resource, 0)
    asked = first.requests.get(resource, 0) if first is not None else 0
    return -(-len(pods) * asked // capacity) if capacity else 0
