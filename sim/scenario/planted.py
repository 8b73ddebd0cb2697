"""What a scenario hides for its finder: the list that demos and tests compare with what the audits say."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """One planted audit case: what is wrong (a short name), on which object, and what would put it right."""

    check: str
    kind: str
    object: str
    """`namespace/name`."""
    remedy: str


@dataclass(slots=True)
class Planted:
    """Everything that a scenario promises to contain."""

    blocked: dict[str, str] = field(default_factory=dict)
    """The autoscaler's reason -> a node that it keeps."""
    pending: dict[str, str] = field(default_factory=dict)
    """`namespace/workload` -> why its pods wait."""
    cases: list[Case] = field(default_factory=list)
    origins: dict[str, list[str]] = field(default_factory=dict)
    """Origin (as DESIGN.md names them) -> nodes."""
    candidates: list[str] = field(default_factory=list)
    """Nodes that a scale-in could take."""
    silent: list[str] = field(default_factory=list)
    """Nodes whose kubelets have stopped."""
    scripts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Bootstrap scripts of a registered cluster, with the variables that each forgets."""
    peaks: list[tuple[str, str, int]] = field(default_factory=list)
    """Deployments that traffic moves: namespace, name, replicas at the peak."""
