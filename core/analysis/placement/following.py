"""A placement brought from one snapshot to the next, when little changed: what took long to work out stays."""

from collections.abc import Mapping
from itertools import compress
from operator import is_not

from core.analysis.placement.bookings import expendable
from core.analysis.placement.inputs import STORAGE_KINDS
from core.analysis.placement.placement import Placement
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.pod import Pod
from core.kube.taints import NO_EXECUTE, NO_SCHEDULE, Taint

LITTLE = 0.05
"""The share of the pods that may have changed; beyond, starting anew is as quick."""
_LEAST = 50


def follow(placement: Placement, before: Snapshot, now: Snapshot, expendable_below: int | None) -> bool:
    """Bring a placement, made from `before`, to `now`; False (and nothing changed but that it is as it was made) when
    too much is different. Every earlier result that holds the placement is out of date then."""
    placement.rollback(0)
    if not _same_surroundings(before, now) or not _same_nodes(before.nodes, now.nodes):
        return False
    old, new = before.pods, now.pods
    changed = _changed(old, new)
    replaced = [old[key] for key in changed if key in old]
    gone = [old[key] for key in old.keys() - new.keys()] if len(old) + len(changed) - len(replaced) > len(new) else []
    if len(changed) + len(gone) > max(_LEAST, LITTLE * len(new)):
        return False
    leaving = [pod for pod in (*gone, *replaced) if _counts(pod, now.nodes, expendable_below)]
    coming = [pod for pod in changed.values() if _counts(pod, now.nodes, expendable_below)]
    placement.rebase(list(now.nodes.values()), leaving, coming, _ranks(new) if coming else {})
    return True


def _changed(old: Mapping[str, Pod], new: Mapping[str, Pod]) -> dict[str, Pod]:
    """Pods that are new or not the same object any more. All pods are looked at, so none of it is spelled out in
    Python."""
    return dict(compress(new.items(), map(is_not, new.values(), map(old.get, new))))


def _same_surroundings(before: Snapshot, now: Snapshot) -> bool:
    """Nothing else that a filter reads is different."""
    return all(
        before.table(kind) == now.table(kind) and before.has(kind) == now.has(kind)
        for kind in ("Namespace", *STORAGE_KINDS)
    )


def _same_nodes(before: Mapping[str, Node], now: Mapping[str, Node]) -> bool:
    """The same nodes in the same order, and none different in what decides where pods go."""
    if list(before) != list(now):
        return False
    return all(
        one is other
        or (
            one.labels == other.labels
            and _hard(one.taints) == _hard(other.taints)
            and one.allocatable == other.allocatable
            and one.unschedulable == other.unschedulable
        )
        for one, other in zip(before.values(), now.values(), strict=True)
    )


def _hard(taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """Those that keep pods off; the autoscaler's soft ones come and go with every loop of it."""
    return tuple(taint for taint in taints if taint.effect in (NO_SCHEDULE, NO_EXECUTE))


def _counts(pod: Pod, nodes: Mapping[str, Node], expendable_below: int | None) -> bool:
    return pod.node in nodes and not pod.terminated and not expendable(pod.shape, expendable_below)


def _ranks(pods: Mapping[str, Pod]) -> dict[str, int]:
    """Where each pod stands in the snapshot: so the pods of a node are ordered."""
    return dict(zip(pods, range(len(pods)), strict=True))
