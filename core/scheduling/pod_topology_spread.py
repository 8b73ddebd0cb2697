"""PodTopologySpread: pods that match must be spread evenly over the domains of a label. Only `DoNotSchedule` filters;
the scheduler's own default constraints are `ScheduleAnyway`. Who counts the pods of a domain is the caller."""

from collections.abc import Mapping
from typing import NamedTuple

from core.kube.affinity import SpreadConstraint
from core.kube.pod import Shape
from core.scheduling import selection
from core.scheduling.selection import Selection

REASONS = ("node(s) didn't match pod topology spread constraints",)
MISSING_LABEL = ("node(s) didn't match pod topology spread constraints (missing required label)",)


class Constraint(NamedTuple):
    """One hard constraint of a pod. `self_match`: the pod itself counts in the domain that it comes to."""

    key: str
    max_skew: int
    min_domains: int
    selection: Selection
    self_match: bool
    honor_affinity: bool
    honor_taints: bool

    def exceeded(self, matching: int, minimum: int, domains: int) -> bool:
        """Whether one more pod in a domain with `matching` pods skews too much. With fewer than `min_domains` domains
        the minimum counts as 0."""
        return matching + self.self_match - (minimum if domains >= self.min_domains else 0) > self.max_skew

    def counts(self, labels: Mapping[str, str]) -> bool:
        """Whether a pod of the same namespace that isn't terminating counts. An empty selector counts none."""
        return self.selection != selection.EVERYTHING and selection.selects(self.selection, labels)


def constraints(shape: Shape, labels: Mapping[str, str]) -> tuple[Constraint, ...]:
    """The hard constraints of a pod with these labels."""
    return tuple(_constraint(one, labels) for one in shape.spread if one.when_unsatisfiable == "DoNotSchedule")


def _constraint(spread: SpreadConstraint, labels: Mapping[str, str]) -> Constraint:
    selected = selection.of(spread.label_selector)
    own = {key: labels[key] for key in spread.match_label_keys or () if key in labels}
    if own:
        selected = (*(selected or ()), *selection.equal_to(own))
    return Constraint(
        key=spread.topology_key,
        max_skew=spread.max_skew,
        min_domains=1 if spread.min_domains is None else spread.min_domains,
        selection=selected,
        self_match=selection.selects(selected, labels),
        honor_affinity=spread.node_affinity_policy != "Ignore",
        honor_taints=spread.node_taints_policy == "Honor",
    )
