"""A node that an autoscaler had made: it is the autoscaler's to take out. When it would do that, in words; and what a
person has to say to do it in its place."""

import time
from collections.abc import Iterator

from core.actions.action_plan import Finding, Level
from core.analysis.autoscaler import NONE
from core.analysis.planning import Plan
from core.analysis.scale_in.result import REMOVABLE, NodeVerdict


def judge(node: str, before: Plan, anyway: bool, why: str) -> Iterator[Finding]:
    """Left to the autoscaler, unless a person wants it `anyway` and says why."""
    text = f"an autoscaler had it made, and takes it out itself: {goes(node, before)}"
    if not anyway:
        yield Finding(Level.REFUSAL, "Autoscaled", node, f"{text}; --anyway, with --why, takes it out now")
    elif not why.strip():
        yield Finding(Level.REFUSAL, "NoReason", node, "an autoscaler had it made: --why says why it goes all the same")
    else:
        yield Finding(Level.WARNING, "Autoscaled", node, f"{text}; pods that wait may bring another at once")


def goes(node: str, before: Plan) -> str:
    """When it would go by itself, by the rules that are judged by."""
    if before.running.kind == NONE:
        return "but no autoscaler runs here now, so it never goes by itself"
    found = next((one for one in before.scale_in.nodes if one.node == node), None)
    if found is None:
        return "when, is not known"
    if node in before.scale_in.now:
        return "with its next loop"
    return _in_time(found) if found.verdict == REMOVABLE else _stays(found)


def _in_time(found: NodeVerdict) -> str:
    waits = f" ({found.waits_for})" if found.waits_for else ""
    if found.goes_at is None:
        return f"it can go, when is not known{waits}"
    return f"about {time.strftime('%H:%M:%S', time.gmtime(found.goes_at.at))}Z{waits}"


def _stays(found: NodeVerdict) -> str:
    blocking = found.drain.blocking_pod
    pod = f", held by {blocking.pod} ({blocking.reason})" if blocking is not None else ""
    return f"not now: {found.reason or found.verdict}{pod}"
