"""A what-if as a document and as a few sentences. How it is found out is in core/analysis/what_if."""

from collections.abc import Iterator
from typing import Any

from core.analysis.what_if import Comparison
from core.views import reasons, scale_in


def document(found: Comparison) -> dict[str, Any]:
    """What would be different, as plain data."""
    return {
        "apiVersion": "vacancy/v1",
        "kind": "WhatIf",
        "asOf": scale_in.moment(found.before.snapshot.as_of),
        "ruleSet": str(found.after.policy.rule_set),
        "notes": list(found.notes),
        "lands": dict(found.lands),
        "waits": list(found.waits),
        "displaced": list(found.displaced),
        "lost": list(found.lost),
        "removable": list(found.removable),
        "noLongerRemovable": list(found.kept),
        "resize": [{"group": one.group, "from": one.before, "to": one.after} for one in found.resize],
        "summary": list(sentences(found)),
    }


def sentences(found: Comparison) -> Iterator[str]:
    """The same for a person, the most important first."""
    if found.displaced:
        yield f"{_pods(len(found.displaced))} would lose their place and find none: {_some(found.displaced)}."
    if found.lost:
        yield f"{_pods(len(found.lost))} would be gone for good: {_some(found.lost)}."
    if found.lands:
        yield f"{_pods(len(found.lands))} would land on {_nodes(len(set(found.lands.values())))}."
    still = [key for key in found.waits if key not in set(found.displaced)]
    if still:
        yield f"{_pods(len(still))} would still wait: {_some(still)}."
    if found.removable:
        yield f"{_nodes(len(found.removable))} could go then: {_some(found.removable)}."
    if found.kept:
        yield f"{_nodes(len(found.kept))} could not go any more: {_some(found.kept)}."
    for one in found.resize:
        yield f"The autoscaler would then resize {one.group} from {one.before} to {one.after}."
    for note in found.notes:
        blocked, _, reason = note.partition(": ")
        sentence = reasons.WHY_A_POD_BLOCKS.get(reason.partition(" ")[0])
        yield f"{blocked}: {sentence}" if sentence else f"{note}."


def _pods(number: int) -> str:
    return "1 pod" if number == 1 else f"{number} pods"


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"


def _some(names: list[str] | tuple[str, ...], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
