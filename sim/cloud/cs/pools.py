"""Node pools: describe, scale, modify. A pool owns a scaling group and changes it for its caller."""

from functools import partial
from typing import Any

from sim.cloud.actions import action
from sim.cloud.cs.clusters import cluster_of
from sim.cloud.cs.events import tell
from sim.cloud.cs.tasks import close_task, next_stage, note, open_task
from sim.cloud.errors import CloudError
from sim.cloud.ess.engine import Origin, capacity, check_ready, scale_in, scale_out
from sim.cloud.names import to_local
from sim.cloud.state import Activity, Cloud, NodePool, ScalingGroup
from sim.cloud.wire import Call

POLL, PATIENCE = 2.0, 900.0
"""Simulated seconds between two looks at a job, and until it is given up."""

_BY_ACK = Origin("ACK requests to scale the scaling group", ("APIs", "cs.aliyuncs.com"))


def pool_of(cloud: Cloud, call: Call) -> NodePool:
    """The node pool in a call's path; CloudError ErrorNodePoolNotFound."""
    cluster = cluster_of(cloud, call)
    pool = cloud.pools.get(call.path["nodepool_id"])
    if pool is None or pool.cluster_id != cluster.id:
        raise CloudError("ErrorNodePoolNotFound", "The specified node pool does not exist.", 404)
    return pool


def group_of(cloud: Cloud, pool: NodePool) -> ScalingGroup:
    """The pool's scaling group; CloudError when somebody deleted it by hand."""
    group = cloud.groups.get(pool.group_id)
    if group is None:
        message = f"Ess-inner: the specified scaling group {pool.group_id} does not exist."
        raise CloudError("InvalidScalingGroupId.NotFound", message)
    return group


@action("cs", "DescribeClusterNodePools", "GET", "/clusters/{cluster_id}/nodepools")
def describe_pools(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster, name = cluster_of(cloud, call), call.text("NodepoolName")
    rows = [pool for pool in cloud.pools if pool.cluster_id == cluster.id and name in pool.name]
    return {"nodepools": [_pool(cloud, pool) for pool in rows]}


@action("cs", "DescribeClusterNodePoolDetail", "GET", "/clusters/{cluster_id}/nodepools/{nodepool_id}")
def describe_pool(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _pool(cloud, pool_of(cloud, call))


def _pool(cloud: Cloud, pool: NodePool) -> dict[str, Any]:
    return {
        "nodepool_info": {
            "nodepool_id": pool.id,
            "name": pool.name,
            "type": "ess",
            "is_default": pool.is_default,
            "region_id": cloud.region,
            "resource_group_id": "",
            "created": to_local(pool.created),
            "updated": to_local(pool.updated),
        },
        "scaling_group": {**pool.scaling_group, "scaling_group_id": pool.group_id},
        "auto_scaling": pool.auto_scaling,
        "kubernetes_config": pool.kubernetes_config,
        "management": pool.management,
        "status": _status(cloud, pool),
        "tee_config": {"tee_enable": False},
        "interconnect_mode": "basic",
        "max_nodes": 0,
    }


def _status(cloud: Cloud, pool: NodePool) -> dict[str, Any]:
    members = cloud.members_of(pool.group_id)
    serving = [member for member in members if member.state in ("InService", "Protected", "Standby")]
    joined = [member for member in serving if cloud.guest.node_name(member.instance_id)]
    ready = sum(cloud.guest.is_ready(member.instance_id) for member in joined)
    removing = sum(member.state.startswith("Removing") for member in members)
    return {
        "state": pool.state,
        "total_nodes": len(members),
        "serving_nodes": len(joined),
        "healthy_nodes": ready,
        "failed_nodes": 0,
        "offline_nodes": len(joined) - ready,
        "initial_nodes": len(members) - len(joined) - removing,
        "removing_nodes": removing,
    }


@action("cs", "ScaleClusterNodePool", "POST", "/clusters/{cluster_id}/nodepools/{nodepool_id}")
def scale_pool(cloud: Cloud, call: Call) -> dict[str, Any]:
    pool = pool_of(cloud, call)
    count = call.body.get("count")
    if not isinstance(count, int) or not 0 < count <= 500:
        raise CloudError("InvalidParameter.Count", "The count must be between 1 and 500.")
    group = group_of(cloud, pool)
    return {"task_id": set_size(cloud, pool, _base(cloud, group) + count, pinned="desired_size" in pool.scaling_group)}


def _base(cloud: Cloud, group: ScalingGroup) -> int:
    return group.desired if group.desired is not None else capacity(cloud, group.id)


def set_size(cloud: Cloud, pool: NodePool, wanted: int, *, pinned: bool) -> str:
    """Move a pool to a size by a task whose id is the answer; `pinned` keeps the size as the pool's desired one. A size
    that the pool has already, not counting machines on their way out, starts nothing, so it may be set at any time."""
    group = group_of(cloud, pool)
    change = wanted - capacity(cloud, group.id)
    if change:
        check_ready(cloud, group)
    if not group.min_size <= wanted <= group.max_size:
        message = (
            f"The size {wanted} is not between {group.min_size} and {group.max_size}, the limits of the node pool."
        )
        raise CloudError("InvalidParameter.DesiredSize", message)
    if group.desired is not None:
        cloud.groups.change(group.id, desired=wanted)
    settings = {**pool.scaling_group, **({"desired_size": wanted} if pinned else {})}
    state = "scaling" if change else pool.state
    cloud.pools.change(pool.id, scaling_group=settings, state=state, updated=cloud.now())
    kind, stages = "nodepool_scale", ("scale the scaling group", "join the cluster")
    target = ("nodepool", pool.id)
    task = open_task(cloud, pool.cluster_id, kind, target, {"nodepool_id": pool.id, "desired_size": wanted}, *stages)
    tell(cloud, pool.cluster_id, "nodePool_scale", pool.name, f"Scale node pool {pool.name} to {wanted} nodes.")
    if change == 0:
        close_task(cloud, task.id, {})
        return task.id
    activity = scale_out(cloud, group, change, _BY_ACK) if change > 0 else scale_in(cloud, group, -change, _BY_ACK)
    cloud.agenda.after(POLL, partial(_follow, cloud, pool.id, task.id, activity.id))
    return task.id


def _follow(cloud: Cloud, pool_id: str, task_id: str, activity_id: str) -> None:
    """Look at a scaling job until its activity is over and its new machines are Ready nodes."""
    task, activity = cloud.tasks[task_id], cloud.activities[activity_id]
    late = cloud.now() - task.created > PATIENCE
    alive = [i for i in activity.created if i in cloud.instances]
    waiting = [i for i in alive if not cloud.guest.is_ready(i)]
    if activity.status == "InProgress" and not late:
        cloud.agenda.after(POLL, partial(_follow, cloud, pool_id, task_id, activity_id))
        return
    if waiting and not late:
        if task.stage == 0:
            next_stage(cloud, task_id)
            note(cloud, task_id, "Joining", f"{len(waiting)} instances are joining the cluster.")
        cloud.agenda.after(POLL, partial(_follow, cloud, pool_id, task_id, activity_id))
        return
    _end(cloud, pool_id, task_id, activity, waiting)


def _end(cloud: Cloud, pool_id: str, task_id: str, activity: Activity, waiting: list[str]) -> None:
    results = {i: "fail" if i in waiting else "success" for i in activity.created}
    error = (activity.errors[0][0], activity.errors[0][1]) if activity.errors else None
    if waiting and not error:
        error = ("NodeJoinTimeout", f"{len(waiting)} instances did not become Ready in time.")
    if error:
        note(cloud, task_id, error[0], error[1], "error")
    close_task(cloud, task_id, results, error)
    cloud.pools.change(pool_id, state="active", updated=cloud.now())


@action("cs", "ModifyClusterNodePool", "PUT", "/clusters/{cluster_id}/nodepools/{nodepool_id}")
def modify_pool(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Take over every key that is present: a list that is present and empty empties the setting, as in ACK."""
    pool, body = pool_of(cloud, call), call.body
    group = group_of(cloud, pool)
    desired = (body.get("scaling_group") or {}).get("desired_size")
    changed = {
        name: {**getattr(pool, name), **(body.get(name) or {})}
        for name in ("scaling_group", "auto_scaling", "kubernetes_config", "management")
    }
    _check_limits(cloud, group, changed["auto_scaling"])
    name = (body.get("nodepool_info") or {}).get("name") or pool.name
    pool = cloud.pools.change(pool.id, name=name, updated=cloud.now(), **changed)
    _carry_over(cloud, pool, group)
    task_id = set_size(cloud, pool, desired, pinned=True) if desired is not None else _done(cloud, pool)
    return {"nodepool_id": pool.id, "task_id": task_id}


def _check_limits(cloud: Cloud, group: ScalingGroup, settings: dict[str, Any]) -> None:
    if not settings.get("enable"):
        return
    low, high = settings.get("min_instances", 0), settings.get("max_instances", 0)
    if not 0 <= low <= high:
        raise CloudError("InvalidParameter.AutoScaling", "min_instances must be at most max_instances.")
    cloud.groups.change(group.id, min_size=low, max_size=high)


def _carry_over(cloud: Cloud, pool: NodePool, group: ScalingGroup) -> None:
    """Bring the pool's settings to the scaling configuration that new machines are made from."""
    settings = pool.scaling_group
    before = cloud.configurations[group.configuration_id]
    system = [(key, value) for key, value in before.tags if _is_system(key)]
    own = [(tag["key"], tag["value"]) for tag in settings.get("tags", ())]
    prices = tuple((row["instance_type"], float(row["price_limit"])) for row in settings.get("spot_price_limit", ()))
    cloud.configurations.change(
        before.id,
        tags=(*system, *own),
        spot_price_limits=prices,
        instance_types=tuple(settings.get("instance_types") or before.instance_types),
    )


def _is_system(key: str) -> bool:
    return key.startswith(("ack.", "k8s.io/", "k8s.aliyun.com", "acs:"))


def _done(cloud: Cloud, pool: NodePool) -> str:
    target = ("nodepool", pool.id)
    task = open_task(cloud, pool.cluster_id, "nodepool_update", target, {"nodepool_id": pool.id}, "update")
    close_task(cloud, task.id, {})
    return task.id


@action("cs", "RepairClusterNodePool", "POST", "/clusters/{cluster_id}/nodepools/{nodepool_id}/repair")
def repair_pool(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"task_id": _done(cloud, pool_of(cloud, call))}


@action("cs", "SyncClusterNodePool", "POST", "/clusters/{cluster_id}/sync_nodepools")
def sync_pools(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster_of(cloud, call)
    return {}
