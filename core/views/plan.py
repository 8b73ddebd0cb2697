"""The plan as a document (DESIGN.md §4.2), with one plain sentence for each pod. What the reasons mean is in reasons;
the scale-in half is in scale_in."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.analysis import not_evaluated
from core.analysis.pending.result import (
    UNKNOWN,
    Choice,
    GroupOption,
    Pending,
    PodVerdict,
)
from core.analysis.pending.templates import NAME_START
from core.analysis.planning import Plan
from core.analysis.scale_in.timing import AWAITS_PODS
from core.scheduling.refusal import Refusal
from core.views import reasons, scale_in


def document(plan: Plan) -> dict[str, Any]:
    """Everything that was decided, as plain data."""
    return {
        "apiVersion": "vacancy/v1",
        "kind": "Plan",
        **head(plan),
        **pending(plan.pending),
        "scaleIn": scale_in.document(plan.scale_in, plan.snapshot.as_of),
    }


def head(plan: Plan) -> dict[str, Any]:
    """When, by which rules, and what is missing."""
    return {
        "asOf": datetime.fromtimestamp(plan.snapshot.as_of, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ruleSet": str(plan.policy.rule_set),
        "autoscaler": str(plan.running),
        "policy": plan.policy.described(),
        "unavailable": sorted(plan.snapshot.unavailable),
        "notEvaluated": not_evaluated.of(plan.policy, plan.snapshot),
        "notUnderstood": list(plan.policy.unread),
    }


def flat(plan: Plan) -> Iterator[dict[str, Any]]:
    """The plan line by line: each pod, group and node with what is decided, where or how far, and why."""
    whole = document(plan)
    sizes = {one["group"]: f"{one['from']} -> {one['to']}" for one in whole["scaleOut"]["choice"]["resize"]}
    for one in whole["pending"]:
        yield _line("pod", one["pod"], one["verdict"], one["node"], one["ignoredBecause"], one["explanation"])
    for one in whole["scaleOut"]["groups"]:
        name, why = one["group"], one["skipped"] or one["rejected"]
        verdict = "grows" if name in sizes else "skipped" if one["skipped"] else "rejected" if why else "stays"
        yield _line("group", name, verdict, sizes.get(name), why, reasons.meaning(why) if why else "")
    for one in whole["scaleIn"]["nodes"]:
        yield _line("node", one["node"], one["verdict"], one["goesAt"], one["reason"], one["explanation"])


def _line(
    kind: str, name: str, verdict: str, where: str | None, reason: str | None, explanation: str
) -> dict[str, Any]:
    return {
        "kind": kind, "name": name, "verdict": verdict, "where": where, "reason": reason, "explanation": explanation
    }  # fmt: skip


def pending(decided: Pending) -> dict[str, Any]:
    """The parts `pending` and `scaleOut`."""
    skipped = {one.group: one.skipped for one in decided.groups if one.skipped is not None}
    return {
        "pending": [_pod(verdict, decided.choice, skipped) for verdict in decided.pods],
        "scaleOut": {
            "groups": [_group(one) for one in decided.groups],
            "expanders": {name: list(groups) for name, groups in decided.expanders.items()},
            "choice": _choice(decided.choice),
        },
    }


def _pod(verdict: PodVerdict, choice: Choice, skipped: Mapping[str, str]) -> dict[str, Any]:
    return {
        "pod": verdict.pod.key,
        "verdict": verdict.verdict,
        "node": verdict.node,
        "ignoredBecause": verdict.ignored_because,
        "groups": {
            group: _refusal(refusal) | _types(verdict.types.get(group)) for group, refusal in verdict.groups.items()
        },
        "explanation": explanation(verdict, choice, skipped),
    }


def _refusal(refusal: Refusal | None) -> dict[str, Any]:
    if refusal is None:
        return {"fits": True}
    return {"fits": False if refusal.known else None, "plugin": refusal.plugin, "reasons": list(refusal.reasons)}


def _types(types: Mapping[str, Refusal | None] | None) -> dict[str, Any]:
    """Each machine type of a group that has several."""
    return {} if types is None else {"types": {name: _refusal(refusal) for name, refusal in types.items()}}


def _group(one: GroupOption) -> dict[str, Any]:
    option = one.option
    found: dict[str, Any] = {
        "group": one.group,
        "skipped": one.skipped,
        "rejected": one.rejected,
        "nodes": option.nodes if option is not None else 0,
        "pods": [pod.key for pod in option.pods] if option is not None else [],
        "waste": None,
    }
    if option is not None:
        waste = option.waste
        found["waste"] = {"cpu": waste.cpu, "memory": waste.memory, "score": waste.score}
    return found


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "result": choice.result,
        "expander": choice.expander or None,
        "ties": list(choice.ties),
        "resize": [{"group": one.group, "from": one.before, "to": one.after} for one in choice.resize],
        "podsHelped": [pod.key for pod in choice.helped],
        "error": choice.error or None,
        "waitsFor": AWAITS_PODS if choice.waits_until is not None else None,
        "waitsUntil": scale_in.moment(choice.waits_until),
    }


def explanation(
    verdict: PodVerdict, choice: Choice, skipped: Mapping[str, str], names: Mapping[str, str] | None = None
) -> str:
    """Why the pod is pending and what becomes of it, in one plain sentence. `skipped`: group -> why it can't grow;
    `names`: group -> what a person calls it (documents keep the ids)."""
    names = names or {}
    return _in_a_sentence(verdict, choice, skipped, names) + _by_type(verdict, names)


def _in_a_sentence(verdict: PodVerdict, choice: Choice, skipped: Mapping[str, str], names: Mapping[str, str]) -> str:
    fits = [group for group, refusal in verdict.groups.items() if refusal is None]
    fitting = [names.get(group, group) for group in fits]
    match verdict.verdict:
        case "ignored":
            return f"Ignored by the autoscaler: {reasons.meaning(verdict.ignored_because or '')}"
        case "fits-existing":
            return _fits(verdict.node or "", names)
        case "eci":
            return f"Runs on the virtual node {verdict.node}: no machine is needed."
        case "scale-out":
            grown = ", ".join(
                f"{names.get(one.group, one.group)} from {one.before} to {one.after}" for one in choice.resize
            )
            return f"Gets a node when the autoscaler grows {grown}."
        case "next-round":
            return f"Fits a new node of {_listed(fitting)}, but this round grows another group or has no room left."
        case "by-hand":
            why = reasons.meaning(skipped.get(fits[0], "")) if fits else ""
            return f"Fits a new node of {_listed(fitting)}, but the autoscaler adds none. {why}"
    if choice.undecided and fits:
        return f"Fits a new node of {_listed(fitting)}, but nobody can tell which group grows ({choice.error})."
    return _nowhere(verdict)


def _by_type(verdict: PodVerdict, names: Mapping[str, str]) -> str:
    """Where machine types of one group differ: the first decides, the others come when it is sold out."""
    said = []
    for group, types in verdict.types.items():
        takes = [machine for machine, refusal in types.items() if refusal is None]
        if not takes or len(takes) == len(types):
            continue
        name = names.get(group, group)
        if verdict.groups.get(group) is None:
            others = [machine for machine in types if machine not in takes]
            said.append(
                f"Should {name} bring {_listed(others, 'or')} instead of {_listed(takes, 'or')}, it would not fit."
            )
        else:
            said.append(f"It would fit {_listed(takes, 'or')} of {name}, but another machine type comes first there.")
    return "".join(f" {one}" for one in said[:2])


def _fits(node: str, names: Mapping[str, str]) -> str:
    if not node.startswith(NAME_START):
        return f"Fits {node} as it is: the scheduler should place it soon."
    start = node.removeprefix(NAME_START)
    group = next((name for group, name in names.items() if start.startswith(group)), start)
    return f"Fits a node of {group} that is on its way: the scheduler should place it when it has joined."


def _nowhere(verdict: PodVerdict) -> str:
    if not verdict.groups:
        return "No group is known that could give it a node."
    said = Counter(reason for refusal in verdict.groups.values() if refusal for reason in refusal.reasons)
    total = len(verdict.groups)
    parts = ", ".join(f"{count} of {total} groups: {reason}" for reason, count in said.most_common())
    start = (
        "Nobody can tell whether a new node helps" if verdict.verdict == UNKNOWN else "No group's node would take it"
    )
    return f"{start} ({parts})." if parts else f"{start}."


def _listed(names: list[str], joined: str = "") -> str:
    if joined and len(names) == 2:
        return f"{names[0]} {joined} {names[1]}"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
