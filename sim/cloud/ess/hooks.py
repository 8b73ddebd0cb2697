"""Lifecycle hooks and the actions that wait for somebody to answer them."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError, invalid, not_found
from sim.cloud.ess.groups import group_of
from sim.cloud.state import Cloud, Hook, HookAction
from sim.cloud.wire import Call, numbered_page, token_page

RESULTS = ("CONTINUE", "ABANDON", "ROLLBACK")


@action("ess", "DescribeLifecycleHooks")
def describe_hooks(cloud: Cloud, call: Call) -> dict[str, Any]:
    ids, group = call.items("LifecycleHookId", "LifecycleHookIds"), call.text("ScalingGroupId")
    name = call.text("LifecycleHookName")
    rows = [
        hook
        for hook in cloud.hooks
        if (not ids or hook.id in ids) and (not group or hook.group_id == group) and (not name or hook.name == name)
    ]
    paging, page = numbered_page(call, rows)
    return {**paging, "LifecycleHooks": [_hook(hook) for hook in page]}


def _hook(hook: Hook) -> dict[str, Any]:
    return {
        "LifecycleHookId": hook.id,
        "LifecycleHookName": hook.name,
        "ScalingGroupId": hook.group_id,
        "LifecycleTransition": hook.transition,
        "DefaultResult": hook.default_result,
        "HeartbeatTimeout": hook.timeout,
        "LifecycleHookStatus": hook.status,
        "NotificationArn": "",
        "NotificationMetadata": hook.metadata,
    }


@action("ess", "CreateLifecycleHook")
def create_hook(cloud: Cloud, call: Call) -> dict[str, Any]:
    group = group_of(cloud, call)
    transition = call.required("LifecycleTransition")
    if transition not in ("SCALE_OUT", "SCALE_IN"):
        raise invalid("LifecycleTransition")
    hook = Hook(
        id=cloud.ids.resource("ash", 13),
        group_id=group.id,
        name=call.text("LifecycleHookName") or f"hook-{len(cloud.hooks) + 1}",
        transition=transition,
        default_result=call.text("DefaultResult") or "CONTINUE",
        timeout=call.integer("HeartbeatTimeout", 600),
        metadata=call.text("NotificationMetadata"),
    )
    cloud.hooks.add(hook.id, hook)
    return {"LifecycleHookId": hook.id}


@action("ess", "DeleteLifecycleHook")
def delete_hook(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.required("LifecycleHookId") not in cloud.hooks:
        raise not_found("LifecycleHookId")
    cloud.hooks.drop(call.text("LifecycleHookId"))
    return {}


@action("ess", "DescribeLifecycleActions")
def describe_hook_actions(cloud: Cloud, call: Call) -> dict[str, Any]:
    activity, status = call.required("ScalingActivityId"), call.text("LifecycleActionStatus")
    rows = [row for row in cloud.hook_actions if row.activity_id == activity and (not status or row.status == status)]
    token, page = token_page(call, rows, 10, 50)
    actions = [
        {
            "LifecycleHookId": row.hook_id,
            "LifecycleActionToken": row.token,
            "LifecycleActionStatus": row.status,
            "LifecycleActionResult": row.result or cloud.hooks[row.hook_id].default_result,
            "InstanceIds": list(row.instance_ids),
        }
        for row in page
    ]
    return {"NextToken": token, "MaxResults": len(page), "TotalCount": len(rows), "LifecycleActions": actions}


def _pending(cloud: Cloud, token: str) -> HookAction:
    row = cloud.hook_actions.get(token)
    if row is None or row.status != "Pending":
        raise CloudError("InvalidLifecycleActionToken.NotFound", "The lifecycle action waits for no answer.", 404)
    return row


@action("ess", "CompleteLifecycleAction")
def complete(cloud: Cloud, call: Call) -> dict[str, Any]:
    row = _pending(cloud, call.required("LifecycleActionToken"))
    result = call.text("LifecycleActionResult") or cloud.hooks[row.hook_id].default_result
    if row.hook_id != call.required("LifecycleHookId") or result not in RESULTS:
        raise invalid("LifecycleActionResult", f"must be among {', '.join(RESULTS)}, for the hook of the action")
    cloud.hook_actions.change(row.token, status="Answered", result=result)
    return {}


@action("ess", "RecordLifecycleActionHeartbeat")
def heartbeat(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The one action whose parameters start with a small letter on the wire."""
    row = _pending(cloud, call.required("lifecycleActionToken"))
    cloud.hook_actions.change(row.token, deadline=cloud.now() + call.integer("heartbeatTimeout", 600))
    return {}
