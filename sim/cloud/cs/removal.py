"""The job that takes nodes out of a cluster: drain, leave, give the machine back or keep it."""

from functools import partial

from sim.cloud.cs.events import tell
from sim.cloud.cs.pools import PATIENCE, POLL
from sim.cloud.cs.tasks import close_task, next_stage, note, open_task
from sim.cloud.ecs import machines
from sim.cloud.ess.engine import Origin, leave, running
from sim.cloud.state import Cloud, Member, NodePool, Task

_BY_ACK = Origin("ACK requests to remove instances from the scaling group", ("APIs", "cs.aliyuncs.com"))


def remove(cloud: Cloud, cluster_id: str, ids: list[str], *, drain: bool, release: bool) -> str:
    """Start to remove these machines' nodes; the task id."""
    parameters = {"instance_ids": ids, "drain_node": drain, "release_node": release}
    stages = ("drain", "remove from cluster", "remove from scaling group")
    task = open_task(cloud, cluster_id, "remove_nodes", ("cluster", cluster_id), parameters, *stages)
    tell(cloud, cluster_id, "node_remove", ",".join(ids), f"Remove {len(ids)} nodes, release: {release}.")
    for pool in [pool for i in ids if (pool := _pool_of(cloud, i)) is not None]:
        cloud.pools.change(pool.id, state="removing")
    cloud.agenda.after(POLL, partial(_drain if drain else _unjoin, cloud, task.id))
    return task.id


def _ids(task: Task) -> list[str]:
    return list(task.parameters["instance_ids"])


def _pool_of(cloud: Cloud, instance_id: str) -> NodePool | None:
    member = cloud.members.get(instance_id)
    return cloud.pool_of(member.group_id) if member else None


def _drain(cloud: Cloud, task_id: str) -> None:
    task = cloud.tasks[task_id]
    stuck = [i for i in _ids(task) if not cloud.guest.drain(i)]
    if not stuck:
        next_stage(cloud, task_id)
        _unjoin(cloud, task_id)
    elif cloud.now() - task.created < PATIENCE:
        cloud.agenda.after(POLL, partial(_drain, cloud, task_id))
    else:
        message = f"The nodes of {', '.join(stuck)} could not be drained in time."
        note(cloud, task_id, "DrainNodeFailed", message, "error")
        _close(cloud, task, dict.fromkeys(_ids(task), "fail"), ("DrainNodeFailed", message))


def _unjoin(cloud: Cloud, task_id: str) -> None:
    task = cloud.tasks[task_id]
    for instance_id in _ids(task):
        cloud.guest.leave(instance_id)
    next_stage(cloud, task_id)
    note(cloud, task_id, "NodeRemoved", f"{len(_ids(task))} nodes left the cluster.")
    _hand_back(cloud, task_id)


def _hand_back(cloud: Cloud, task_id: str) -> None:
    """Take the machines out of their groups, one group at a time, as soon as nothing else runs there."""
    task = cloud.tasks[task_id]
    members = [member for i in _ids(task) if (member := cloud.members.get(i)) is not None]
    still = [member for member in members if not member.state.startswith("Removing")]
    for group_id in dict.fromkeys(member.group_id for member in still):
        if running(cloud, group_id) is None:
            _leave_group(cloud, task, [member for member in still if member.group_id == group_id])
    if members:
        cloud.agenda.after(POLL, partial(_hand_back, cloud, task_id))
        return
    _release_loose(cloud, task)
    _close(cloud, task, dict.fromkeys(_ids(task), "success"))


def _leave_group(cloud: Cloud, task: Task, members: list[Member]) -> None:
    """A pool with an expected number of nodes keeps it, and so buys a new machine for each that goes."""
    release = bool(task.parameters["release_node"])
    group = cloud.groups[members[0].group_id]
    pool = cloud.pool_of(group.id)
    pinned = pool is not None and pool.scaling_group.get("desired_size") is not None
    if group.desired is not None and not pinned:
        cloud.groups.change(group.id, desired=max(group.min_size, group.desired - len(members)))
    ids = [member.instance_id for member in members]
    for instance_id in ids:
        cloud.members.change(instance_id, entrusted=release)
    leave(cloud, group, ids, _BY_ACK, release=release)


def _release_loose(cloud: Cloud, task: Task) -> None:
    """Machines that were in no group: released only if asked for, and never subscription ones."""
    for instance_id in _ids(task):
        machine = cloud.instances.get(instance_id)
        asked = bool(task.parameters["release_node"])
        if machine and asked and machine.charge_type == "PostPaid" and machine.status != "Stopping":
            machines.release(cloud, instance_id, "release")


def _close(cloud: Cloud, task: Task, results: dict[str, str], error: tuple[str, str] | None = None) -> None:
    close_task(cloud, task.id, results, error)
    for pool in cloud.pools:
        if pool.cluster_id == task.cluster_id and pool.state == "removing":
            cloud.pools.change(pool.id, state="active", updated=cloud.now())
