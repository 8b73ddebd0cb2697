"""Scaling activities: how each went, newest first."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError, not_found
from sim.cloud.names import to_minute
from sim.cloud.state import Activity, Cloud
from sim.cloud.wire import Call, numbered_page


@action("ess", "DescribeScalingActivities")
def describe_activities(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids = call.items("ScalingActivityId", "ScalingActivityIds")
    group, status = call.text("ScalingGroupId"), call.text("StatusCode")
    if call.version == "2022-02-22" and bool(ids) == bool(group):
        message = "Specify either ScalingGroupId or ScalingActivityIds, and not both."
        raise CloudError("InvalidParameter.Conflict", message)
    rows = [
        activity
        for activity in reversed(list(cloud.activities))
        if (not group or activity.group_id == group)
        and (not ids or activity.id in ids)
        and (not status or activity.status == status)
    ]
    paging, page = numbered_page(call, rows)
    return {**paging, "ScalingActivities": [_activity(activity) for activity in page]}


def _activity(activity: Activity) -> dict[str, Any]:
    errors = [
        {"Code": code, "Message": message, "Description": message, "FailedInstanceIds": list(ids)}
        for code, message, ids in activity.errors
    ]
    first = activity.errors[0] if activity.errors else None
    return {
        "ScalingActivityId": activity.id,
        "ScalingGroupId": activity.group_id,
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "Description": activity.description,
        "Cause": activity.cause,
        "Progress": activity.progress,
        "StartTime": to_minute(activity.started),
        **({"EndTime": to_minute(activity.ended)} if activity.ended else {}),
        "ScalingInstanceNumber": activity.instance_number,
        "TotalCapacity": str(activity.total),
        "AutoCreatedCapacity": str(activity.auto_created),
        "AttachedCapacity": str(activity.attached),
        "CreatedCapacity": len(activity.created),
        "DestroyedCapacity": len(activity.destroyed),
        "CreatedInstances": list(activity.created),
        "DestroyedInstances": list(activity.destroyed),
        "TriggerSourceType": activity.trigger[0],
        "TriggerSourceId": activity.trigger[1],
        "ActivityMetadata": activity.metadata,
        "Detail": activity.detail,
        **({"ErrorCode": first[0], "ErrorMessage": first[1], "ErrorMessages": errors} if first else {}),
    }


@action("ess", "DescribeScalingActivityDetail")
def describe_detail(cloud: Cloud, call: Call) -> dict[str, Any]:
    activity = cloud.activities.get(call.required("ScalingActivityId"))
    if activity is None:
        raise not_found("ScalingActivityId")
    return {"ScalingActivityId": activity.id, "Detail": activity.detail or activity.message}
