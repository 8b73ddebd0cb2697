"""Pods that the autoscaler takes for the same: of one controller, with equal labels and specification.

Source: core/scaleup/equivalence/groups.go and simulator/scheduling/similar_pods.go of the Cluster Autoscaler."""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from core.kube.pod import Pod

_MOST = 10
"""Different pods of one controller that are remembered; each further one stands alone."""


def likeness(pod: Pod) -> Hashable | None:
    """(controller, what it looks like); None for a pod that is never taken for the same as another."""
    if pod.owner is None or pod.of_daemonset:
        return None
    return pod.owner.uid, (id(pod.shape), id(pod.labels), pod.claims)


def groups(pods: Iterable[Pod]) -> list[list[Pod]]:
    """Pods in groups, in the order of the first pod of each."""
    found: list[list[Pod]] = []
    known: dict[Hashable, list[Pod]] = {}
    kinds: defaultdict[str, int] = defaultdict(int)
    for pod in pods:
        like = likeness(pod)
        if like is not None and like in known:
            known[like].append(pod)
            continue
        found.append([pod])
        if like is not None and pod.owner is not None and kinds[pod.owner.uid] < _MOST:
            kinds[pod.owner.uid] += 1
            known[like] = found[-1]
    return found


class Hopeless:
    """Pods like one that found no place are not tried again in the same pass."""

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        self._kinds: defaultdict[str, int] = defaultdict(int)

    def __contains__(self, pod: Pod) -> bool:
        return likeness(pod) in self._known

    def add(self, pod: Pod) -> None:
        like = likeness(pod)
        if like is not None and pod.owner is not None and self._kinds[pod.owner.uid] < _MOST:
            self._kinds[pod.owner.uid] += 1
            self._known.add(like)
