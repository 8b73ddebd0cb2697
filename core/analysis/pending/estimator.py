"""How many new nodes of a group the pods need, by the autoscaler's own bin packing.

Source: estimator/binpacking_estimator.go and estimator/decreasing_pod_orderer.go of the Cluster Autoscaler."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.analysis.pending.templates import HOSTNAME, Template
from core.analysis.placement import Placement
from core.kube.node import Node
from core.kube.pod import Pod
from core.scheduling import pod_topology_spread


@dataclass
class Estimate:
    """`nodes`: new nodes with at least one of these pods. `pods`: those that found a place."""

    nodes: int = 0
    pods: list[Pod] = field(default_factory=list)


def estimate(
    placement: Placement, template: Template, groups: Sequence[Sequence[Pod]], limit: int | None, newer: bool
) -> Estimate:
    """Pack `groups` of equal pods on new nodes, at most `limit` of them (None: any number).

    `newer` (rules from 1.33 on): a pod that hostname spread keeps off the last node may go to any other node, and no
    group asks for a node any more once the limit was met."""
    mark, cursor = placement.mark(), placement.cursor
    placement.cursor = 0
    try:
        bins = _Bins(placement, template, limit, newer)
        for pods in ordered(groups, template.node):
            bins.pack(pods)
        return Estimate(len(bins.used), bins.pods)
    finally:
        placement.rollback(mark)
        placement.cursor = cursor


def ordered(groups: Sequence[Sequence[Pod]], node: Node) -> list[Sequence[Pod]]:
    """Largest share of the node first; equals keep their order."""

    def share(pods: Sequence[Pod]) -> float:
        score = 0.0
        for resource in ("cpu", "memory"):
            room = node.allocatable.get(resource, 0)
            if room > 0:
                score += container_requests(pods[0], resource) / room
        return score

    return sorted(groups, key=share, reverse=True)


def container_requests(pod: Pod, resource: str) -> int:
    """What the pod's own containers request: neither init containers nor overhead, as the autoscaler counts here."""
    return sum(one.requests.get(resource, 0) for one in pod.shape.containers if not one.init)


def all_requests(pods: Sequence[Pod], resource: str) -> int:
    """The same for many pods, of which many have the same shape."""
    known: dict[int, int] = {}
    total = 0
    for pod in pods:
        shape = id(pod.template.shape)
        if shape not in known:
            known[shape] = container_requests(pod, resource)
        total += known[shape]
    return total


class _Bins:
    """The new nodes of one estimate."""

    def __init__(self, placement: Placement, template: Template, limit: int | None, newer: bool) -> None:
        self._placement, self._template, self._limit, self._newer = placement, template, limit, newer
        self._first = len(placement.nodes)
        self._last: int | None = None
        self._full = False
        self.used: set[int] = set()
        self.pods: list[Pod] = []

    def pack(self, pods: Sequence[Pod]) -> None:
        """Into the nodes added so far until one pod fails; that one and the rest only into the last node or a new
        one."""
        index, opening = 0, self._placement.opening_from(pods[0], self._first)
        while index < len(pods) and self._placed(pods[index], opening):
            index += 1
        if not (self._full and self._newer):
            while index < len(pods) and self._fresh(pods[index]):
                index += 1

    def _placed(self, pod: Pod, opening: bytearray | None) -> bool:
        node = self._placement.place(pod, opening)
        if node is not None:
            self._note(pod, node)
        return node is not None

    def _fresh(self, pod: Pod) -> bool:
        """Into the last node, else into one more; False when there is no point in going on with this group."""
        if self._last is not None:
            if self._put(pod, self._last) or self._spread_elsewhere(pod, self._last):
                return True
            if self._last not in self.used:
                return False
        added = len(self._placement.nodes) - self._first
        if self._limit is not None and added >= self._limit:
            self._full = True
            return False
        self._last = self._placement.add_node(self._template.copy(f"e-{added}"), self._template.pods)
        return self._put(pod, self._last)

    def _put(self, pod: Pod, node: int) -> bool:
        fits = self._placement.takes(pod, node)
        if fits:
            self._placement.put(pod, node)
            self._note(pod, node)
        return fits

    def _spread_elsewhere(self, pod: Pod, last: int) -> bool:
        """Hostname spread may keep a pod off the last node and still let it go to another, one that exists included."""
        if not self._newer or all(one.topology_key != HOSTNAME for one in pod.shape.spread):
            return False
        refusal = self._placement.first_failure(pod, last)
        spread = refusal is not None and refusal.reasons == pod_topology_spread.REASONS
        if not spread:
            return False
        opening = self._placement.opening(self._placement.classes.of(pod))
        opening[last] = 0
        return self._placed(pod, opening)

    def _note(self, pod: Pod, node: int) -> None:
        self.used.add(node)
        self.pods.append(pod)
