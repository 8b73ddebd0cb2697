"""What an owner is told about its pods on ECI: plain text, fit for a chat or a mail. Who is told is decided in
core/actions."""

import re
import time
from collections.abc import Iterator, Sequence

from core.actions.action_plan import ActionPlan
from core.analysis.planning import Plan
from core.analysis.serverless import Audit, ServerlessApplication
from core.views import eci, eci_detail, money
from core.views import format as fmt
from core.views.text import sanitise

MOST = 20
"""Applications in one message."""
_MARKUP = re.compile(r"[<>@\[\]|]+")
"""What Slack, DingTalk and others read as links or mentions."""


def title(owner: str, found: Sequence[ServerlessApplication], context: str) -> str:
    """One line."""
    return plain(f"vacancy: {_pods(found)} of {owner} on ECI could be elsewhere ({context})")


def body(owner: str, found: Sequence[ServerlessApplication], plan: Plan, audit: Audit) -> str:
    """What is there, what it costs and what to do, the oldest first."""
    prices = audit.prices
    second = sum((one.costs.second for one in found), start=audit.costs.second * 0)
    unknown = sum(one.costs.unknown for one in found)
    month = money.amount(second * prices.seconds_a_month, unknown)
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime(plan.snapshot.as_of))
    head = (
        f"{_pods(found)} of {owner}: {month} {prices.currency} a month. As of {moment} UTC, prices of {prices.as_of}."
    )
    lines = [head, ""]
    for one in found[:MOST]:
        lines += _application(one, plan, audit)
    if len(found) > MOST:
        lines.append(f"and {len(found) - MOST} more: vacancy eci")
    lines += ["", "To let one be for a while: vacancy mute --write --reason WHY KIND/NAMESPACE/NAME"]
    return "\n".join(plain(line) for line in lines)


def _application(one: ServerlessApplication, plan: Plan, audit: Audit) -> list[str]:
    month = money.amount(one.costs.month(audit.prices), one.costs.unknown)
    limit = "none" if one.limit == float("inf") else fmt.age(one.limit)
    age = f"{fmt.age(one.oldest)} old, limit {limit}"
    return [
        f"- {one.application}: {len(one.pods)} pod{'s' * (len(one.pods) != 1)}, {age}, "
        f"{month} {audit.prices.currency} a month; {eci.verdict(one, plan)}",
        f"  on ECI because of {one.reason.text}; what to do: {eci_detail.remedy(one)}",
    ]


def _pods(found: Sequence[ServerlessApplication]) -> str:
    number = sum(len(one.pods) for one in found)
    return f"{fmt.count(number)} pod{'s' * (number != 1)}"


def plain(text: str) -> str:
    """One line without anything that a chat or a terminal acts on."""
    return _MARKUP.sub(" ", sanitise(text))


def digests(plan: ActionPlan) -> Iterator[str]:
    """The digests that a plan to notify holds, line by line, each with whom it goes to."""
    found = plan.details.get("digests") or ()
    for one in found:
        channels = f"{one['channels']} channel{'s' * (one['channels'] != 1)}"
        yield f"--- to {one['owner']} by {one['route']} ({channels})"
        yield one["title"]
        yield from one["body"].splitlines()
        yield ""
