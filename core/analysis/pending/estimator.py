"""How many new nodes of a group the pods need, by the autoscaler's own bin packing.

Source: estimator/binpacking_estimator.go and estimator/decreasing_pod_orderer.go of the Cluster Autoscaler."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.analysis.pending import fast_path
from core.analysis.pending.templates import HOSTNAME, Template
from core.analysis.placement import Placement
from core.kube.node import Node
from core.kube.pod import Pod
from core.policy import Policy
from core.scheduling import pod_topology_spread


@dataclass
class Estimate:
    """`nodes`: new nodes with at least one of these pods. `pods`: those that found a place."""

    nodes: int = 0
    pods: list[Pod] = field(default_factory=list)


def estimate(
    placement: Placement, template: Template, groups: Sequence[Sequence[Pod]], limit: int | None, policy: Policy
) -> Estimate:
    """Pack `groups` of equal pods on new nodes, at most `limit` of them (None: any number).

    Rules from 1.33 on: a pod that hostname spread keeps off the last node may go to any other node, and no group asks
    for a node any more once the limit was met. From 1.36 on there may be a fast path for the last group."""
    mark, cursor = placement.mark(), placement.cursor
    placement.cursor = 0
    try:
        bins = _Bins(placement, template, limit, policy.rule_set.at_least(1, 33))
        packed, quick = ordered(groups, template.node), False
        if policy.fastpath_binpacking_enabled and policy.rule_set.at_least(1, 36):
            packed, quick = fast_path.put_last(packed, template.node)
        for number, pods in enumerate(packed, start=1):
            bins.pack(pods, quick and number == len(packed))
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
        self._added = 0
        self._full = False
        self.used: set[int] = set()
        """Indexes of nodes; below zero: of nodes that are only counted."""
        self.pods: list[Pod] = []

    def pack(self, pods: Sequence[Pod], quick: bool = False) -> None:
        """Into the nodes added so far until one pod fails; that one and the rest only into the last node or a new
        one. `quick`: the rest only into one new node, and into as many more as it would take at that rate."""
        index, opening = 0, self._placement.opening_from(pods[0], self._first)
        while index < len(pods) and self._placed(pods[index], opening):
            index += 1
        if self._full and self._newer:
            return
        if quick:
            self._extrapolate(pods[index:])
            return
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
        return self._may_add() and self._put(pod, self._add())

    def _extrapolate(self, pods: Sequence[Pod]) -> None:
        """The fast path: one node is packed, the others are counted."""
        if not pods or not self._may_add():
            return
        node, fit = self._add(), 0
        while fit < len(pods) and self._put(pods[fit], node):
            fit += 1
        for start in range(fit, len(pods), fit) if fit else ():
            if not self._may_add():
                return
            self._added += 1
            self.used.add(-self._added)
            self.pods.extend(pods[start : start + fit])

    def _may_add(self) -> bool:
        self._full = self._full or (self._limit is not None and self._added >= self._limit)
        return not self._full

    def _add(self) -> int:
        self._last = self._placement.add_node(self._template.copy(f"e-{self._added}"), self._template.pods)
        self._added += 1
        return self._last

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
