"""A what-if as a document and as a few sentences; on a screen it is in what_if_detail. How it is found out is in
core/analysis/what_if."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.analysis.what_if import Comparison
from core.views import reasons, scale_in
from core.views.table import Tone


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


def flat(found: Comparison) -> Iterator[dict[str, Any]]:
    """The same line by line: each pod, node and group for which something would be different."""
    pods, displaced = found.before.snapshot.pods, set(found.displaced)

    def line(kind: str, name: str, what: str, before: object = None, then: object = None) -> dict[str, Any]:
        return {"kind": kind, "name": name, "what": what, "before": before, "then": then}

    for pod, node in found.lands.items():
        yield line("pod", pod, "lands", pods[pod].node if pod in pods else None, node)
    for pod in found.waits:
        yield line("pod", pod, "displaced" if pod in displaced else "waits", pods[pod].node if pod in pods else None)
    yield from (line("pod", pod, "lost", pods[pod].node if pod in pods else None) for pod in found.lost)
    yield from (line("node", node, "removable") for node in found.removable)
    yield from (line("node", node, "noLongerRemovable") for node in found.kept)
    yield from (line("group", one.group, "resize", one.before, one.after) for one in found.resize)


def sentences(found: Comparison) -> Iterator[str]:
    """The same for a person, the most important first."""
    return (sentence for sentence, _ in said(found))


def said(found: Comparison) -> Iterator[tuple[str, Tone]]:
    """Each sentence with what its colour means."""
    yield from _pods_said(found)
    old = [name for name in found.removable if name in found.before.snapshot.nodes]
    if old:
        yield f"{_nodes(len(old))} could go then: {_some(old)}.", Tone.GOOD
    if spare := len(found.removable) - len(old):
        yield f"{_nodes(spare).replace(' ', ' new ', 1)} would not be needed, and could go again.", Tone.WARNING
    if found.kept:
        yield f"{_nodes(len(found.kept))} could not go any more: {_some(found.kept)}.", Tone.WARNING
    if not (found.displaced or found.lost or found.lands or found.removable or found.kept):
        yield "No pod would get another place, and no other node could go.", Tone.MUTED
    names = group_names(found)
    for one in found.resize:
        group = names.get(one.group, one.group)
        yield f"The autoscaler would then resize {group} from {one.before} to {one.after}.", Tone.PLAIN
    for note in found.notes:
        yield _note(note, names), Tone.WARNING


def _pods_said(found: Comparison) -> Iterator[tuple[str, Tone]]:
    if found.displaced:
        whose = "its" if len(found.displaced) == 1 else "their"
        yield (
            f"{_pods(len(found.displaced))} would lose {whose} place and find none: {_some(found.displaced)}.",
            Tone.DANGER,
        )
    if found.lost:
        yield f"{_pods(len(found.lost))} would be gone for good: {_some(found.lost)}.", Tone.DANGER
    if found.lands:
        yield f"{_pods(len(found.lands))} would land on {_nodes(len(set(found.lands.values())))}.", Tone.GOOD
    displaced = set(found.displaced)
    still = [key for key in found.waits if key not in displaced]
    if still:
        yield f"{_pods(len(still))} would still wait: {_some(still)}.", Tone.WARNING


def _note(note: str, names: Mapping[str, str]) -> str:
    blocked, _, reason = note.partition(": ")
    sentence = reasons.WHY_A_POD_BLOCKS.get(reason.partition(" ")[0])
    if sentence:
        return f"{blocked}: {sentence}"
    words = note.split(" ")
    known = " ".join(names.get(word, word) for word in words) if words[0] == "group" else note
    return f"{known[:1].upper()}{known[1:]}."


def group_names(found: Comparison) -> dict[str, str]:
    """Group id -> name."""
    return {group.id: group.name for group in found.before.snapshot.groups.values()}


def title(wishes: Sequence[Sequence[str]], names: Mapping[str, str]) -> str:
    """What is tried out: `What if web grew by 2`. `names`: group id -> name."""
    return f"What if {', then '.join(_supposed(wish, names) for wish in wishes)}"


def _supposed(wish: Sequence[str], names: Mapping[str, str]) -> str:
    verb, *words = wish
    first, second = [*words, "", ""][:2]
    match verb:
        case "expand":
            return f"{names.get(first, first)} grew by {_nodes(second)}"
        case "expand-for":
            return f"the group that fits {first} grew by {_nodes(second)}"
        case "drain" | "remove":
            return f"{_some(words)} {'was' if len(words) == 1 else 'were'} {verb}{'ed' if verb == 'drain' else 'd'}"
        case "attach":
            return f"machine {first} joined"
        case "max" | "min":
            return f"{names.get(first, first)} had a {verb}imum of {second}"
        case "replicas":
            return f"{first} had {_replicas(second)}"
        case "surge":
            return f"{first} was rolled out"
        case "out-of-stock":
            return f"{names.get(first, first) or 'the group that grows first'} was out of stock"
    return verb


def _replicas(text: str) -> str:
    more = {"+": " more", "-": " fewer"}.get(text[:1], "")
    number = text.lstrip("+-")
    return f"{number}{more} replica{'s' * (number != '1')}"


def _pods(number: int) -> str:
    return "1 pod" if number == 1 else f"{number} pods"


def _nodes(number: int | str) -> str:
    return "1 node" if str(number) == "1" else f"{number} nodes"


def _some(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
