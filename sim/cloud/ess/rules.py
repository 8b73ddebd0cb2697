"""Scaling rules and what fires them: scheduled tasks and alarms."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError, not_found
from sim.cloud.ess.engine import Origin, settle
from sim.cloud.ess.groups import group_of
from sim.cloud.ess.scaling import rule_by_ari, run_rule
from sim.cloud.names import to_minute
from sim.cloud.state import Alarm, Cloud, Rule, ScheduledTask
from sim.cloud.wire import Call, numbered_page

DAY = 86400.0


@action("ess", "DescribeScalingRules")
def describe_rules(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("ScalingRuleId", "ScalingRuleIds")
    aris = call.items("ScalingRuleAri", "ScalingRuleAris")
    group = call.text("ScalingGroupId")
    rows = [
        rule
        for rule in cloud.rules
        if (not group or rule.group_id == group) and (not ids or rule.id in ids) and (not aris or rule.ari in aris)
    ]
    paging, page = numbered_page(call, rows)
    return {**paging, "ScalingRules": [_rule(cloud, rule, call.flag("ShowAlarmRules")) for rule in page]}


def _rule(cloud: Cloud, rule: Rule, with_alarms: bool) -> dict[str, Any]:
    group = cloud.groups[rule.group_id]
    alarms = [_alarm(alarm) for alarm in cloud.alarms if alarm.rule_ari == rule.ari] if with_alarms else []
    return {
        "ScalingRuleId": rule.id,
        "ScalingRuleAri": rule.ari,
        "ScalingRuleName": rule.name,
        "ScalingGroupId": rule.group_id,
        "ScalingRuleType": rule.type,
        "AdjustmentType": rule.adjustment_type,
        "AdjustmentValue": rule.adjustment,
        "Cooldown": rule.cooldown,
        "MinSize": group.min_size,
        "MaxSize": group.max_size,
        **({"MetricName": rule.metric, "TargetValue": rule.target} if rule.metric else {}),
        "Alarms": alarms,
        "StepAdjustments": [],
    }


@action("ess", "CreateScalingRule")
def create_rule(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    number = sum(rule.group_id == group.id for rule in cloud.rules)
    if number >= 50:
        raise CloudError("QuotaExceeded.ScalingRule", "Scaling rule quota exceeded in the specified scaling group.")
    rule = Rule(
        id=cloud.ids.resource("asr", 13),
        group_id=group.id,
        name=call.text("ScalingRuleName") or f"rule-{number + 1}",
        type=call.text("ScalingRuleType") or "SimpleScalingRule",
        adjustment_type=call.text("AdjustmentType"),
        adjustment=call.integer("AdjustmentValue", 0),
        cooldown=call.integer("Cooldown", group.cooldown),
    )
    cloud.rules.add(rule.id, rule)
    return {"ScalingRuleId": rule.id, "ScalingRuleAri": rule.ari}


@action("ess", "DeleteScalingRule")
def delete_rule(cloud: Cloud, call: Call) -> dict[str, Any]:
    if cloud.rules.drop(call.required("ScalingRuleId")) is None:
        raise not_found("ScalingRuleId")
    return {}


@action("ess", "DescribeScheduledTasks")
def describe_scheduled(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids, group = call.items("ScheduledTaskId", "ScheduledTaskIds"), call.text("ScalingGroupId")
    rows = [t for t in cloud.scheduled if (not ids or t.id in ids) and (not group or _group_of(cloud, t) == group)]
    paging, page = numbered_page(call, rows)
    return {**paging, "ScheduledTasks": [_scheduled(task) for task in page]}


def _group_of(cloud: Cloud, task: ScheduledTask) -> str:
    return task.group_id or rule_by_ari(cloud, task.action).group_id


def _scheduled(task: ScheduledTask) -> dict[str, Any]:
    kind, value, end = task.recurrence
    sizes = {"DesiredCapacity": task.desired, "MinValue": task.min_size, "MaxValue": task.max_size}
    return {
        "ScheduledTaskId": task.id,
        "ScheduledTaskName": task.name,
        "Description": task.description,
        "TaskEnabled": task.enabled,
        "LaunchTime": to_minute(task.launch),
        "LaunchExpirationTime": 600,
        "ScalingGroupId": task.group_id,
        "ScheduledAction": task.action,
        **({"RecurrenceType": kind, "RecurrenceValue": value, "RecurrenceEndTime": to_minute(end)} if kind else {}),
        **{name: size for name, size in sizes.items() if size is not None},
    }


@action("ess", "DescribeAlarms")
def describe_alarms(cloud: Cloud, call: Call) -> dict[str, Any]:
    group, ids = call.text("ScalingGroupId"), call.items("AlarmTaskId", "AlarmTaskIds")
    one, state = call.text("AlarmTaskId"), call.text("State")
    rows = [
        alarm
        for alarm in cloud.alarms
        if (not group or alarm.group_id == group)
        and (not ids or alarm.id in ids)
        and (not one or alarm.id == one)
        and (not state or alarm.state == state)
    ]
    paging, page = numbered_page(call, rows)
    return {**paging, "AlarmList": [{**_alarm(alarm), **_alarm_state(alarm)} for alarm in page]}


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "AlarmTaskId": alarm.id,
        "AlarmTaskName": alarm.name,
        "MetricName": alarm.metric,
        "MetricType": "system",
        "ComparisonOperator": alarm.operator,
        "Threshold": alarm.threshold,
        "EvaluationCount": alarm.count,
        "Statistics": "Average",
        "Dimensions": [{"DimensionKey": "scaling_group", "DimensionValue": alarm.group_id}],
    }


def _alarm_state(alarm: Alarm) -> dict[str, Any]:
    return {
        "Name": alarm.name,
        "ScalingGroupId": alarm.group_id,
        "State": alarm.state,
        "Enable": alarm.enabled,
        "Period": alarm.period,
        "AlarmActions": [alarm.rule_ari],
    }


def schedule(cloud: Cloud, task: ScheduledTask) -> None:
    """Add a scheduled task and let it fire at its launch time, and daily where it recurs."""
    cloud.scheduled.add(task.id, task)
    cloud.agenda.after(max(0.0, task.launch - cloud.now()), partial(_fire, cloud, task.id))


def _fire(cloud: Cloud, task_id: str) -> None:
    task = cloud.scheduled.get(task_id)
    if task is None:
        return
    group = cloud.groups[_group_of(cloud, task)]
    if task.enabled and "ScheduledAction" not in group.suspended:
        _run_scheduled(cloud, task)
    if task.recurrence[0] == "Daily" and cloud.now() < task.recurrence[2]:
        schedule(cloud, replace(task, launch=task.launch + DAY))


def _run_scheduled(cloud: Cloud, task: ScheduledTask) -> None:
    if task.action:
        _try_rule(
            cloud, rule_by_ari(cloud, task.action), Origin(f'A scheduled task "{task.name}" runs', ("Ess", task.id))
        )
        return
    group = cloud.groups[task.group_id]
    low = task.min_size if task.min_size is not None else group.min_size
    high = task.max_size if task.max_size is not None else group.max_size
    desired = task.desired if task.desired is not None else group.desired
    cloud.groups.change(group.id, min_size=low, max_size=high, desired=desired, modified=cloud.now())
    settle(cloud, group.id)


def raise_alarm(cloud: Cloud, alarm_id: str, value: float) -> None:
    """Feed an alarm the metric's latest value: it fires its rule when it goes from OK to ALARM."""
    alarm = cloud.alarms[alarm_id]
    over = value >= alarm.threshold if alarm.operator.startswith(">") else value <= alarm.threshold
    state = "ALARM" if over else "OK"
    if alarm.state == state:
        return
    cloud.alarms.change(alarm_id, state=state)
    if over and alarm.enabled and "AlarmNotification" not in cloud.groups[alarm.group_id].suspended:
        origin = Origin(f'An alarm task "{alarm.name}" found {alarm.metric} at {value:.1f}', ("Cms", alarm.id))
        _try_rule(cloud, rule_by_ari(cloud, alarm.rule_ari), origin)


def _try_rule(cloud: Cloud, rule: Rule, origin: Origin) -> None:
    """Run a rule that nobody waits for: a group that cannot take it now refuses it silently, as ESS does."""
    with suppress(CloudError):
        run_rule(cloud, rule, origin)
