"""GOATScaler, ACK's instant node scaling (the default since Kubernetes 1.24): no Cluster Autoscaler at all. Its
decisions are not published, so verdicts go by Cluster Autoscaler's rules and say so; what is known of it stands
here."""

from core.analysis.vendors.overlay import Overlay
from core.kube.node import Node

SOURCE = "goatscaler"
"""Component of its events, in any case; `scaler-type` in ACK's configuration."""

PROVISION_NODE, PROVISION_FAILED, RESET_POD = "ProvisionNode", "ProvisionNodeFailed", "ResetPod"
NOT_TRIGGERED, STOCK_CHANGED = "NotTriggerScaleUp", "InstanceInventoryStatusChanged"

MANAGED_LABEL = "goatscaler.io/managed"
TASK_LABEL = "goatscaler.io/provision-task-id"


def manages(node: Node) -> bool:
    """It made this node."""
    return node.labels.get(MANAGED_LABEL) == "true" or TASK_LABEL in node.labels


OVERLAY = Overlay(name="goatscaler", forced={"expander": "least-waste"})
