"""Does a node, as it is now, take a pod of a class: quickly as yes or no, and in full as the first refusal."""

from collections.abc import Callable

from core.analysis.placement.classes import PodClass
from core.analysis.placement.columns import ABSENT, Columns
from core.analysis.placement.masks import Masks
from core.analysis.placement.occupancy import Occupancy
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
    volume_zone,
)
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


class Judge:
    """The filters over the state of a placement. Indexes are those of its nodes."""

    def __init__(self, columns: Columns, masks: Masks, occupancy: Occupancy, kubernetes: tuple[int, int]) -> None:
        self._columns, self._masks, self._occupancy, self._kubernetes = columns, masks, occupancy, kubernetes
        self._steps: tuple[tuple[str, Callable[[PodClass, int], tuple[str, ...]]], ...] = (
            (NODE_UNSCHEDULABLE, self._unschedulable),
            (TAINT_TOLERATION, self._taints),
            (NODE_AFFINITY, self._affinity),
            (NODE_PORTS, self._ports),
            (NODE_RESOURCES_FIT, self._resources),
            (VOLUME_RESTRICTIONS, occupancy.restriction),
            (NODE_VOLUME_LIMITS, self._limits),
            (VOLUME_BINDING, self._binding),
            (VOLUME_ZONE, self._zone),
            (POD_TOPOLOGY_SPREAD, self.spread),
            (INTER_POD_AFFINITY, self.neighbours),
        )

    def first_refusal(self, made: PodClass, node: int) -> Refusal | None:
        """What kube-scheduler would say of the node; None when it takes the pod. A plugin that can't be evaluated is
        asked last, so that a refusal that is certain goes first."""
        if made.refused is not None:
            return made.refused
        for plugin, reasons in self._steps:
            if found := reasons(made, node):
                return Refusal(plugin, found)
        return made.unknown

    def passes_particulars(self, made: PodClass, node: int) -> bool:
        """The filters that look at more than free resources, labels, taints and where volumes can be reached."""
        if made.sticky and not self._occupancy.passes(made, node):
            return False
        return not (made.bonds.spread and self.spread(made, node)) and not self.neighbours(made, node)

    def spread(self, made: PodClass, node: int) -> tuple[str, ...]:
        for constraint, tally in made.bonds.spread:
            if tally.codes[node] == ABSENT:
                return pod_topology_spread.MISSING_LABEL
            if constraint.exceeded(tally.at(node), tally.minimum, len(tally.counts)):
                return pod_topology_spread.REASONS
        return ()

    def neighbours(self, made: PodClass, node: int) -> tuple[str, ...]:
        if made.bonds.affinity and not self._has_company(made, node):
            return inter_pod_affinity.AFFINITY
        for tally in made.bonds.apart:
            if tally.counts.get(tally.codes[node]):
                return inter_pod_affinity.ANTI_AFFINITY
        for tally in made.resident.repelled:
            if tally.counts.get(tally.codes[node]):
                return inter_pod_affinity.EXISTING_ANTI_AFFINITY
        return ()

    @staticmethod
    def _has_company(made: PodClass, node: int) -> bool:
        """Every domain must be known; without any such pod anywhere, a pod that means itself may be the first."""
        if any(tally.codes[node] == ABSENT for tally in made.bonds.affinity):
            return False
        if all(tally.at(node) > 0 for tally in made.bonds.affinity):
            return True
        return made.bonds.alone and not any(tally.total for tally in made.bonds.affinity)

    def _unschedulable(self, made: PodClass, node: int) -> tuple[str, ...]:
        cordoned = node_unschedulable.refuses(self._columns.nodes[node], made.pod.shape.tolerations)
        return node_unschedulable.REASONS if cordoned else ()

    def _taints(self, made: PodClass, node: int) -> tuple[str, ...]:
        tolerations, taints = made.pod.shape.tolerations, self._columns.nodes[node].taints
        taint = taint_toleration.first_untolerated(taints, tolerations) if taints else None
        return taint_toleration.reasons(taint, self._kubernetes) if taint is not None else ()

    def _affinity(self, made: PodClass, node: int) -> tuple[str, ...]:
        mask = self._masks.affinity(made.pod.shape, made.pod.pin)
        return node_affinity.REASONS if mask is not None and not mask[node] else ()

    def _ports(self, made: PodClass, node: int) -> tuple[str, ...]:
        return node_ports.REASONS if self._occupancy.ports_taken(made, node) else ()

    def _resources(self, made: PodClass, node: int) -> tuple[str, ...]:
        short = [
            name for (name, _), (free, amount) in zip(made.demand, made.kind.need, strict=True) if free[node] < amount
        ]
        return node_resources_fit.reasons(short) if short else ()

    def _limits(self, made: PodClass, node: int) -> tuple[str, ...]:
        return node_volume_limits.REASONS if self._occupancy.limit_exceeded(made, node) else ()

    def _binding(self, made: PodClass, node: int) -> tuple[str, ...]:
        if made.mounts.number < 0:
            return ()
        return volume_binding.worded(self._occupancy.unbindable(made, self._columns.nodes[node]), self._kubernetes)

    def _zone(self, made: PodClass, node: int) -> tuple[str, ...]:
        refused = made.mounts.topologies and self._occupancy.wrong_zone(made, self._columns.nodes[node])
        return volume_zone.REASONS if refused else ()
