"""Which nodes take a pod: kube-scheduler's filter plugins in its order, asked one by one with core.scheduling's rules.

What needs a count over all nodes (spread, affinity, volumes) is counted once for each attempt.
"""

from collections.abc import Iterator
from typing import NamedTuple

from core.kube.pod import HostPort, Pod
from core.scheduling import (
    inter_pod_affinity,
    node_affinity,
    node_ports,
    node_resources_fit,
    node_unschedulable,
    pod_topology_spread,
    taint_toleration,
    volume_binding,
    volume_restrictions,
    volume_zone,
    volumes,
)
from core.scheduling.inter_pod_affinity import Term
from core.scheduling.pod_topology_spread import Constraint
from core.scheduling.volumes import Claims, Storage
from sim.controllers.roster import Place, Roster, claim_keys

KUBERNETES = (1, 35)


class Refused(NamedTuple):
    """Why one node doesn't take the pod; `hopeless` when evicting other pods would not help."""

    reasons: tuple[str, ...]
    hopeless: bool


class Unusable(Exception):
    """No node at all will do; the message says why."""


class Filters:
    """The filters for one pod in the cluster as it is now. Raises Unusable when PreFilter already says no."""

    def __init__(self, roster: Roster, pod: Pod) -> None:
        self._roster = roster
        self._pod = pod
        self._demand = node_resources_fit.demand(pod.shape.requests)
        self._spread = [_Spread(roster, pod, one) for one in pod_topology_spread.constraints(pod.shape, pod.labels)]
        self._affinity = _Affinity(roster, pod)
        self._storage: Storage | None = None
        self._claims: Claims = volumes.NONE
        if pod.claims:
            self._prepare_volumes()

    def refusal(self, place: Place) -> Refused | None:
        """The first filter's no, or None when the node takes the pod."""
        return next(self._refusals(place), None)

    def _refusals(self, place: Place) -> Iterator[Refused]:
        pod, node = self._pod, place.node
        if node_unschedulable.refuses(node, pod.shape.tolerations):
            yield Refused(node_unschedulable.REASONS, True)
        taint = taint_toleration.first_untolerated(node.taints, pod.shape.tolerations)
        if taint is not None:
            yield Refused(taint_toleration.reasons(taint, KUBERNETES), True)
        if not node_affinity.matches(pod.shape, pod.pin, node):
            yield Refused(node_affinity.REASONS, True)
        if pod.shape.host_ports and node_ports.conflict(pod.shape.host_ports, _ports(place)):
            yield Refused(node_ports.REASONS, False)
        short = place.short(self._demand)
        if short:
            too_big = any(amount > node.allocatable.get(name, 0) for name, amount in self._demand if name in short)
            yield Refused(node_resources_fit.reasons(short), too_big)
        yield from self._volume_refusals(place)
        for spread in self._spread:
            found = spread.refusal(place)
            if found is not None:
                yield found
        refused = self._affinity.refusal(place)
        if refused is not None:
            yield refused

    def _prepare_volumes(self) -> None:
        self._storage = storage = self._roster.storage()
        keys = claim_keys(self._pod)
        why = (
            volume_restrictions.missing(keys, storage.claims)
            or volume_binding.unfit([(key, False) for key in keys], storage)
            or volume_zone.unfit([storage.claims[key] for key in keys], storage)
        )
        if why:
            raise Unusable(why[0])
        self._claims = volumes.sort((storage.claims[key] for key in keys), storage)

    def _volume_refusals(self, place: Place) -> Iterator[Refused]:
        if self._storage is None:
            return
        reasons = volume_binding.reasons(self._claims, place.node, self._storage)
        if reasons:
            yield Refused(reasons, True)
        if volume_zone.refuses(volume_zone.topologies(self._claims.bound), place.node):
            yield Refused(volume_zone.REASONS, True)


def _ports(place: Place) -> Iterator[HostPort]:
    for pod in place.pods.values():
        yield from pod.shape.host_ports


class _Spread:
    """One hard topology spread constraint with the matching pods of each domain counted."""

    def __init__(self, roster: Roster, pod: Pod, constraint: Constraint) -> None:
        self._constraint = constraint
        self._domains: dict[str, int] = {}
        for place in roster.places.values():
            domain = place.node.labels.get(constraint.key)
            if domain is None or not _counts_in(constraint, pod, place):
                continue
            matching = sum(
                other.namespace == pod.namespace and other.deletion is None and constraint.counts(other.labels)
                for other in place.pods.values()
            )
            self._domains[domain] = self._domains.get(domain, 0) + matching

    def refusal(self, place: Place) -> Refused | None:
        domain = place.node.labels.get(self._constraint.key)
        if domain is None:
            return Refused(pod_topology_spread.MISSING_LABEL, True)
        least = min(self._domains.values(), default=0)
        if self._constraint.exceeded(self._domains.get(domain, 0), least, len(self._domains)):
            return Refused(pod_topology_spread.REASONS, False)
        return None


def _counts_in(constraint: Constraint, pod: Pod, place: Place) -> bool:
    if constraint.honor_affinity and not node_affinity.matches(pod.shape, pod.pin, place.node):
        return False
    if not constraint.honor_taints:
        return True
    return taint_toleration.first_untolerated(place.node.taints, pod.shape.tolerations) is None


_Domain = tuple[str, str]


class _Affinity:
    """Required affinity and anti-affinity, the pod's own and that of the pods there, as sets of domains."""

    def __init__(self, roster: Roster, pod: Pod) -> None:
        self._roster = roster
        self._terms = inter_pod_affinity.terms(pod.shape.pod_affinity, pod.namespace)
        self._anti = inter_pod_affinity.terms(pod.shape.pod_anti_affinity, pod.namespace)
        self._near: set[_Domain] = set()
        self._apart: set[_Domain] = set()
        self._kept_off: set[_Domain] = set()
        for place in roster.places.values():
            self._count(place, pod)
        own = all(self._covers(term, pod) for term in self._terms)
        self._first = bool(self._terms) and not self._near and own

    def refusal(self, place: Place) -> Refused | None:
        labels = place.node.labels
        domains = set(labels.items())
        for term in self._terms:
            key = term.key
            if key not in labels or ((key, labels[key]) not in self._near and not self._first):
                return Refused(inter_pod_affinity.AFFINITY, True)
        if not self._apart.isdisjoint(domains):
            return Refused(inter_pod_affinity.ANTI_AFFINITY, False)
        if not self._kept_off.isdisjoint(domains):
            return Refused(inter_pod_affinity.EXISTING_ANTI_AFFINITY, False)
        return None

    def _count(self, place: Place, pod: Pod) -> None:
        labels = place.node.labels
        for other in place.pods.values():
            if self._terms and all(self._covers(term, other) for term in self._terms):
                self._near |= {(term.key, labels[term.key]) for term in self._terms if term.key in labels}
            for term in self._anti:
                if term.key in labels and self._covers(term, other):
                    self._apart.add((term.key, labels[term.key]))
            for term in inter_pod_affinity.terms(other.shape.pod_anti_affinity, other.namespace):
                if term.key in labels and self._covers(term, pod):
                    self._kept_off.add((term.key, labels[term.key]))

    def _covers(self, term: Term, other: Pod) -> bool:
        return term.covers(other.namespace, self._roster.namespace_labels(other.namespace), other.labels)
