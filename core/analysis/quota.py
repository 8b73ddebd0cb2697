"""What a node counts against the limits of the whole cluster: cores, memory, and GPUs by their kind. The limits that
it is held against are in pending/limits (upper) and scale_in/deletion (lower).

Source: resourcequotas/tracker.go of the Cluster Autoscaler; a node's capacity counts, not what is allocatable."""

from core.analysis.vendors.overlay import GPU_RESOURCES
from core.kube.node import GPU_LABEL, Node

GIB = 2**30
"""Limits of memory are written in GiB."""


def amounts(node: Node) -> dict[str, int]:
    """Whole cores (rounded up), bytes, and GPUs under the name of their kind, where the label tells it."""
    found = {"cpu": -(-node.capacity.get("cpu", 0) // 1000), "memory": node.capacity.get("memory", 0)}
    kind = node.labels.get(GPU_LABEL)
    if kind:
        found[kind] = sum(node.capacity.get(gpu, 0) for gpu in GPU_RESOURCES)
    return found
