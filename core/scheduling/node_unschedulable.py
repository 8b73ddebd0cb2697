"""NodeUnschedulable: a cordoned node takes only pods that tolerate the taint of cordoned nodes."""

from core.kube.node import Node
from core.kube.taints import NO_SCHEDULE, Taint, Toleration

REASONS = ("node(s) were unschedulable",)
_TAINT = Taint("node.kubernetes.io/unschedulable", NO_SCHEDULE)


def refuses(node: Node, tolerations: tuple[Toleration, ...]) -> bool:
    return node.unschedulable and not any(toleration.tolerates(_TAINT) for toleration in tolerations)
