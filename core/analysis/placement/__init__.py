"""Where pods are and where they could go: nodes as bins, pods by class, and counters that are kept as pods come and go.

`Placement` is the whole of it. What scale-out and scale-in do with it is in their own packages."""

from core.analysis.placement.placement import Moves, Placement
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.scheduling.refusal import Refusal

__all__ = ["Moves", "Placement", "fits"]


def fits(snapshot: Snapshot, pod: Pod, kubernetes: tuple[int, int] = (1, 35)) -> dict[str, Refusal | None]:
    """Every node of the snapshot: None where kube-scheduler of that version would find that the pod fits, else what it
    would say first."""
    return Placement.from_snapshot(snapshot, kubernetes, expendable_below=None).fits(pod)
