"""Why nodes did not come: failed activities, back-off, cool-down, events; the newest first."""

from typing import Any

import msgspec

from core.analysis import planning
from core.analysis.planning import Plan
from core.cluster.cloud import Alarm, ScalingActivity
from core.cluster.cloud_kinds import GROUP
from core.cluster.group import Group, Template
from core.policy import discover
from core.views.troubles import headline, troubles
from tests.unit.build import NOW, Object, at, config_map, event, group, node, policy, snapshot
from tests.unit.cloud import facts

STATUS = """autoscalerStatus: Running
time: {time}
nodeGroups:
- name: asg-1
  scaleUp:
    status: Backoff
    lastTransitionTime: {since}
    backoffInfo: {{errorCode: OutOfStock, errorMessage: "sold\\nout"}}
- name: asg-2
  scaleUp: {{status: NoActivity}}
"""


def planned(*objects: Object, details: tuple[Group, ...] = ()) -> Plan:
    taken = snapshot(node("a"), group("asg-1", displayName="web"), *objects, policy(assumeComplete=True))
    taken = taken.with_tables(**{GROUP.name: {one.id: one for one in details}})
    return planning.plan(taken, discover(taken))


def after(status: str, ended: float, cooldown: int | None = None, **more: Any) -> Group:
    """The group with its last activity, so many seconds ago."""
    activity = ScalingActivity(
        id="act", group_id="asg-1", status=status, start=at(ended + 30), end=at(ended),
        error_code=more.pop("code", ""), error_message=more.pop("message", ""),
    )  # fmt: skip
    return Group(
        id="asg-1", name="web", pool_id="", managed_by="ess", autoscaling=True, autoscaling_because="", min_size=0,
        max_size=9, scaling=facts.group(cooldown=cooldown), configuration=None, pool=None, members=(),
        links=(), template=Template(), activities=(activity,), **more,
    )  # fmt: skip


def said(plan: Plan) -> list[str]:
    return [one.what for one in troubles(plan, NOW)]


def test_nothing_is_said_while_all_is_well() -> None:
    assert list(headline(planned(details=(after("Successful", 60),)), NOW)) == []


def test_a_failed_activity_with_its_cause_and_age() -> None:
    plan = planned(details=(after("Failed", 90, code="NoStock", message="sold out\x1b[0m"),))
    assert list(headline(plan, NOW)) == ["last trouble 1m ago: web: the scaling activity failed: NoStock: sold out [0m"]


def test_an_activity_that_was_rejected_or_only_partly_done() -> None:
    assert said(planned(details=(after("Rejected", 1),))) == ["web: the scaling activity was rejected"]
    assert said(planned(details=(after("Warning", 1),))) == ["web: the scaling activity went through only in part"]


def test_the_back_off_of_the_status_config_map() -> None:
    text = STATUS.format(time=at(5), since=at(120))
    plan = planned(config_map("cluster-autoscaler-status", {"status": text}))
    assert said(plan) == ["web: the autoscaler backs off: OutOfStock: sold out"]
    assert troubles(plan, NOW)[0].at == NOW - 120


def test_a_group_that_alarms_drive_cools_down() -> None:
    alarm = msgspec.convert({"AlarmTaskId": "al", "ScalingGroupId": "asg-1"}, Alarm)
    resting = after("Successful", 60, cooldown=300, alarms=(alarm,))
    assert said(planned(details=(resting,))) == [
        "web: cools down after its last activity, 4m left (alarms wait for it)"
    ]
    assert said(planned(details=(after("Successful", 400, cooldown=300, alarms=(alarm,)),))) == []
    assert said(planned(details=(after("Successful", 60, cooldown=300),))) == []


def test_events_count_for_an_hour_and_until_it_grew_again() -> None:
    failed = event("FailedScaleUp", "Pod/a/p", 600, "quota")
    assert said(planned(failed)) == ["FailedScaleUp on pod a/p: quota"]
    assert said(planned(failed, event("TriggeredScaleUp", "Pod/a/p", 60, "ok"))) == []
    assert said(planned(event("FailedScaleUp", "Pod/a/p", 4000, "quota"))) == []
    assert said(planned(event("NotTriggerScaleUp", "Pod/a/p", 60, "1 max size"))) == [
        "NotTriggerScaleUp on pod a/p: 1 max size"
    ]


def test_the_newest_is_told_and_the_others_are_counted() -> None:
    plan = planned(event("NotTriggerScaleUp", "Pod/a/p", 20, "x"), details=(after("Failed", 90),))
    assert list(headline(plan, NOW)) == ["last trouble 20s ago: NotTriggerScaleUp on pod a/p: x (and 1 more)"]
