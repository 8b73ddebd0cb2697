"""Where pods that run on ECI would go on ECS now: on the nodes as they are, or on how many new nodes of which group.
Which pods ask is audit's matter."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.analysis.groups import Membership, membership
from core.analysis.pending.estimator import estimate
from core.analysis.pending.result import FITS_EXISTING
from core.analysis.pending.templates import Template
from core.analysis.placement import Placement
from core.analysis.placement.classes import PodClass
from core.analysis.planning import Plan
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup
from core.kube.pod import Pod

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Expansion:
    """So many new nodes of a group would take so many of the pods."""

    group: str
    nodes: int
    pods: int


class Homes:
    """The ECS nodes of a plan's snapshot without the pods that may come home; pending pods that fit go first.

    Virtual nodes stay for the sake of pods that are felt there, and take none."""

    def __init__(self, plan: Plan, coming: Iterable[Pod]) -> None:
        snapshot, rules = plan.snapshot, plan.policy
        gone = {pod.key for pod in coming}
        left = {key: pod for key, pod in snapshot.pods.items() if key not in gone}
        version, cutoff = rules.rule_set.version, rules.expendable_pods_priority_cutoff
        self._plan = plan
        self._placement = Placement.from_snapshot(snapshot.with_tables(Pod=left), version, cutoff)
        self._members: Membership = membership(snapshot)
        for index, node in enumerate(self._placement.nodes):
            if node.virtual:
                self._placement.bar(index)
        self._seat_waiting()

    def _seat_waiting(self) -> None:
        for one in self._plan.pending.pods:
            index = self._placement.index(one.node) if one.verdict == FITS_EXISTING and one.node else None
            if index is not None:
                self._placement.put(one.pod, index)

    def place(self, pods: Iterable[Pod]) -> dict[str, str]:
        """Pod -> the ECS node that takes it, one after the other; those that find none are left out."""
        found: dict[str, str] = {}
        full: set[Hashable] = set()
        for pod in pods:
            look = self._look(pod)
            if look in full:
                continue
            node = self._placement.place(pod)
            if node is not None:
                found[pod.key] = self._placement.nodes[node].name
            elif look is not None:
                full.add(look)  # room only shrinks: the next of them fails too
        return found

    def done(self) -> None:
        """Let the copy of the cluster go, which is of no use afterwards. It refers to itself: left to the collector of
        garbage, it would one day stop everybody for half a second."""
        vars(self._placement).clear()

    def _look(self, pod: Pod) -> Hashable | None:
        """Equal for pods that nothing but resources, labels and taints keeps off a node, and that look for the same;
        None for all others."""
        made = self._placement.classes.of(pod)
        simple = made.kind.plain and not (made.particular or made.resident.repelled or made.refused or made.unknown)
        return made.opening if simple else None

    def expansions(self, wanted: Mapping[Name, Sequence[Pod]]) -> dict[Name, Expansion]:
        """Name -> the expansion that takes most of these equal pods with the least new room; without an entry nothing
        takes any. Names whose pods are alike in kind and number are answered together."""
        alike: dict[Hashable, list[Name]] = {}
        for name, pods in wanted.items():
            look = self._look(pods[0])
            alike.setdefault(name if look is None else (look, len(pods)), []).append(name)
        found = self._expansions({names[0]: wanted[names[0]] for names in alike.values()})
        return {name: found[names[0]] for names in alike.values() if names[0] in found for name in names}

    def _expansions(self, wanted: Mapping[Name, Sequence[Pod]]) -> dict[Name, Expansion]:
        best: dict[Name, tuple[tuple[float, ...], Expansion]] = {}
        for group in self._plan.snapshot.groups.values():
            template = self._plan.pending.templates.get(group.id)
            room = group.max_size - self._members.target(group)
            if template is None or room < 1 or template.node.virtual:
                continue
            for name, one in self._of_group(group, template, room, wanted):
                rank = (-one.pods, *_bulk(template.node, one.nodes))
                if name not in best or rank < best[name][0]:
                    best[name] = (rank, one)
        return {name: one for name, (_, one) in best.items()}

    def _of_group(
        self, group: NodeGroup, template: Template, room: int, wanted: Mapping[Name, Sequence[Pod]]
    ) -> Iterable[tuple[Name, Expansion]]:
        mark = self._placement.mark()
        node = self._placement.add_node(template.node, template.pods)
        takes = {name: self._per_node(pods[0], node) for name, pods in wanted.items()}
        self._placement.rollback(mark)
        for name, pods in wanted.items():
            nodes, count = self._nodes(template, room, pods, takes[name])
            if count:
                yield name, Expansion(group.id, nodes, count)

    def _per_node(self, pod: Pod, node: int) -> int:
        """How many such pods an empty node takes as far as resources go; 0 when not even one."""
        if not self._placement.takes(pod, node):
            return 0
        made = self._placement.classes.of(pod)
        return min(
            (free[node] // amount for free, amount in made.need if amount > 0), default=len(self._plan.snapshot.pods)
        )

    def _nodes(self, template: Template, room: int, pods: Sequence[Pod], each: int) -> tuple[int, int]:
        """New nodes and the pods on them. Equal pods that nothing ties are counted; for others nodes are packed."""
        if not each:
            return 0, 0
        made: PodClass = self._placement.classes.of(pods[0])
        if made.particular or not made.kind.plain:
            packed = estimate(self._placement, template, [pods], room, self._plan.policy)
            return packed.nodes, len(packed.pods)
        nodes = min(room, -(-len(pods) // each))
        return nodes, min(len(pods), nodes * each)


def _bulk(node: Node, count: int) -> tuple[float, float]:
    """How much is bought."""
    return count * node.allocatable.get("cpu", 0), count * node.allocatable.get("memory", 0)
