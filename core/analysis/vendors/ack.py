"""ACK's build of the Cluster Autoscaler ("node auto scaling"): its API's defaults, and the nodes that it never removes.

Source: the model texts of CS 2015-12-15 CreateAutoscalingConfig, and ACK's pages on node scaling."""

from core.analysis.vendors import goatscaler
from core.analysis.vendors.nodes_kept import keeps
from core.analysis.vendors.overlay import Overlay, cpu_then_preferred
from core.kube.node import Node

MANAGED_LABELS = ("k8s.aliyun.com", "k8s.io/cluster-autoscaler")


def added_by_autoscaler(node: Node) -> bool:
    """Its own labels say that an autoscaler made this node."""
    return goatscaler.manages(node) or any(node.labels.get(key) == "true" for key in MANAGED_LABELS)


OVERLAY = Overlay(
    name="ack",
    defaults={
        "expander": "least-waste",
        "scaleDownGpuUtilizationThreshold": 0.3,
        "scanInterval": "60s",
        "maxGracefulTerminationSec": 14400,
    },
    forced={"skipNodesWithLocalStorage": False, "blockingSystemPodDisruptionTimeout": None},
    keeps=keeps(added_by_autoscaler),
    narrow=cpu_then_preferred,
)
