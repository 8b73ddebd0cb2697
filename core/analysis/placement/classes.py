"""Pods by class: what all pods of a class ask of a node and do to it, worked out once. Where they are is in
placement."""

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

from core.analysis.placement.masks import Masks
from core.analysis.placement.reach import Reach
from core.analysis.placement.relations import Relations, Resident
from core.analysis.placement.slots import Slots, Volumes
from core.analysis.placement.tallies import SpreadTally, Tally
from core.kube.pod import HostPort, Pod, Shape, Volume
from core.scheduling import (
    inter_pod_affinity,
    node_affinity,
    node_resources_fit,
    pod_topology_spread,
    volume_binding,
    volume_restrictions,
    volume_zone,
    volumes,
)
from core.scheduling.inter_pod_affinity import Term
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


NO_VOLUMES = Volumes()


class Kind:
    """What a shape alone says (with a DaemonSet pod's pin): the same for pods of many applications."""

    __slots__ = ("_masks", "_opening", "demand", "disks", "need", "pin", "plain", "ports", "shape", "sticky")

    def __init__(self, shape: Shape, pin: str | None, free: Callable[[str], list[int]], masks: Masks) -> None:
        self.shape, self.pin, self._masks = shape, pin, masks
        self.demand = node_resources_fit.demand(shape.requests)
        self.need: Need = tuple((free(name), amount) for name, amount in self.demand)
        self.ports: tuple[HostPort, ...] = shape.host_ports
        self.disks: tuple[Volume, ...] = volume_restrictions.disks(shape.volumes)
        self.sticky = bool(self.ports or self.disks)
        self.plain = not (
            shape.spread
            or shape.pod_affinity
            or shape.pod_anti_affinity
            or shape.resource_claims
            or _picks_names(shape)
        )
        """Nothing but claims can make more of such a pod than what stands here."""
        self._opening: tuple[int, tuple[tuple[str, int], ...]] | None = None

    @property
    def opening(self) -> tuple[int, tuple[tuple[str, int], ...]]:
        """(number of the search, demand): equal for pods that look for the same room on the same nodes. Worked out
        late, because most pods never look for a node."""
        if self._opening is None:
            self._opening = (self._masks.search_number(self.shape, self.pin), self.demand)
        return self._opening


def _picks_names(shape: Shape) -> bool:
    """Its affinity names nodes."""
    required = shape.node_affinity.required if shape.node_affinity is not None else None
    return required is not None and any(term.match_fields for term in required.node_selector_terms or ())


class Bonds(NamedTuple):
    """What ties a class to other pods."""

    spread: tuple[tuple[Constraint, SpreadTally], ...] = ()
    affinity: tuple[Tally, ...] = ()
    alone: bool = False
    """They mean themselves with all their affinity terms: the first of them may go anywhere."""
    apart: tuple[Tally, ...] = ()
    repels: tuple[Tally, ...] = ()
    """The counters of their own anti-affinity, which others ask."""


class Mounts(NamedTuple):
    """What a class needs of volumes."""

    claims: Claims = volumes.NONE
    topologies: tuple[Topology, ...] = ()
    number: int = -1
    """Equal for volumes that are reached alike; -1: there are none."""
    volumes: Volumes = NO_VOLUMES
    """Those that nodes limit."""


_FREE, _BARE = Bonds(), Mounts()


class PodClass:
    """Pods with the same template, namespace, pin and claims: no node tells them apart."""

    __slots__ = (
        "bonds", "kind", "mounts", "need", "particular", "pod", "refused", "repels", "resident", "sticky", "unknown",
    )  # fmt: skip

    def __init__(self, pod: Pod, resident: Resident, kind: Kind) -> None:
        self.pod = pod
        """One of them."""
        self.resident = resident
        self.kind = kind
        self.need = kind.need
        self.bonds = _FREE
        self.repels = _FREE.repels
        self.mounts = _BARE
        self.sticky = kind.sticky
        """They leave ports, disks or volumes on their node."""
        self.particular = kind.sticky
        """More than resources, labels and taints must be looked at on the node."""
        self.refused: Refusal | None = None
        """Every node refuses them (PreFilter)."""
        self.unknown: Refusal | None = None
        """A filter that is not evaluated decides, if no other refuses."""

    def tie(self, bonds: Bonds, mounts: Mounts) -> None:
        """Say what ties them to other pods and to volumes."""
        self.bonds, self.repels, self.mounts = bonds, bonds.repels, mounts
        self.sticky = self.kind.sticky or bool(mounts.claims.exclusive or mounts.volumes.shared)
        self.particular = self.sticky or bool(bonds.spread or bonds.affinity or bonds.apart)

    @property
    def demand(self) -> tuple[tuple[str, int], ...]:
        return self.kind.demand

    @property
    def opening(self) -> Hashable:
        """Equal for classes that look for the same room on the same nodes."""
        return (*self.kind.opening, self.mounts.number, self.mounts.volumes.own)


class Classes:
    """Makes classes and remembers them."""

    def __init__(
        self,
        masks: Masks,
        relations: Relations,
        storage: Storage,
        reach: Reach,
        slots: Slots,
        namespaces: Mapping[str, Mapping[str, str]] | None,
        free: Callable[[str], list[int]],
    ) -> None:
        self._masks, self._relations, self._free = masks, relations, free
        self._storage, self._reach, self._slots = storage, reach, slots
        self._namespaces = namespaces
        self._kinds: dict[int, Kind] = {}
        self._pinned_kinds: dict[tuple[int, str], Kind] = {}
        self._plain: dict[int, PodClass] = {}
        self._others: dict[Hashable, PodClass] = {}

    def of(self, pod: Pod) -> PodClass:
        """The class of a pod. Templates are shared by content, and nearly every template is one class."""
        rare, template = pod.rare, id(pod.template)
        if pod.pin is not None or rare.claims or rare.deletion is not None:
            key: Hashable = (template, pod.namespace, pod.pin, rare.claims, rare.deletion is not None)
        else:
            found = self._plain.get(template)
            if found is None:
                made = self._plain[template] = self._new(pod)
                return made
            if pod.key.startswith(found.resident.prefix):
                return found
            key = (template, pod.namespace)
        other = self._others.get(key)
        if other is None:
            other = self._others[key] = self._new(pod)
        return other

    def __len__(self) -> int:
        return len(self._plain) + len(self._others)

    def unremarkable(self, pod: Pod) -> bool:
        """It ties itself to no other pod, to no port and to no volume: only whether others mean it can matter."""
        kind = self.kind(pod.template.shape, pod.pin)
        return kind.plain and not kind.sticky and not pod.rare.claims

    def kind(self, shape: Shape, pin: str | None) -> Kind:
        found = self._kinds.get(id(shape)) if pin is None else self._pinned_kinds.get((id(shape), pin))
        if found is None:
            found = Kind(shape, pin, self._free, self._masks)
            if pin is None:
                self._kinds[id(shape)] = found
            else:
                self._pinned_kinds[id(shape), pin] = found
        return found

    def _new(self, pod: Pod) -> PodClass:
        template, rare = pod.template, pod.rare
        shape, kind = template.shape, self.kind(template.shape, pod.pin)
        resident = self._relations.resident_of(pod)
        made = PodClass(pod, resident, kind)
        if kind.plain and not rare.claims:
            return made
        bonds = self._bonds(pod) if shape.spread or shape.pod_affinity or shape.pod_anti_affinity else _FREE
        mounts = self._mounts(pod) if rare.claims else _BARE
        made.tie(bonds, mounts)
        made.need += tuple((self._slots.free(driver), count) for driver, count in mounts.volumes.own)
        if bonds is not _FREE and self._namespaces is None and self._selects_namespaces(pod):
            made.unknown = Refusal(INTER_POD_AFFINITY, ("not evaluated: namespaces are not available",), False)
        if rare.claims:
            self._judge_claims(made, pod)
        if shape.node_affinity is not None and pod.pin is None and node_affinity.pinned(shape, pod.pin) == frozenset():
            made.refused = Refusal(NODE_AFFINITY, node_affinity.CONFLICT)
        if shape.resource_claims:
            made.unknown = Refusal(DYNAMIC_RESOURCES, ("not evaluated",), False)
        return made

    def _bonds(self, pod: Pod) -> Bonds:
        """Constraints that look at other pods."""
        shape, namespace, relations = pod.shape, pod.namespace, self._relations
        constraints = pod_topology_spread.constraints(shape, pod.labels)
        keys = frozenset(one.key for one in constraints)
        together = inter_pod_affinity.terms(shape.pod_affinity, namespace)
        apart = inter_pod_affinity.terms(shape.pod_anti_affinity, namespace)
        return Bonds(
            tuple((one, relations.spread(one, keys, namespace, shape, pod.pin)) for one in constraints),
            relations.together(together),
            all(self._means(term, pod) for term in together),
            relations.apart(apart),
            tuple(relations.repelling(term) for term in apart),
        )

    def _means(self, term: Term, pod: Pod) -> bool:
        return term.covers(pod.namespace, (self._namespaces or {}).get(pod.namespace, {}), pod.labels)

    @staticmethod
    def _selects_namespaces(pod: Pod) -> bool:
        wanted = (*pod.shape.pod_affinity, *pod.shape.pod_anti_affinity)
        return any(term.namespace_selection for term in inter_pod_affinity.terms(wanted, pod.namespace))

    def _mounts(self, pod: Pod) -> Mounts:
        keys = (f"{pod.namespace}/{claim}" for claim in pod.claims)
        claims = volumes.sort((self._storage.claims[key] for key in keys if key in self._storage.claims), self._storage)
        topologies = volume_zone.topologies(claims.bound)
        number, limited = self._reach.number(claims, topologies), self._slots.volumes(claims)
        return Mounts(claims, topologies, number, limited)

    def _judge_claims(self, made: PodClass, pod: Pod) -> None:
        """PreFilter of the volume plugins, in their order."""
        storage = self._storage
        if missing := storage.unavailable & {"PersistentVolumeClaim", "PersistentVolume", "StorageClass"}:
            kinds = ", ".join(sorted(missing))
            made.unknown = Refusal(VOLUME_BINDING, (f"not evaluated: {kinds} not available",), False)
            return
        named = [(f"{pod.namespace}/{claim}", claim.startswith(f"{pod.name}-")) for claim in pod.claims]
        lasting = [key for key, ephemeral in named if not ephemeral]
        found = [storage.claims[key] for key, _ in named if key in storage.claims]
        answers = (
            (VOLUME_RESTRICTIONS, volume_restrictions.missing(lasting, storage.claims)),
            (VOLUME_BINDING, volume_binding.unfit(named, storage)),
            (VOLUME_ZONE, volume_zone.unfit(found, storage)),
        )
        made.refused = next((Refusal(plugin, reasons) for plugin, reasons in answers if reasons), None)
