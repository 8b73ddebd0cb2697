"""What the autoscaler said lately, from its events: when it last grew or shrank the cluster, what failed, and why it
did nothing. Whose events these are differs by autoscaler: GOATScaler's own stand in vendors/goatscaler.

Source: the event recorder calls of the Cluster Autoscaler (facts: reasons and wording of 1.30 to 1.37)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from core.analysis.vendors import goatscaler
from core.errors import one_line
from core.kube.event import Event


class Act(Enum):
    """What an event is about."""

    GREW = "scale-out"
    GROW_FAILED = "scale-out failed"
    NOT_GROWN = "no scale-out"
    SHRANK = "scale-in"
    SHRINK_FAILED = "scale-in failed"
    TROUBLE = "trouble"


_SOURCE = "cluster-autoscaler"
_ACTS: Mapping[str, Act] = {
    "TriggeredScaleUp": Act.GREW,
    "ScaledUpGroup": Act.GREW,
    "FailedScaleUp": Act.GROW_FAILED,
    "FailedToScaleUpGroup": Act.GROW_FAILED,
    "ScaleUpTimedOut": Act.GROW_FAILED,
    "ScaleUpFailed": Act.GROW_FAILED,
    "FailedToRevertScaleUp": Act.GROW_FAILED,
    "NotTriggerScaleUp": Act.NOT_GROWN,
    "MaxNodesTotalReached": Act.NOT_GROWN,
    "ScaleDown": Act.SHRANK,
    "ScaleDownEmpty": Act.SHRANK,
    "DeleteUnregistered": Act.SHRANK,
    "ScaleDownFailed": Act.SHRINK_FAILED,
    "DeleteUnregisteredFailed": Act.SHRINK_FAILED,
    "ClusterUnhealthy": Act.TROUBLE,
    "PriorityConfigMapInvalid": Act.TROUBLE,
    "PriorityConfigMapNotMatchedGroup": Act.TROUBLE,
    "PriorityConfigMapNoGroupMatched": Act.TROUBLE,
    "GracefulDegradationStarted": Act.TROUBLE,
    "GracefulDegradationStopped": Act.TROUBLE,
}
_GOATSCALER: Mapping[str, Act] = {
    goatscaler.PROVISION_NODE: Act.GREW,
    goatscaler.PROVISION_FAILED: Act.GROW_FAILED,
    goatscaler.NOT_TRIGGERED: Act.NOT_GROWN,
    goatscaler.RESET_POD: Act.GROW_FAILED,
    goatscaler.STOCK_CHANGED: Act.TROUBLE,
}
_REJECTIONS = re.compile(r"(?:\A|, )(\d{1,6}) (.+?)(?=, \d{1,6} |\Z)")
_GROUPS_GROWN = re.compile(r"\{(\S+) (\d+)->(\d+)")
_GROUP_GROWN = re.compile(r"group (\S+) size set to (\d+)")


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that the autoscaler said. `at` in seconds since the epoch; `about` is the object that the event is
    on."""

    act: Act
    at: float
    reason: str
    about_kind: str
    about: str
    message: str
    source: str
    groups: tuple[str, ...] = ()
    """Groups that the message names as grown."""

    def __str__(self) -> str:
        return f"{self.reason} on {self.about_kind.lower()} {self.about}: {self.message}"


def rejections(activity: Activity) -> list[tuple[int, str]]:
    """Why no group grew for a pod, as an event of the Cluster Autoscaler tells it: (number of groups, reason). Empty
    for any other event."""
    start, said, counted = activity.message.partition("pod didn't trigger scale-up: ")
    if activity.act is not Act.NOT_GROWN or not said or start:
        return []
    parts = [(int(number), reason) for number, reason in _REJECTIONS.findall(counted)]
    return parts or [(0, counted)]


def read(events: Iterable[Event]) -> tuple[Activity, ...]:
    """The autoscaler's events among these, newest first."""
    found = [activity for event in events if (activity := _activity(event)) is not None]
    return tuple(sorted(found, key=lambda activity: -activity.at))


def _activity(event: Event) -> Activity | None:
    source = event.source.lower()
    acts = _GOATSCALER if source == goatscaler.SOURCE else _ACTS if source == _SOURCE else {}
    act = acts.get(event.reason)
    if act is None or event.last is None:
        return None
    if act is Act.SHRANK and event.about_kind == "Pod":
        return None  # an evicted pod: its node has an event of its own
    message = one_line(event.message, 500)
    groups = tuple(match[0] for match in _GROUPS_GROWN.findall(message)) or tuple(
        match[0] for match in _GROUP_GROWN.findall(message)
    )
    return Activity(act, event.last, event.reason, event.about_kind, event.about, message, source, groups)
