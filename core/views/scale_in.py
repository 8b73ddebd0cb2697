"""Scale-in as plain sentences and documents: one node's verdict explained, and the `scaleIn` part of the plan."""

from datetime import UTC, datetime
from typing import Any

from core.analysis.scale_in.result import Drain, Estimate, NodeVerdict, ScaleIn, Utilization
from core.views import reasons


def explanation(verdict: NodeVerdict, now: float) -> str:
    """One sentence: what becomes of the node, because of what."""
    if verdict.unknown:
        return f"Cannot be judged: {reasons.cannot_tell(verdict.unknown)}.{_because_of(verdict)}"
    if verdict.reason == "BlockedByPod" and verdict.drain.blocking_pod is not None:
        blocker = verdict.drain.blocking_pod
        by = f" ({blocker.by})" if blocker.by else ""
        return f"Stays because of {blocker.pod}: {reasons.blocking(blocker.reason)}{by}"
    if verdict.reason == "NotUnderutilized":
        return _busy(verdict)
    if verdict.reason == "NoPlaceToMovePods" and verdict.drain.unplaced is not None:
        eci = ", though ECI would take it" if verdict.drain.unplaced in verdict.drain.on_eci else ""
        return f"Stays because {verdict.drain.unplaced} fits on no other node{eci}."
    if verdict.verdict != "removable" and verdict.reason is not None:
        return f"Stays: {reasons.meaning(verdict.reason)}"
    return _removable(verdict, now)


def _because_of(verdict: NodeVerdict) -> str:
    """The pod that can't be judged, with what the autoscaler says where it can't read the kind either."""
    blocker = verdict.drain.blocking_pod
    if blocker is None:
        return ""
    says = f"; the autoscaler, where it can't read that either, says {blocker.reason}" if blocker.reason else ""
    return f" It is about {blocker.pod}{says}."


def _busy(verdict: NodeVerdict) -> str:
    used = verdict.utilization
    share, threshold = _percent(used.max), _percent(verdict.threshold)
    return f"Stays: {share} of its {used.resource} is booked, above the {threshold} that scale-in asks for."


def _removable(verdict: NodeVerdict, now: float) -> str:
    moves = verdict.drain.moves_to
    where = f"its {_count(len(moves), 'pod')} would move to {_count(len(set(moves.values())), 'node')}"
    what = where if moves else "nothing on it would have to move"
    if verdict.waits_for is None:
        return f"Goes with the next loop: {what}."
    due = verdict.goes_at
    when = f", in {_span(due.at - now)} at the earliest (an estimate: {due.source})" if due is not None else ""
    return f"Could go ({what}){when}: {reasons.meaning(verdict.waits_for)}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.3g} %"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _span(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


def document(result: ScaleIn, now: float) -> dict[str, Any]:
    """The `scaleIn` part of a plan (DESIGN.md §4.2)."""
    cool_down = result.cool_down
    return {
        "coolDown": {"until": moment(cool_down.until), "because": cool_down.because},
        "nodes": [_node(verdict, now) for verdict in result.nodes],
        "together": list(result.together),
        "now": list(result.now),
    }


def _node(verdict: NodeVerdict, now: float) -> dict[str, Any]:
    return {
        "node": verdict.node,
        "group": verdict.group,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "waitsFor": verdict.waits_for,
        "since": moment(verdict.since.at if verdict.since else None),
        "goesAt": moment(verdict.goes_at.at if verdict.goes_at else None),
        "estimatedFrom": _sources(verdict.since, verdict.goes_at),
        "utilization": _utilization(verdict.utilization),
        "threshold": verdict.threshold,
        "drain": _drain(verdict.drain),
        "unknown": list(verdict.unknown),
        "explanation": explanation(verdict, now),
    }


def _sources(*estimates: Estimate | None) -> list[str]:
    return list(dict.fromkeys(estimate.source for estimate in estimates if estimate is not None))


def _utilization(used: Utilization) -> dict[str, Any]:
    figures = {name: getattr(used, name) for name in ("cpu", "memory", "gpu", "max")}
    return {**{name: _finite(share) for name, share in figures.items()}, "resource": used.resource}


def _finite(share: float | None) -> float | None:
    """JSON has no infinity: a node without anything left counts as full a million times over."""
    return share if share is None else max(-1e6, min(1e6, share))


def _drain(drain: Drain) -> dict[str, Any]:
    blocker = drain.blocking_pod
    by = (
        {"pod": blocker.pod, "reason": blocker.reason or None, "by": blocker.by or None}
        if blocker is not None
        else None
    )
    return {
        "removable": drain.removable,
        "reason": drain.reason,
        "blockingPod": by,
        "unplaced": drain.unplaced,
        "onEci": list(drain.on_eci),
        "movesTo": dict(drain.moves_to.items()),
    }


def moment(at: float | None) -> str | None:
    """Seconds since the epoch as a timestamp; None when there is none, or it is absurd."""
    try:
        return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
