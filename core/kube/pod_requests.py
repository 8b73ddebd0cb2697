"""What a pod books: the only place that knows how containers, init containers, sidecars, overhead, pod-level resources
and in-place resize add up to requests and limits. Which pods count is decided by the callers.

Rules: k8s.io/component-helpers `resource.PodRequests` and `PodLimits`, as NodeResourcesFit and kubectl use them.
"""

from collections.abc import Iterable, Mapping

import msgspec

from core.kube import quantity

Amounts = Mapping[str, int]
"""Resource name -> amount: CPU in millicores, everything else in base units."""

NO_AMOUNTS: dict[str, int] = {}
Quantities = dict[str, str | float]
POD_LEVEL = ("cpu", "memory")


class ResourceTexts(msgspec.Struct, frozen=True):
    """`resources` of a container or a pod, still as quantity texts."""

    requests: Quantities | None = None
    limits: Quantities | None = None


class ContainerResources(msgspec.Struct, frozen=True):
    """What one container asks for. `sidecar`: an init container that keeps running (`restartPolicy: Always`).
    `allocated` and `actual` are the status's view during an in-place resize."""

    declared: ResourceTexts
    sidecar: bool = False
    allocated: Quantities | None = None
    actual: ResourceTexts | None = None


class PodResources(msgspec.Struct, frozen=True):
    """Everything that decides a pod's requests and limits."""

    containers: tuple[ContainerResources, ...] = ()
    init_containers: tuple[ContainerResources, ...] = ()
    overhead: Quantities | None = None
    pod_level: ResourceTexts | None = None
    pod_allocated: Quantities | None = None
    resize_infeasible: bool = False


def amounts(texts: Quantities | None) -> dict[str, int]:
    """Quantity texts as integers."""
    return {name: quantity.of(name, text) for name, text in texts.items()} if texts else NO_AMOUNTS


def pod_requests(pod: PodResources) -> dict[str, int]:
    """The requests of a pod: the larger of its running containers and of each moment of its initialisation."""
    total = _over_time(
        pod,
        [(_requests(c, pod.resize_infeasible), c.sidecar) for c in pod.init_containers],
        [_requests(c, pod.resize_infeasible) for c in pod.containers],
    )
    total.update(_pod_level_requests(pod))
    return _plus(total, amounts(pod.overhead))


def pod_limits(pod: PodResources) -> dict[str, int]:
    """The limits of a pod. Overhead counts only where a limit is set, as upstream has it."""
    total = _over_time(
        pod,
        [(amounts(c.declared.limits), c.sidecar) for c in pod.init_containers],
        [amounts(c.declared.limits) for c in pod.containers],
    )
    if pod.pod_level is not None:
        total.update(_pod_level(amounts(pod.pod_level.limits)))
    overhead = amounts(pod.overhead)
    return {name: amount + (overhead.get(name, 0) if amount else 0) for name, amount in total.items()}


def _requests(container: ContainerResources, infeasible: bool) -> dict[str, int]:
    """A request defaults to the limit (the API server does the same on writing; a dump may come from before that)."""
    declared = {**amounts(container.declared.limits), **amounts(container.declared.requests)}
    allocated = amounts(container.allocated)
    actual = amounts(container.actual.requests) if container.actual is not None else NO_AMOUNTS
    if not allocated and not actual:
        return declared
    return _larger(_larger(NO_AMOUNTS if infeasible else declared, allocated), actual)


def _pod_level_requests(pod: PodResources) -> dict[str, int]:
    """Pod-level requests replace the sum; they default to the pod-level limits."""
    if pod.pod_level is None:
        return NO_AMOUNTS
    level = {**amounts(pod.pod_level.limits), **amounts(pod.pod_level.requests)}
    return _pod_level(_larger(level, amounts(pod.pod_allocated)) if pod.pod_allocated else level)


def _pod_level(level: Mapping[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in level.items() if name in POD_LEVEL or name.startswith("hugepages-")}


def _over_time(
    pod: PodResources, init: list[tuple[dict[str, int], bool]], running: list[dict[str, int]]
) -> dict[str, int]:
    """Init containers run one after another, each beside the sidecars that started before it."""
    if not init:
        return _sum(running)
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for own, sidecar in init:
        if sidecar:
            sidecars = _plus(sidecars, own)
        peak = _larger(peak, sidecars if sidecar else _plus(own, sidecars))
    return _larger(_plus(_sum(running), sidecars), peak)


def _sum(parts: Iterable[Amounts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = min(quantity.MAX, total.get(name, 0) + amount)
    return total


def _plus(left: Amounts, right: Amounts) -> dict[str, int]:
    return _sum((left, right))


def _larger(left: Amounts, right: Amounts) -> dict[str, int]:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in {**left, **right}}
