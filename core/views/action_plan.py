"""An action's plan and its progress in words, and as a document. How a plan is made is in core/actions."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from core.actions.action_plan import ActionPlan, Effect, Finding, Level
from core.actions.run import ARRIVED, NodeProgress, Progress
from core.feeds.masking import masked
from core.views.action import Line
from core.views.format import count
from core.views.table import Tone

MOST = 5
"""Names in one sentence; findings of one kind."""
_TONES = {Level.REFUSAL: Tone.DANGER, Level.WARNING: Tone.WARNING, Level.NOTE: Tone.MUTED}
_WAITING = NodeProgress("").phase
_NEVER = {"expand": "not seen to come", "attach": "not seen to join"}
"""What to say of one that nothing was heard of until its action ended."""
_MARKS = {Level.REFUSAL: "✗", Level.WARNING: "!", Level.NOTE: "·"}


def document(plan: ActionPlan) -> dict[str, Any]:
    """The plan as plain data, with its sentences; as the journal would have it, without secrets."""
    whole: dict[str, Any] = masked(msgspec.to_builtins(plan), "")
    return {
        "apiVersion": "vacancy/v1",
        "kind": "ActionPlan",
        **whole,
        "refused": bool(plan.refusals),
        "summary": [text for text, _ in sentences(plan)],
    }


def title(plan: ActionPlan) -> str:
    """What is to be done, to what."""
    about = plan.subject or _names([node.name for node in plan.nodes], "nodes")
    return f"{plan.action.replace('-', ' ').capitalize()} {about}"


def sentences(plan: ActionPlan) -> Iterator[Line]:
    """What a person should know before it is run, the most important first."""
    yield from _findings(plan.refusals)
    yield from ((text, Tone.PLAIN) for text in plan.says)
    yield from ((f"for good: {text}", Tone.WARNING) for text in _some(plan.irreversible))
    yield from _pods(plan)
    yield from _findings(finding for finding in plan.findings if finding.level is not Level.REFUSAL)
    yield from _budgets(plan)
    yield from _left_alone(plan)
    steps = "   ".join(f"{number} {step.what}" for number, step in enumerate(plan.steps, 1))
    yield f"steps  {steps}", Tone.MUTED


def _pods(plan: ActionPlan) -> Iterator[Line]:
    effect = plan.effect
    if effect is None:
        return
    moving = [pod for pod in plan.leaving if not pod.finished]
    on_nodes = {pod: node for pod, node in effect.lands.items() if pod not in set(effect.eci)}
    parts = [f"{_do(len(on_nodes), 'land')} on {_many(len(set(on_nodes.values())), 'node')}"]
    if effect.eci:
        parts.append(f"{count(len(effect.eci))} on ECI ({_eci_cost(effect)})")
    if effect.waits:
        parts.append(f"{_many(len(effect.waits), 'pod')} would wait")
    if effect.lost:
        parts.append(f"{_many(len(effect.lost), 'pod')} would be gone for good")
    moment = time.strftime("%H:%M:%S", time.gmtime(effect.at))
    leave = f"{_many(len(moving), 'pod')} {_verb(len(moving), 'leave')}"
    text = f"{leave}: {', '.join(parts)}" if moving else "no pod has to move"
    if plan.nodes:
        tone = Tone.WARNING if effect.waits or effect.lost or effect.eci else Tone.PLAIN
        yield f"{text}   (what-if of {moment}Z)", tone
    for group, before, after in effect.resizes:
        yield f"the autoscaler would then resize {group} from {before} to {after}", Tone.PLAIN


def _eci_cost(effect: Effect) -> str:
    if effect.eci_a_day is None:
        return "price unknown"
    return f"at least {effect.eci_a_day:,.2f} {effect.currency} a day"


def _budgets(plan: ActionPlan) -> Iterator[Line]:
    for use in plan.budgets[:MOST]:
        allowed = "doesn't say how many may go" if use.allowed is None else f"lets {use.allowed} go at a time"
        yield f"{use.budget} {allowed}; {use.pods} of its pods {_verb(use.pods, 'leave')}", Tone.PLAIN


def _left_alone(plan: ActionPlan) -> Iterator[Line]:
    if plan.stays:
        yield f"left alone: {', '.join(f'{number} {what}' for what, number in plan.stays.items())}", Tone.MUTED


def _findings(findings: Iterable[Finding]) -> Iterator[Line]:
    """Each kind of finding with a few of its objects."""
    kinds: dict[tuple[Level, str], list[str]] = {}
    for finding in findings:
        words = f"{finding.about}: {finding.text}" if finding.about else finding.text
        kinds.setdefault((finding.level, finding.code), []).append(words)
    for (level, code), texts in kinds.items():
        for text in _some(texts):
            yield f"{_MARKS[level]} {code}  {text}", _TONES[level]


def refusal(plan: ActionPlan) -> str:
    """Why it can't be run, in one line; "" when it can."""
    if not plan.refusals:
        return ""
    first = plan.refusals[0]
    more = len(plan.refusals) - 1
    about = f"{first.about}: " if first.about else ""
    return f"{about}{first.text}" + (f" (and {more} more)" if more else "")


def question(plan: ActionPlan) -> str:
    """What to do to run it."""
    return f"type {plan.confirm} to confirm" if plan.confirm else "type yes to confirm"


def progress_lines(progress: Progress, now: float) -> Iterator[Line]:
    """How far it is: the whole, then node by node, then what holds it."""
    gone, pods = sum(one.gone for one in progress.nodes), sum(one.pods for one in progress.nodes)
    since = f"{int(max(0, now - progress.began))} s"
    if progress.outcome:
        good = progress.outcome in ("done", "undone", "closed")
        yield f"{progress.outcome}: {progress.text}", Tone.GOOD if good else Tone.DANGER
    else:
        share = f"   {gone} of {pods} pods gone" if pods else ""
        yield f"{progress.doing}{share}   {since}", Tone.PLAIN
    for one in progress.nodes:
        yield node_line(one, progress), _node_tone(one)
        for pod, why in list(one.held.items())[:MOST]:
            yield f"    {pod}: {why}", Tone.WARNING


def node_line(one: NodeProgress, of: Progress) -> str:
    """One node in a line; once the whole has ended, none waits any more."""
    phase = _NEVER.get(of.action, "left as it is") if of.outcome and one.phase == _WAITING else one.phase
    share = f"   {one.gone}/{one.pods} pods gone" if one.pods else ""
    return f"{one.name}   {phase}{share}{'   ' + one.text if one.text else ''}"


def arrived(one: NodeProgress) -> bool:
    """Whether it is where it should be."""
    return one.phase in ARRIVED


def _node_tone(one: NodeProgress) -> Tone:
    if arrived(one):
        return Tone.GOOD
    return Tone.DANGER if one.phase == "failed" else Tone.PLAIN


def _some(texts: Iterable[str]) -> Iterator[str]:
    every = list(texts)
    yield from every[:MOST]
    if len(every) > MOST:
        yield f"and {len(every) - MOST} more"


def _names(names: list[str], noun: str) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{len(names)} {noun}"


def _do(number: int, verb: str) -> str:
    return f"{count(number)} {_verb(number, verb)}"


def _verb(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb


def _many(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
