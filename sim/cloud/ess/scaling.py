"""Growing and shrinking a group by hand: ScaleWithAdjustment and ExecuteScalingRule, clamped to its limits."""

import math
from typing import Any

from sim.cloud.actions import action
from sim.cloud.catalogue import TYPES
from sim.cloud.ecs.machines import free_addresses
from sim.cloud.errors import CloudError, invalid, not_found
from sim.cloud.ess.engine import Origin, begin, capacity, check_ready, finish, scale_in, scale_out
from sim.cloud.ess.groups import group_of
from sim.cloud.state import Activity, Cloud, Rule, ScalingGroup
from sim.cloud.wire import Call

_RANGES = {
    "QuantityChangeInCapacity": (-1000, 1000),
    "PercentChangeInCapacity": (-100, 10000),
    "TotalCapacity": (0, 2000),
}


def target(kind: str, value: int, current: int, magnitude: int = 0) -> int:
    """The capacity that an adjustment asks for, before the group's limits."""
    if kind == "TotalCapacity":
        return value
    if kind == "QuantityChangeInCapacity":
        return current + value
    change = math.ceil(abs(current * value) / 100)
    return current + int(math.copysign(max(change, magnitude), value))


@action("ess", "ScaleWithAdjustment")
def scale_with_adjustment(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    kind, value = call.required("AdjustmentType"), call.integer("AdjustmentValue")
    low, high = _RANGES.get(kind, (1, 0))
    if not low <= value <= high:
        raise invalid("AdjustmentValue" if kind in _RANGES else "AdjustmentType", f"must be between {low} and {high}")
    base = group.desired if group.desired is not None else capacity(cloud, group.id)
    wanted = target(kind, value, base, call.integer("MinAdjustmentMagnitude", 0))
    if call.text("ExecutionMode") == "PlanOnly":
        return {"PlanResult": {"ResourceAllocations": _allocations(cloud, group, _clamp(group, wanted) - base)}}
    origin = Origin("A user requests to scale the scaling group", metadata=call.text("ActivityMetadata"))
    return move_to(cloud, group, wanted, origin, sync=call.flag("SyncActivity"))


def move_to(cloud: Cloud, group: ScalingGroup, wanted: int, origin: Origin, *, sync: bool) -> dict[str, Any]:
    """Move a group towards a capacity. With a desired capacity and without `sync` only that number changes now."""
    check_ready(cloud, group)
    wanted, current = _clamp(group, wanted), capacity(cloud, group.id)
    if wanted == (current if group.desired is None or sync else group.desired):
        raise CloudError("IncorrectCapacity.NoChange", "The capacity of the scaling group would not change.")
    if group.desired is None:
        return {"ScalingActivityId": _start(cloud, group, wanted - current, origin).id}
    before = group.desired
    cloud.groups.change(group.id, desired=wanted)
    if sync:
        activity = _start(cloud, group, wanted - current, origin)
        return {"ScalingActivityId": activity.id, "ActivityType": "ScalingActivity"}
    activity = begin(cloud, group, origin, f'Change the desired capacity from "{before}" to "{wanted}"', 0)
    finish(cloud, activity.id, "Successful", "The desired capacity is changed.")
    return {"ScalingActivityId": activity.id, "ActivityType": "CapacityChange"}


def _start(cloud: Cloud, group: ScalingGroup, change: int, origin: Origin) -> Activity:
    if change > 0:
        return scale_out(cloud, group, change, origin)
    return scale_in(cloud, group, -change, origin)


def _clamp(group: ScalingGroup, wanted: int) -> int:
    return max(group.min_size, min(group.max_size, wanted))


def _allocations(cloud: Cloud, group: ScalingGroup, count: int) -> list[dict[str, Any]]:
    """Which machines a scale-out would get, by type and zone, as ExecutionMode=PlanOnly answers."""
    configuration = cloud.configurations[group.configuration_id]
    rows, left = [], max(0, count)
    for kind in configuration.instance_types:
        for switch in (cloud.vswitches[i] for i in group.vswitch_ids if i in cloud.vswitches):
            room = min(left, cloud.stock.get((kind, switch.zone), left), free_addresses(cloud, switch))
            if room > 0 and kind in TYPES:
                rows.append(
                    {
                        "InstanceType": kind,
                        "ZoneId": switch.zone,
                        "InstanceChargeType": group.charge_type,
                        "SpotStrategy": configuration.spot_strategy,
                        "Amount": room,
                    }
                )
                left -= room
    return rows


@action("ess", "ExecuteScalingRule")
def execute_rule(cloud: Cloud, call: Call) -> dict[str, Any]:
    rule = rule_by_ari(cloud, call.required("ScalingRuleAri"))
    if rule.type not in ("SimpleScalingRule", "StepScalingRule"):
        message = "Only simple and step scaling rules can be executed."
        raise CloudError("ScalingRule.InvalidScalingRuleType", message)
    return run_rule(cloud, rule, Origin(f'A user requests to execute scaling rule "{rule.id}"'))


def rule_by_ari(cloud: Cloud, ari: str) -> Rule:
    rule = next((rule for rule in cloud.rules if rule.ari == ari), None)
    if rule is None:
        raise not_found("ScalingRuleAri")
    return rule


def run_rule(cloud: Cloud, rule: Rule, origin: Origin) -> dict[str, Any]:
    """Do what a rule says; the same for people, alarms and scheduled tasks."""
    group = cloud.groups[rule.group_id]
    base = group.desired if group.desired is not None else capacity(cloud, group.id)
    return move_to(cloud, group, target(rule.adjustment_type, rule.adjustment, base), origin, sync=True)
