"""What scale-in decides, as data. How it is decided stands in the other modules here; the words for the reasons are in
core/views/reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field

REMOVABLE, BLOCKED, BUSY, NOT_MANAGED, UNKNOWN = "removable", "blocked", "busy", "not-managed", "unknown"
"""Verdicts on a node."""


@dataclass(frozen=True, slots=True)
class Utilization:
    """Requests ÷ allocatable, as the autoscaler counts them (0.25 is a quarter). `gpu` is None on a node without GPUs;
    `max` is what is held against the threshold, of `resource`. All None when allocatable is missing."""

    cpu: float | None = None
    memory: float | None = None
    gpu: float | None = None
    max: float | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class BlockingPod:
    """The first pod that holds the node. `pod` is `namespace/name`, `reason` a BlockingPodReason of the autoscaler;
    empty where the pod can't be judged and the autoscaler has no word for that.

    `by` is the object behind it (the budget, the missing controller), or empty."""

    pod: str
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Drain:
    """Whether the node's pods could move, asked alone and whatever its utilization. `removable` is None when unknown.

    `moves_to`: pod -> node, for the pods that would move. `unplaced`: the first pod without a place. `on_eci`: pods
    that would run on ECI in fact, or would if no node had room; the autoscaler knows nothing of it."""

    removable: bool | None
    reason: str | None = None
    blocking_pod: BlockingPod | None = None
    moves_to: Mapping[str, str] = field(default_factory=dict)
    unplaced: str | None = None
    on_eci: tuple[str, ...] = ()
    unknown: str | None = None
    """What could not be judged, when `removable` is None."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A moment (seconds since the epoch) that only the autoscaler knows, as estimated from what can be seen."""

    at: float
    source: str


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """One node. `reason` is the autoscaler's first reason why it stays, None when it can go; `waits_for` is why a
    node that can go is not in `now` (timers, minimum sizes, cool-down, budgets). `threshold` is what its utilization
    is held against."""

    node: str
    group: str | None
    verdict: str
    reason: str | None
    utilization: Utilization
    threshold: float | None
    drain: Drain
    since: Estimate | None = None
    goes_at: Estimate | None = None
    waits_for: str | None = None
    unknown: tuple[str, ...] = ()
    """What could not be judged: kinds that are not available, rules that are not evaluated."""


@dataclass(frozen=True, slots=True)
class CoolDown:
    """No node goes before `until` (seconds since the epoch; None: no cool-down runs)."""

    until: float | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class ScaleIn:
    """`together`: removable in sequence, each removal committed before the next. `now`: what of it the next loop would
    delete."""

    cool_down: CoolDown
    nodes: tuple[NodeVerdict, ...]
    together: tuple[str, ...]
    now: tuple[str, ...]
