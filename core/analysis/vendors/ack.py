"""ACK's build of the Cluster Autoscaler ("node auto scaling"): its API's defaults, and the nodes that it never removes.

Source: the model texts of CS 2015-12-15 CreateAutoscalingConfig, and ACK's pages on node scaling."""

from core.analysis.vendors.nodes_kept import keeps
from core.analysis.vendors.overlay import Overlay, cpu_then_preferred

OVERLAY = Overlay(
    name="ack",
    defaults={
        "expander": "least-waste",
        "scaleDownGpuUtilizationThreshold": 0.3,
        "scanInterval": "60s",
        "maxGracefulTerminationSec": 14400,
    },
    forced={"skipNodesWithLocalStorage": False, "blockingSystemPodDisruptionTimeout": None},
    keeps=keeps,
    narrow=cpu_then_preferred,
)
