"""Pods by class: what all pods of a class ask of a node and do to it, worked out once. Where they are is in
placement."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from core.analysis.placement.masks import Masks
from core.analysis.placement.relations import Relations, Resident
from core.analysis.placement.tallies import SpreadTally, Tally
from core.kube.pod import HostPort, Pod, Shape, Volume
from core.scheduling import (
    inter_pod_affinity,
    node_resources_fit,
    pod_topology_spread,
    volume_binding,
    volume_restrictions,
    volume_zone,
    volumes,
)
from core.scheduling.inter_pod_affinity import Term
from core.scheduling.node_affinity import CONFLICT, pinned
from core.scheduling.pod_topology_spread import Constraint
from core.scheduling.refusal import (
    DYNAMIC_RESOURCES,
    INTER_POD_AFFINITY,
    NODE_AFFINITY,
    VOLUME_BINDING,
    VOLUME_RESTRICTIONS,
    VOLUME_ZONE,
    Refusal,
)
from core.scheduling.volume_zone import Topology
from core.scheduling.volumes import Claims, Storage

Need = tuple[tuple[list[int], int], ...]
"""(free amounts of a resource per node, how much of it the pod takes)."""


@dataclass(eq=False, slots=True)
class PodClass:
    """Pods with the same shape, labels, namespace, pin and claims: no node tells them apart."""

    pod: Pod
    """One of them."""
    resident: Resident
    demand: tuple[tuple[str, int], ...]
    need: Need
    search_key: Hashable
    refused: Refusal | None = None
    """Every node refuses them (PreFilter)."""
    unknown: Refusal | None = None
    """A filter that is not evaluated decides, if no other refuses."""
    ports: tuple[HostPort, ...] = ()
    disks: tuple[Volume, ...] = ()
    claims: Claims = volumes.NONE
    topologies: tuple[Topology, ...] = ()
    spread: tuple[tuple[Constraint, SpreadTally], ...] = ()
    affinity: tuple[Tally, ...] = ()
    alone: bool = False
    """They mean themselves with all their affinity terms: the first of them may go anywhere."""
    apart: tuple[Tally, ...] = ()
    repels: tuple[Tally, ...] = ()
    """The counters of their own anti-affinity, which others ask."""
    particular: bool = field(default=False)
    """More than resources, labels and taints must be looked at on the node."""
    sticky: bool = field(default=False)
    """They leave ports, disks or volumes on their node."""


class Classes:
    """Makes classes and remembers them."""

    def __init__(
        self,
        masks: Masks,
        relations: Relations,
        storage: Storage,
        namespaces: Mapping[str, Mapping[str, str]] | None,
        free: Callable[[str], list[int]],
    ) -> None:
        self._masks, self._relations, self._storage, self._free = masks, relations, storage, free
        self._namespaces = namespaces
        self._classes: dict[Hashable, PodClass] = {}

    def of(self, pod: Pod) -> PodClass:
        rare = pod.rare
        key = (id(pod.template), pod.namespace, pod.pin, rare.claims, rare.deletion is not None)
        found = self._classes.get(key)
        if found is None:
            found = self._classes[key] = self._new(pod)
        return found

    def _new(self, pod: Pod) -> PodClass:
        shape = pod.shape
        demand = node_resources_fit.demand(shape.requests)
        made = PodClass(
            pod=pod,
            resident=self._relations.resident(pod.labels, pod.namespace, pod.deletion is not None),
            demand=demand,
            need=tuple((self._free(name), amount) for name, amount in demand),
            search_key=self._masks.search_key(shape, pod.pin),
        )
        if shape.spread or shape.pod_affinity or shape.pod_anti_affinity:
            self._relate(made, pod)
        if pod.claims:
            self._mount(made, pod)
        self._note(made, shape, pod.pin)
        return made

    def _relate(self, made: PodClass, pod: Pod) -> None:
        """Constraints that look at other pods."""
        shape, namespace = pod.shape, pod.namespace
        constraints = pod_topology_spread.constraints(shape, pod.labels)
        keys = frozenset(one.key for one in constraints)
        made.spread = tuple((one, self._relations.spread(one, keys, namespace, shape, pod.pin)) for one in constraints)
        together = inter_pod_affinity.terms(shape.pod_affinity, namespace)
        apart = inter_pod_affinity.terms(shape.pod_anti_affinity, namespace)
        made.affinity = self._relations.together(together)
        made.alone = all(self._means(term, pod) for term in together)
        made.apart = self._relations.apart(apart)
        made.repels = tuple(self._relations.repelling(term) for term in apart)
        if self._namespaces is None and any(term.namespace_selection for term in (*together, *apart)):
            made.unknown = Refusal(INTER_POD_AFFINITY, ("not evaluated: namespaces are not available",), False)

    def _means(self, term: Term, pod: Pod) -> bool:
        return term.covers(pod.namespace, (self._namespaces or {}).get(pod.namespace, {}), pod.labels)

    def _mount(self, made: PodClass, pod: Pod) -> None:
        if missing := self._storage.unavailable & {"PersistentVolumeClaim", "PersistentVolume", "StorageClass"}:
            kinds = ", ".join(sorted(missing))
            made.unknown = Refusal(VOLUME_BINDING, (f"not evaluated: {kinds} not available",), False)
            return
        named = [(f"{pod.namespace}/{claim}", claim.startswith(f"{pod.name}-")) for claim in pod.claims]
        lasting = [key for key, ephemeral in named if not ephemeral]
        found = [self._storage.claims[key] for key, _ in named if key in self._storage.claims]
        for plugin, reasons in (
            (VOLUME_RESTRICTIONS, volume_restrictions.missing(lasting, self._storage.claims)),
            (VOLUME_BINDING, volume_binding.unfit(named, self._storage)),
            (VOLUME_ZONE, volume_zone.unfit(found, self._storage)),
        ):
            if reasons:
                made.refused = Refusal(plugin, reasons)
                break
        made.claims = volumes.sort(found, self._storage)
        made.topologies = volume_zone.topologies(made.claims.bound)

    def _note(self, made: PodClass, shape: Shape, pin: str | None) -> None:
        made.ports = shape.host_ports
        made.disks = volume_restrictions.disks(shape.volumes)
        if pinned(shape, pin) == frozenset():
            made.refused = Refusal(NODE_AFFINITY, CONFLICT)
        if shape.resource_claims:
            made.unknown = Refusal(DYNAMIC_RESOURCES, ("not evaluated",), False)
        made.sticky = bool(made.ports or made.disks or made.claims != volumes.NONE)
        made.particular = made.sticky or bool(made.spread or made.affinity or made.apart)
