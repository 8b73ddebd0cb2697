"""What is decided about pending pods, as data. How it is decided stands in the other modules here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.analysis.pending.templates import Template
from core.kube.pod import Pod
from core.scheduling.refusal import Refusal

FITS_EXISTING, SCALE_OUT, NEXT_ROUND, BY_HAND, ECI, STUCK, IGNORED, UNKNOWN = (
    "fits-existing",
    "scale-out",
    "next-round",
    "by-hand",
    "eci",
    "stuck",
    "ignored",
    "unknown",
)
"""Verdicts on a pod (DESIGN.md §4.2)."""

SUCCESSFUL, NO_OPTIONS, NOT_NEEDED, UNHEALTHY, ERROR = (
    "Successful",
    "NoOptionsAvailable",
    "NotNeeded",
    "ClusterUnhealthy",
    "Error",
)
"""Results of a scale-out, in the autoscaler's own words."""


@dataclass(frozen=True, slots=True)
class PodVerdict:
    """One pending pod. `node`: where it fits today. `groups`: group -> what a new node of it would say, None is "fits";
    empty for a pod that needs none."""

    pod: Pod
    verdict: str
    node: str | None = None
    ignored_because: str | None = None
    groups: Mapping[str, Refusal | None] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, Refusal | None]] = field(default_factory=dict)
    """The same for each machine type of a group that has several."""


@dataclass(frozen=True, slots=True)
class Waste:
    """Shares of the new nodes that these pods would leave unused; `score` is their sum."""

    cpu: float
    memory: float
    score: float


@dataclass(frozen=True, slots=True)
class Option:
    """What growing one group would do: so many nodes for these pods."""

    group: str
    nodes: int
    pods: tuple[Pod, ...]
    waste: Waste
    similar: tuple[str, ...] = ()
    """Groups that the nodes would be balanced with."""


@dataclass(frozen=True, slots=True)
class GroupOption:
    """One group. `skipped`: why the autoscaler doesn't consider it; else `option`, None when no pod would fit.
    `rejected`: why the option isn't the one that is taken."""

    group: str
    skipped: str | None = None
    option: Option | None = None
    rejected: str | None = None


@dataclass(frozen=True, slots=True)
class Resize:
    """A group's size, from now to then."""

    group: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What the next loop would do. `ties`: the groups between which chance decides; `resize` is for the first of
    them. `error`: what hinders it. Not `known`: what decides is not evaluated here, and `error` names it."""

    result: str
    expander: str = ""
    ties: tuple[str, ...] = ()
    resize: tuple[Resize, ...] = ()
    helped: tuple[Pod, ...] = ()
    error: str = ""
    known: bool = True
    waits_until: float | None = None
    """Until when (seconds since the epoch) the autoscaler waits for more pods before it does this."""

    @property
    def undecided(self) -> bool:
        """One of `ties` grows, and nobody can tell which."""
        return bool(self.ties) and not self.known

    @property
    def grows(self) -> bool:
        """Some group grows."""
        return self.result == SUCCESSFUL or self.undecided


@dataclass(frozen=True, slots=True)
class Pending:
    """Everything about pending pods."""

    pods: tuple[PodVerdict, ...]
    groups: tuple[GroupOption, ...]
    expanders: Mapping[str, tuple[str, ...]]
    choice: Choice
    templates: Mapping[str, Template]
