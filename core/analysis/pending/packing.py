"""Pending pods that fit nodes which exist or are on their way: they need no new node.

Source: core/podlistprocessor/filter_out_schedulable.go of the Cluster Autoscaler."""

from collections.abc import Iterable, Mapping

from core.analysis.pending.considered import by_priority
from core.analysis.pending.equivalence import Hopeless
from core.analysis.pending.templates import Template
from core.analysis.placement import Placement
from core.kube.pod import Pod


def add_upcoming(
    placement: Placement, templates: Mapping[str, Template], counts: Mapping[str, int]
) -> dict[int, Template]:
    """Put copies of the templates for the nodes on their way behind the nodes; index -> template."""
    added = {}
    for group, count in counts.items():
        template = templates.get(group)
        for number in range(count if template is not None else 0):
            assert template is not None
            added[placement.add_node(template.copy(f"upcoming-{number}"), template.pods)] = template
    return added


def pack(placement: Placement, pods: Iterable[Pod]) -> tuple[dict[str, int], list[Pod]]:
    """Place what fits, highest priority first; (pod key -> node index, those that fit nowhere in the order tried)."""
    placed: dict[str, int] = {}
    left: list[Pod] = []
    hopeless = Hopeless()
    placement.cursor = 0
    for pod in by_priority(pods):
        node = _nominated(placement, pod)
        if node is None and pod not in hopeless:
            node = placement.place(pod)
            if node is None:
                hopeless.add(pod)
        if node is None:
            left.append(pod)
        else:
            placed[pod.key] = node
    return placed, left


def _nominated(placement: Placement, pod: Pod) -> int | None:
    """A pod that the scheduler makes room for is taken as there."""
    node = placement.index(pod.nominated) if pod.nominated else None
    if node is not None:
        placement.put(pod, node)
    return node
