"""NodeName: a pod that names its node runs nowhere else."""

from core.kube.node import Node

REASONS = ("node(s) didn't match the requested node name",)


def refuses(node: Node, wanted: str | None) -> bool:
    return wanted is not None and wanted != node.name
