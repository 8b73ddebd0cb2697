"""The form of a vendor's overlay on upstream's rules: settings, nodes that never go, groups that are put first. Each
vendor's own is in the module of its name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.cluster.snapshot import Snapshot
from core.kube.affinity import NodeSelectorTerm
from core.kube.node import GPU_LABEL, Node
from core.kube.own_kinds import NodeGroup
from core.kube.pod import Pod

GPU_RESOURCES = ("nvidia.com/gpu", "habana.ai/gaudi", "gpu.intel.com/xe", "amd.com/gpu", "microsoft.com/directx")
"""utils/gpu/gpu.go of the Cluster Autoscaler."""


def _never(node: Node, group: NodeGroup, snapshot: Snapshot) -> str | None:
    return None


def _all(templates: Mapping[str, Node], pods: Sequence[Pod]) -> list[str]:
    return list(templates)


def _always(node: Node, group: NodeGroup | None) -> bool:
    return True


@dataclass(frozen=True)
class Overlay:
    """What a vendor changes. `defaults` are settings where nobody says otherwise, `forced` those that it doesn't
    offer."""

    name: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    keeps: Callable[[Node, NodeGroup, Snapshot], str | None] = _never
    """Why the autoscaler never removes this node (see nodes_kept)."""
    narrow: Callable[[Mapping[str, Node], Sequence[Pod]], list[str]] = _all
    """Of the groups that could grow (id -> template) for these pods, those that the expander chooses from."""
    counts: Callable[[Node, NodeGroup | None], bool] = _always
    """Whether the node counts against the cluster's limits."""


def cpu_first(templates: Mapping[str, Node], pods: Sequence[Pod]) -> list[str]:
    """Groups without GPUs, unless only GPU groups are left or a pod asks for one."""
    if any(pod.shape.requests.get(gpu) for pod in pods for gpu in GPU_RESOURCES):
        return list(templates)
    return [group for group, template in templates.items() if not has_gpu(template)] or list(templates)


def has_gpu(node: Node) -> bool:
    """The cloud's GPU label, or some of a known GPU resource."""
    return GPU_LABEL in node.labels or any(node.allocatable.get(gpu) for gpu in GPU_RESOURCES)


def preferred_first(templates: Mapping[str, Node], pods: Sequence[Pod]) -> list[str]:
    """The groups whose nodes the pods' preferred node affinity likes best."""
    liking = {group: _liking(template, pods) for group, template in templates.items()}
    best = max(liking.values(), default=0)
    return [group for group, score in liking.items() if score == best]


def _liking(template: Node, pods: Iterable[Pod]) -> int:
    affinities = (pod.shape.node_affinity for pod in pods)
    wishes = (wish for affinity in affinities if affinity is not None for wish in affinity.preferred or ())
    return sum(wish.weight for wish in wishes if _matches(wish.preference, template))


def _matches(term: NodeSelectorTerm, template: Node) -> bool:
    """A wish for a node's name never holds for a node that is yet to come."""
    wanted = term.match_expressions or ()
    return bool(wanted) and not term.match_fields and all(one.matches(template.labels) for one in wanted)


def cpu_then_preferred(templates: Mapping[str, Node], pods: Sequence[Pod]) -> list[str]:
    """CPU groups before GPU groups, and among those what preferred affinity likes best."""
    kept = cpu_first(templates, pods)
    return preferred_first({group: templates[group] for group in kept}, pods)
