"""PodDisruptionBudgets and OpenKruise's PodUnavailableBudgets. How a budget shrinks during a plan is the planner's."""

import msgspec

from core.kube.namespaced import Namespaced
from core.kube.selectors import LabelSelector
from core.kube.wire import Codec, Meta


class DisruptionBudget(Namespaced, msgspec.Struct, frozen=True, eq=False):
    """A budget. `allowed`: how many more pods may go now; None where the object doesn't say (no controller has run)."""

    kind: str
    key: str
    selector: LabelSelector | None
    """None matches no pod, an empty selector every pod of the namespace (policy/v1)."""
    min_available: str
    max_unavailable: str
    unhealthy_policy: str
    allowed: int | None
    current_healthy: int | None
    desired_healthy: int | None
    expected: int | None
    target: tuple[str, str] | None
    """(kind, name) of the workload that an OpenKruise budget points at instead of selecting."""


class _Target(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    selector: LabelSelector | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    unhealthy_pod_eviction_policy: str | None = None
    target_ref: _Target | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    disruptions_allowed: int | None = None
    unavailable_allowed: int | None = None
    current_healthy: int | None = None
    current_available: int | None = None
    desired_healthy: int | None = None
    desired_available: int | None = None
    expected_pods: int | None = None
    total_replicas: int | None = None


class WireBudget(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _Spec | None = None
    status: _Status | None = None


def _text(amount: int | str | None) -> str:
    return "" if amount is None else str(amount)


def _first(*amounts: int | None) -> int | None:
    return next((amount for amount in amounts if amount is not None), None)


def _build(kind: str, wire: WireBudget) -> DisruptionBudget:
    meta, spec, status = wire.metadata, wire.spec or _Spec(), wire.status or _Status()
    return DisruptionBudget(
        kind=kind,
        key=f"{meta.namespace or 'default'}/{meta.name}",
        selector=spec.selector,
        min_available=_text(spec.min_available),
        max_unavailable=_text(spec.max_unavailable),
        unhealthy_policy=spec.unhealthy_pod_eviction_policy or "",
        allowed=_first(status.disruptions_allowed, status.unavailable_allowed),
        current_healthy=_first(status.current_healthy, status.current_available),
        desired_healthy=_first(status.desired_healthy, status.desired_available),
        expected=_first(status.expected_pods, status.total_replicas),
        target=(spec.target_ref.kind, spec.target_ref.name) if spec.target_ref else None,
    )


def codec(kind: str) -> Codec[DisruptionBudget]:
    """The codec of one kind of budget."""
    return Codec(kind, WireBudget, lambda wire: _build(kind, wire))
