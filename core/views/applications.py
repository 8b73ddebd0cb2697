"""What a person calls the thing that a pod belongs to: the top of its owner chain, `Deployment shop/checkout`."""

from core.cluster.snapshot import Snapshot
from core.kube.owner import Owner, root
from core.kube.pod import Pod


def of_pod(pod: Pod, snapshot: Snapshot) -> str:
    """Kind, namespace and name of the application; the pod itself where nobody owns it."""
    if pod.owner is None:
        return f"Pod {pod.key}"
    top = root(pod.owner, lambda owner: _above(owner, pod.namespace, snapshot))
    return f"{top.kind} {pod.namespace}/{top.name}"


def _above(owner: Owner, namespace: str, snapshot: Snapshot) -> Owner | None:
    found = snapshot.table(owner.kind).get(f"{namespace}/{owner.name}")
    above = getattr(found, "owner", None)
    return above if isinstance(above, Owner) else None
