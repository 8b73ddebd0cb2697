"""Why nodes did not come lately, newest first: a scaling activity that failed, the autoscaler's back-off, a group that
cools down, what the autoscaler said in its events. Each with its age."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.analysis.autoscaler_events import Act
from core.analysis.planning import Plan
from core.cluster.cloud_kinds import GROUP
from core.cluster.group import Group
from core.cluster.snapshot import Table
from core.errors import one_line
from core.views import format as fmt

LONGEST = 200
"""Characters of somebody else's message."""
RECENT = 3600.0
"""Seconds after which an event explains nothing any more."""
_FAILED = {"Failed": "failed", "Rejected": "was rejected", "Warning": "went through only in part"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason; `at` in seconds since the epoch, None where nobody says."""

    at: float | None
    what: str


def troubles(plan: Plan, now: float) -> list[Trouble]:
    """All that is known, newest first."""
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    details: Table[Group] = plan.snapshot.table(GROUP.name)
    found = [*_activities(details, names, now), *_back_offs(plan, names), *_said(plan, now)]
    return sorted(found, key=lambda one: -(one.at or 0.0))


def headline(plan: Plan, now: float) -> Iterator[str]:
    """The newest in one line, and how many more there are."""
    found = troubles(plan, now)
    if found:
        more = f" (and {len(found) - 1} more)" if found[1:] else ""
        age = f"{fmt.age(now - found[0].at)} ago" if found[0].at is not None else "at an unknown time"
        yield f"last trouble {age}: {found[0].what}{more}"


def _activities(details: Table[Group], names: Mapping[str, str], now: float) -> Iterator[Trouble]:
    """Groups whose newest activity failed, and groups that rest after one."""
    for group in details.values():
        last, name = group.last_activity, names.get(group.id) or group.name or group.id
        if last is None:
            continue
        ended = last.ended or last.started
        if last.status in _FAILED:
            why = ": ".join(filter(None, (last.error_code, last.error_message or last.message)))
            yield Trouble(ended, f"{name}: the scaling activity {_FAILED[last.status]}{_because(why)}")
        rest = group.scaling.cooldown if group.scaling is not None else None
        if rest and group.alarms and last.ended is not None and last.status == "Successful" and now < last.ended + rest:
            left = fmt.duration(last.ended + rest - now)
            yield Trouble(last.ended, f"{name}: cools down after its last activity, {left} left (alarms wait for it)")


def _back_offs(plan: Plan, names: Mapping[str, str]) -> Iterator[Trouble]:
    status = plan.running.status
    for part in status.groups.values() if status is not None else ():
        if part.in_backoff:
            why = ": ".join(filter(None, (part.error_code, part.error)))
            yield Trouble(
                part.scale_up_since, f"{names.get(part.name, part.name)}: the autoscaler backs off{_because(why)}"
            )


def _said(plan: Plan, now: float) -> Iterator[Trouble]:
    """The newest of its events about a resize that failed, and about a pod for which it added nothing."""
    latest = plan.running.latest
    grew = latest.get(Act.GREW)
    for act in (Act.GROW_FAILED, Act.NOT_GROWN):
        one = latest.get(act)
        if one is None or now - one.at > RECENT or (grew is not None and grew.at > one.at and act is Act.GROW_FAILED):
            continue
        about = f" on {one.about_kind.lower()} {one.about}" if one.about_kind == "Pod" else ""
        yield Trouble(one.at, f"{one.reason}{about}{_because(one.message)}")


def _because(why: str) -> str:
    text = one_line(why, LONGEST)
    return f": {text}" if text else ""
