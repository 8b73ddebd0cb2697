"""What a person calls the thing that a pod belongs to: the top of its owner chain. How it is worded is in the views."""

from typing import NamedTuple

from core.cluster.snapshot import Snapshot
from core.kube.owner import Owner, root
from core.kube.pod import Pod
from core.kube.workloads import Workload


class Application(NamedTuple):
    """The top owner; the pod itself where nobody owns it."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Applications:
    """The applications of one snapshot; each owner's chain is walked once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[tuple[str, Owner], Application] = {}

    def of(self, pod: Pod) -> Application:
        """The pod's application."""
        owner = pod.owner
        if owner is None:
            return Application("Pod", pod.namespace, pod.name)
        key = (pod.namespace, owner)
        found = self._known.get(key)
        if found is None:
            top = root(owner, lambda one: above(one, pod.namespace, self._snapshot))
            found = self._known[key] = Application(top.kind, pod.namespace, top.name)
        return found

    def top(self, workload: Workload) -> Application:
        """The application that a workload belongs to: itself, where nobody owns it."""
        if workload.owner is None:
            return Application(workload.kind, workload.namespace, workload.name)
        top = root(workload.owner, lambda one: above(one, workload.namespace, self._snapshot))
        return Application(top.kind, workload.namespace, top.name)


def above(owner: Owner, namespace: str, snapshot: Snapshot) -> Owner | None:
    """Who owns this owner, as far as the snapshot knows."""
    found = snapshot.table(owner.kind).get(f"{namespace}/{owner.name}")
    higher = getattr(found, "owner", None)
    return higher if isinstance(higher, Owner) else None


def of_pod(pod: Pod, snapshot: Snapshot) -> Application:
    """The application of a single pod."""
    return Applications(snapshot).of(pod)
