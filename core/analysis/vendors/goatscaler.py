"""GOATScaler, ACK's instant node scaling (the default since Kubernetes 1.24): no Cluster Autoscaler at all. Its
decisions are not published, so verdicts go by Cluster Autoscaler's rules and say so; what is known of it stands
here."""

from core.analysis.origin import GOATSCALER_LABELS
from core.analysis.vendors.overlay import Overlay
from core.kube.node import Node

SOURCE = "goatscaler"
"""Component of its events, in any case; `scaler-type` in ACK's configuration."""

PROVISION_NODE, PROVISION_FAILED, RESET_POD = "ProvisionNode", "ProvisionNodeFailed", "ResetPod"
NOT_TRIGGERED, STOCK_CHANGED = "NotTriggerScaleUp", "InstanceInventoryStatusChanged"


def manages(node: Node) -> bool:
    """It made this node."""
    return any(node.labels.get(label) for label in GOATSCALER_LABELS)


OVERLAY = Overlay(name="goatscaler", forced={"expander": "least-waste"})
