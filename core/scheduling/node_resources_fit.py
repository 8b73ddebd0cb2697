"""NodeResourcesFit: what the pod requests must be free on the node, and its number of pods is limited. How a pod's
requests add up is core/kube/pod_requests."""

from collections.abc import Iterable, Mapping

PODS = "pods"
_NATIVE = ("cpu", "memory", "ephemeral-storage")
_ORDER = {PODS: 0, "cpu": 1, "memory": 2, "ephemeral-storage": 3}


def counted(resource: str) -> bool:
    """Whether the scheduler accounts for it: the native three, extended resources, huge pages, attachable volumes."""
    return resource in _NATIVE or "/" in resource or resource.startswith(("hugepages-", "attachable-volumes-"))


def demand(requests: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What a pod takes from a node, itself included as one of its pods. A request of nothing asks for nothing, so an
    overbooked node still takes it."""
    asked = ((name, amount) for name, amount in requests.items() if amount > 0 and counted(name))
    return ((PODS, 1), *sorted(asked, key=lambda one: (_ORDER.get(one[0], 4), one[0])))


def reasons(short: Iterable[str]) -> tuple[str, ...]:
    """The texts for the resources of which there is too little."""
    return tuple("Too many pods" if name == PODS else f"Insufficient {name}" for name in short)
