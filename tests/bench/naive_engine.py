"""The plain way to decide: every pod against every node, every count by walking over all pods. It shares the rules of
core/scheduling with the engine and nothing else: the reference for its speed, and for its answers in tests."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.analysis.placement import inputs
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.pod import Pod
from core.kube.taints import NO_SCHEDULE, TO_BE_DELETED, Taint
from core.scheduling import (
    inter_pod_affinity,
    node_affinity,
    node_ports,
    node_resources_fit,
    node_unschedulable,
    node_volume_limits,
    pod_topology_spread,
    taint_toleration,
    volume_binding,
    volume_restrictions,
    volume_zone,
    volumes,
)
from core.scheduling.inter_pod_affinity import Term
from core.scheduling.pod_topology_spread import Constraint
from core.scheduling.refusal import (
    INTER_POD_AFFINITY,
    NODE_AFFINITY,
    NODE_PORTS,
    NODE_RESOURCES_FIT,
    NODE_UNSCHEDULABLE,
    NODE_VOLUME_LIMITS,
    POD_TOPOLOGY_SPREAD,
    TAINT_TOLERATION,
    VOLUME_BINDING,
    VOLUME_RESTRICTIONS,
    VOLUME_ZONE,
    Refusal,
)
from core.scheduling.volumes import Claims, Storage

Pair = tuple[str, str]
"""A label and its value: one domain."""


@dataclass(eq=False)
class Place:
    """A node with its pods, and the sum of what they take."""

    node: Node
    pods: list[Pod] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)

    def add(self, pod: Pod) -> None:
        self.pods.append(pod)
        self._book(pod, 1)

    def remove(self, pod: Pod) -> None:
        self.pods = [one for one in self.pods if one is not pod]
        self._book(pod, -1)

    def _book(self, pod: Pod, sign: int) -> None:
        for name, amount in node_resources_fit.demand(pod.shape.requests):
            self.used[name] = self.used.get(name, 0) + sign * amount


class Prepared(NamedTuple):
    """What PreFilter finds out about one pod: counts per domain, by walking over all pods of all nodes."""

    refused: Refusal | None
    claims: Claims
    in_use: bool
    spread: tuple[tuple[Constraint, dict[str, int]], ...]
    together: tuple[Term, ...]
    company: dict[Pair, int]
    apart: tuple[Term, ...]
    strangers: dict[Pair, int]
    repelled: frozenset[Pair]


class NaiveCluster:
    """Nodes and pods, without any index."""

    def __init__(
        self,
        places: Sequence[Place],
        storage: Storage | None = None,
        namespaces: Mapping[str, Mapping[str, str]] | None = None,
        kubernetes: tuple[int, int] = (1, 35),
    ) -> None:
        self.places, self.storage, self.kubernetes = list(places), storage or Storage(), kubernetes
        self.namespaces = namespaces or {}
        self.cursor = 0

    @classmethod
    def from_snapshot(
        cls, snapshot: Snapshot, kubernetes: tuple[int, int], expendable_below: int | None = -10
    ) -> "NaiveCluster":
        places = {node.name: Place(node) for node in snapshot.nodes.values()}
        for pod in snapshot.pods.values():
            priority = pod.shape.priority
            low = expendable_below is not None and priority is not None and priority < expendable_below
            if pod.node in places and not pod.terminated and not low:
                places[pod.node].add(pod)
        return cls(list(places.values()), inputs.storage(snapshot), inputs.namespaces(snapshot), kubernetes)

    def first_failure(self, pod: Pod, place: Place) -> Refusal | None:
        return self.filtered(pod, place, self.prepared(pod))

    def place(self, pod: Pod, allowed: Iterable[Place] | None = None) -> Place | None:
        """The next node, going round from the cursor, that takes the pod; the pod is put there."""
        ready, total = self.prepared(pod), len(self.places)
        open_places = None if allowed is None else {id(one) for one in allowed}
        for step in range(total if ready.refused is None else 0):
            index = (self.cursor + step) % total
            place = self.places[index]
            if place.node.unschedulable or (open_places is not None and id(place) not in open_places):
                continue
            if self.filtered(pod, place, ready) is None:
                self.cursor = (index + 1) % total
                place.add(pod)
                return place
        return None

    def could_move(self, place: Place, pods: Sequence[Pod]) -> bool:
        """Whether these pods of a node find places on the others. Everything is put back."""
        others, moved, self.cursor = [one for one in self.places if one is not place], [], 0
        for pod in pods:
            place.remove(pod)
        for pod in pods:
            to = self.place(pod, others)
            if to is None:
                break
            moved.append((pod, to))
        for pod, to in moved:
            to.remove(pod)
        for pod in pods:
            place.add(pod)
        return len(moved) == len(pods)

    def prepared(self, pod: Pod) -> Prepared:
        refused, claims = self._claims(pod)
        namespace = pod.namespace
        together = inter_pod_affinity.terms(pod.shape.pod_affinity, namespace)
        apart = inter_pod_affinity.terms(pod.shape.pod_anti_affinity, namespace)
        return Prepared(
            refused=refused,
            claims=claims,
            in_use=self._in_use(claims),
            spread=tuple(self._spread(pod)),
            together=together,
            company=self._company(together),
            apart=apart,
            strangers=self._strangers(apart),
            repelled=frozenset(self._repelled(pod)),
        )

    def filtered(self, pod: Pod, place: Place, ready: Prepared) -> Refusal | None:
        """The first filter that refuses."""
        if ready.refused is not None:
            return ready.refused
        found = next((Refusal(name, why) for name, why in self._answers(pod, place, ready) if why), None)
        if found is None and pod.shape.resource_claims:
            return Refusal("DynamicResources", ("not evaluated",), False)
        return found

    def _answers(self, pod: Pod, place: Place, ready: Prepared) -> Iterator[tuple[str, tuple[str, ...]]]:
        node, shape = place.node, pod.shape
        cordoned = node_unschedulable.refuses(node, shape.tolerations)
        yield NODE_UNSCHEDULABLE, node_unschedulable.REASONS if cordoned else ()
        taint = taint_toleration.first_untolerated(node.taints, shape.tolerations)
        yield TAINT_TOLERATION, taint_toleration.reasons(taint, self.kubernetes) if taint else ()
        yield NODE_AFFINITY, () if node_affinity.matches(shape, pod.pin, node) else node_affinity.REASONS
        used = [port for one in place.pods for port in one.shape.host_ports]
        yield NODE_PORTS, node_ports.REASONS if node_ports.conflict(shape.host_ports, used) else ()
        yield NODE_RESOURCES_FIT, _resources(pod, place)
        yield VOLUME_RESTRICTIONS, self._restrictions(pod, place, ready)
        yield NODE_VOLUME_LIMITS, self._limits(place, ready)
        found = volume_binding.reasons(ready.claims, node, self.storage)
        yield VOLUME_BINDING, volume_binding.worded(found, self.kubernetes)
        wrong_zone = volume_zone.refuses(volume_zone.topologies(ready.claims.bound), node)
        yield VOLUME_ZONE, volume_zone.REASONS if wrong_zone else ()
        yield POD_TOPOLOGY_SPREAD, _skew(node, ready)
        yield INTER_POD_AFFINITY, self._neighbours(pod, node, ready)

    # what PreFilter counts

    def _claims(self, pod: Pod) -> tuple[Refusal | None, Claims]:
        if node_affinity.pinned(pod.shape, pod.pin) == frozenset():
            return Refusal(NODE_AFFINITY, node_affinity.CONFLICT), volumes.NONE
        named = [(f"{pod.namespace}/{claim}", claim.startswith(f"{pod.name}-")) for claim in pod.claims]
        found = [self.storage.claims[key] for key, _ in named if key in self.storage.claims]
        lasting = [key for key, ephemeral in named if not ephemeral]
        answers = (
            (VOLUME_RESTRICTIONS, volume_restrictions.missing(lasting, self.storage.claims)),
            (VOLUME_BINDING, volume_binding.unfit(named, self.storage)),
            (VOLUME_ZONE, volume_zone.unfit(found, self.storage)),
        )
        refused = next((Refusal(plugin, reasons) for plugin, reasons in answers if reasons), None)
        return refused, volumes.sort(found, self.storage)

    def _in_use(self, claims: Claims) -> bool:
        wanted = set(claims.exclusive)
        return bool(wanted) and any(
            f"{pod.namespace}/{claim}" in wanted for place in self.places for pod in place.pods for claim in pod.claims
        )

    def _spread(self, pod: Pod) -> Iterator[tuple[Constraint, dict[str, int]]]:
        constraints = pod_topology_spread.constraints(pod.shape, pod.labels)
        for constraint in constraints:
            counts: dict[str, int] = {}
            for place in self.places:
                if all(one.key in place.node.labels for one in constraints) and _eligible(pod, place.node, constraint):
                    value = place.node.labels[constraint.key]
                    counts[value] = counts.get(value, 0) + _matching(constraint, pod.namespace, place.pods)
            yield constraint, counts

    def _company(self, terms: tuple[Term, ...]) -> dict[Pair, int]:
        counts: dict[Pair, int] = {}
        for place in self.places if terms else ():
            for pod in place.pods:
                if all(self._means(term, pod) for term in terms):
                    for term in terms:
                        _count(counts, term.key, place.node)
        return counts

    def _strangers(self, terms: tuple[Term, ...]) -> dict[Pair, int]:
        counts: dict[Pair, int] = {}
        for place in self.places if terms else ():
            for pod in place.pods:
                for term in terms:
                    if self._means(term, pod):
                        _count(counts, term.key, place.node)
        return counts

    def _repelled(self, pod: Pod) -> Iterator[Pair]:
        for place in self.places:
            for other in place.pods:
                for term in inter_pod_affinity.terms(other.shape.pod_anti_affinity, other.namespace):
                    if term.key in place.node.labels and self._means(term, pod):
                        yield term.key, place.node.labels[term.key]

    def _means(self, term: Term, pod: Pod) -> bool:
        return term.covers(pod.namespace, self.namespaces.get(pod.namespace, {}), pod.labels)

    # what needs more than the node

    def _restrictions(self, pod: Pod, place: Place, ready: Prepared) -> tuple[str, ...]:
        disks = volume_restrictions.disks(pod.shape.volumes)
        used = [disk for one in place.pods for disk in volume_restrictions.disks(one.shape.volumes)]
        if disks and volume_restrictions.conflict(disks, used):
            return volume_restrictions.DISK_CONFLICT
        return volume_restrictions.IN_USE if ready.in_use else ()

    def _limits(self, place: Place, ready: Prepared) -> tuple[str, ...]:
        found = self.storage.csi_nodes.get(place.node.name)
        if found is None or not found.limits or not ready.claims.handles:
            return ()
        mounted = {handle for pod in place.pods for _, handle in self._claims(pod)[1].handles}
        attached = set(mounted)
        for one in self.storage.attachments:
            volume = self.storage.volumes.get(one.volume)
            if one.node == place.node.name and volume is not None and volume.driver:
                attached.add((volume.driver, volume.handle))
        here = Counter(driver for driver, _ in attached)
        wanted = Counter(handle[0] for handle in {handle for _, handle in ready.claims.handles} - mounted)
        return node_volume_limits.REASONS if node_volume_limits.exceeded(found.limits, here, wanted) else ()

    def _neighbours(self, pod: Pod, node: Node, ready: Prepared) -> tuple[str, ...]:
        if ready.together and not self._has_company(pod, node, ready):
            return inter_pod_affinity.AFFINITY
        domains = {(term.key, node.labels[term.key]) for term in ready.apart if term.key in node.labels}
        if any(ready.strangers.get(domain) for domain in domains):
            return inter_pod_affinity.ANTI_AFFINITY
        if any(domain in ready.repelled for domain in node.labels.items()):
            return inter_pod_affinity.EXISTING_ANTI_AFFINITY
        return ()

    def _has_company(self, pod: Pod, node: Node, ready: Prepared) -> bool:
        if any(term.key not in node.labels for term in ready.together):
            return False
        if all(ready.company.get((term.key, node.labels[term.key])) for term in ready.together):
            return True
        return not ready.company and all(self._means(term, pod) for term in ready.together)


def _resources(pod: Pod, place: Place) -> tuple[str, ...]:
    short = []
    for name, amount in node_resources_fit.demand(pod.shape.requests):
        if amount > place.node.allocatable.get(name, 0) - place.used.get(name, 0):
            short.append(name)
    return node_resources_fit.reasons(short)


def _eligible(pod: Pod, node: Node, constraint: Constraint) -> bool:
    if constraint.honor_affinity and not node_affinity.matches(pod.shape, pod.pin, node):
        return False
    tolerations = pod.shape.tolerations
    return not constraint.honor_taints or taint_toleration.first_untolerated(node.taints, tolerations) is None


def _matching(constraint: Constraint, namespace: str, pods: Iterable[Pod]) -> int:
    return sum(pod.namespace == namespace and pod.deletion is None and constraint.counts(pod.labels) for pod in pods)


def _skew(node: Node, ready: Prepared) -> tuple[str, ...]:
    for constraint, counts in ready.spread:
        if constraint.key not in node.labels:
            return pod_topology_spread.MISSING_LABEL
        here = counts.get(node.labels[constraint.key], 0)
        if constraint.exceeded(here, min(counts.values(), default=0), len(counts)):
            return pod_topology_spread.REASONS
    return ()


def _count(counts: dict[Pair, int], key: str, node: Node) -> None:
    if key in node.labels:
        pair = (key, node.labels[key])
        counts[pair] = counts.get(pair, 0) + 1


def leaving(place: Place) -> Place:
    """A ghost of the node: no pods, and the taint of a node that is being deleted."""
    import msgspec

    taints = (*place.node.taints, Taint(TO_BE_DELETED, NO_SCHEDULE))
    return Place(msgspec.structs.replace(place.node, taints=taints))
