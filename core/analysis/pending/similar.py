"""Groups that are alike, and how new nodes are balanced between them.

Source: processors/nodegroupset/{compare_nodegroups,balancing_processor}.go of the Cluster Autoscaler."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.analysis.pending.result import Resize
from core.analysis.pending.templates import HOSTNAME, Template
from core.kube.node import REGION_LABELS, ZONE_LABELS
from core.policy import Policy

_IGNORED = frozenset(
    (HOSTNAME, *ZONE_LABELS, *REGION_LABELS, "beta.kubernetes.io/fluentd-ds-ready", "kops.k8s.io/instancegroup")
)


_NOT_WIRED: Mapping[str, Any] = {
    name: getattr(Policy, name)
    for name in (
        "balancing_ignore_label",
        "memory_difference_ratio",
        "max_free_difference_ratio",
        "max_allocatable_difference_ratio",
    )
}
"""Flags that are read by the providers of AWS, GCE and Azure only, since 1.37; with their defaults."""


def alike(one: Template, other: Template, policy: Policy) -> bool:
    """Whether the autoscaler takes the groups of two templates for similar."""
    if policy.rule_set.at_least(1, 37):
        policy = replace(policy, **_NOT_WIRED)
    if policy.balancing_label:
        labels = [[node.labels.get(key) for key in policy.balancing_label] for node in (one.node, other.node)]
        return labels[0] == labels[1] and None not in labels[0]
    return (
        _capacity(one.node.capacity, other.node.capacity, policy.memory_difference_ratio)
        and _near_maps(one.node.allocatable, other.node.allocatable, policy.max_allocatable_difference_ratio)
        and _near_maps(_free(one), _free(other), policy.max_free_difference_ratio)
        and _labels(one, policy) == _labels(other, policy)
    )


def _capacity(one: Mapping[str, int], other: Mapping[str, int], ratio: float) -> bool:
    """Equal in everything but memory, which may differ a little."""
    if one.keys() != other.keys():
        return False
    return all(_near(one[k], other[k], ratio) if k == "memory" else one[k] == other[k] for k in one)


def _near_maps(one: Mapping[str, int], other: Mapping[str, int], ratio: float) -> bool:
    return one.keys() == other.keys() and all(_near(one[key], other[key], ratio) for key in one)


def _near(one: int, other: int, ratio: float) -> bool:
    return abs(one - other) <= max(one, other) * ratio


def _free(template: Template) -> dict[str, int]:
    """What the node's own pods leave of cpu, memory, ephemeral storage, and of what else they request."""
    used: dict[str, int] = dict.fromkeys(("cpu", "memory", "ephemeral-storage", "pods"), 0)
    for pod in template.pods:
        for name, amount in pod.shape.requests.items():
            used[name] = used.get(name, 0) + amount
    return {name: template.node.allocatable.get(name, 0) - amount for name, amount in used.items()}


def _labels(template: Template, policy: Policy) -> dict[str, str]:
    ignored = {*_IGNORED, *policy.balancing_ignore_label}
    return {key: value for key, value in template.node.labels.items() if key not in ignored}


def balanced(groups: Sequence[tuple[str, int, int]], nodes: int) -> tuple[Resize, ...]:
    """`nodes` new nodes over (group, size, most) one by one, each to the group that is smallest then; as many as fit.

    Groups of equal size take turns, in the order of their sizes before."""
    sizes = {group: size for group, size, most in groups if size < most}
    room = {group: most for group, _, most in groups}
    order = sorted(sizes, key=lambda group: sizes[group])
    before = dict(sizes)
    for _ in range(nodes):
        open_groups = [group for group in order if sizes[group] < room[group]]
        if not open_groups:
            break
        sizes[min(open_groups, key=lambda group: sizes[group])] += 1
    return tuple(Resize(group, before[group], sizes[group]) for group in order if sizes[group] > before[group])
