"""What a screen calls the thing that a pod belongs to: `Deployment shop/checkout`."""

from core.analysis import applications
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod


def of_pod(pod: Pod, snapshot: Snapshot) -> str:
    """Kind, namespace and name of the application; the pod itself where nobody owns it."""
    return str(applications.of_pod(pod, snapshot))
