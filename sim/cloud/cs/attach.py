"""Bringing existing machines in: the script for doing it by hand, and the automatic way on a new system disk."""

from functools import partial
from typing import Any

from sim.cloud.actions import action
from sim.cloud.cs.clusters import cluster_of
from sim.cloud.cs.events import tell
from sim.cloud.cs.pools import PATIENCE, POLL, group_of, pool_of
from sim.cloud.cs.tasks import close_task, next_stage, note, open_task
from sim.cloud.ecs.power import SECONDS, later
from sim.cloud.errors import CloudError
from sim.cloud.ess.engine import Origin, attach, capacity, running
from sim.cloud.state import Cloud, Cluster, NodePool
from sim.cloud.wire import Call

_BY_ACK = Origin("ACK requests to attach instances to the scaling group", ("APIs", "cs.aliyuncs.com"))
SCRIPT = "attach_node.sh"


@action("cs", "DescribeClusterAttachScripts", "POST", "/clusters/{cluster_id}/attachscript")
def describe_script(cloud: Cloud, call: Call) -> str:
    """The one command to run on a machine; the answer's body is a bare JSON string."""
    cluster = cluster_of(cloud, call)
    pool_id = str(call.body.get("nodepool_id") or _default_pool(cloud, cluster).id)
    if pool_id not in cloud.pools:
        raise CloudError("ErrorNodePoolNotFound", "The specified node pool does not exist.", 404)
    token = cloud.ids.token()
    expires = float(call.body.get("expired") or cloud.now() + 3600)
    cloud.join_tokens[token] = (pool_id, expires)
    cloud.revision.number += 1
    base = f"http://aliacs-k8s-{cloud.region}.oss-{cloud.region}-internal.aliyuncs.com/public/pkg/run/attach"
    version = cluster.version.split("-")[0]
    return f"curl {base}/{version}/{SCRIPT} | bash -s -- --openapi-token {token} --nodepool-id {pool_id}\r\n"


def _default_pool(cloud: Cloud, cluster: Cluster) -> NodePool:
    pools = [pool for pool in cloud.pools if pool.cluster_id == cluster.id]
    return next((pool for pool in pools if pool.is_default), pools[0])


@action("cs", "AttachInstancesToNodePool", "POST", "/clusters/{cluster_id}/nodepools/{nodepool_id}/attach")
def attach_to_pool(cloud: Cloud, call: Call) -> dict[str, Any]:
    pool, ids = pool_of(cloud, call), _instances(call)
    for instance_id in ids:
        problem = _problem(cloud, pool, instance_id)
        if problem:
            raise CloudError("InvalidParameter.Instances", problem)
    return {"task_id": _begin(cloud, pool, ids)}


@action("cs", "AttachInstances", "POST", "/clusters/{cluster_id}/attach")
def attach_instances(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The older form: a result for each machine, and a task for those that can come."""
    cluster, ids = cluster_of(cloud, call), _instances(call)
    pool = cloud.pools.get(str(call.body.get("nodepool_id") or "")) or _default_pool(cloud, cluster)
    clash = {"cpu_policy", "image_id", "runtime", "tags", "user_data", "key_pair"} & {
        k for k, v in call.body.items() if v
    }
    if call.body.get("nodepool_id") and clash:
        message = f"{', '.join(sorted(clash))} cannot be set together with nodepool_id."
        raise CloudError("InvalidParameter", message)
    problems = {instance_id: _problem(cloud, pool, instance_id) for instance_id in ids}
    good = [instance_id for instance_id, problem in problems.items() if not problem]
    rows = [
        {"code": "400" if problem else "200", "instanceId": instance_id, "message": problem or "successful"}
        for instance_id, problem in problems.items()
    ]
    return {"list": rows, "task_id": _begin(cloud, pool, good) if good else ""}


def _instances(call: Call) -> list[str]:
    ids = call.body.get("instances")
    if not isinstance(ids, list) or not ids:
        raise CloudError("InvalidParameter.Instances", "The instances must be a list of instance ids.")
    return [str(instance_id) for instance_id in ids]


def _problem(cloud: Cloud, pool: NodePool, instance_id: str) -> str:
    """Why a machine cannot come, or "" when it can."""
    machine, cluster = cloud.instances.get(instance_id), cloud.clusters[pool.cluster_id]
    group = group_of(cloud, pool)
    if machine is None:
        return f"The instance {instance_id} does not exist."
    if machine.vpc_id != cluster.vpc_id:
        return f"The instance {instance_id} is not in the VPC of the cluster."
    if instance_id in cloud.members:
        return f"The instance {instance_id} is in a scaling group already."
    if cloud.guest.node_name(instance_id) is not None:
        return f"The instance {instance_id} is a node of a cluster already."
    if machine.status not in ("Running", "Stopped"):
        return f"The instance {instance_id} is {machine.status}."
    if capacity(cloud, group.id) >= group.max_size:
        return f"The node pool is at its maximum of {group.max_size} nodes."
    return ""


def _begin(cloud: Cloud, pool: NodePool, ids: list[str]) -> str:
    stages = ("reinitialize", "attach to scaling group", "join the cluster")
    parameters = {"instances": ids, "nodepool_id": pool.id}
    task = open_task(cloud, pool.cluster_id, "attach_nodes", ("nodepool", pool.id), parameters, *stages)
    tell(cloud, pool.cluster_id, "nodes_attach", ",".join(ids), f"Attach {len(ids)} instances to {pool.name}.")
    for instance_id in ids:
        cloud.instances.change(instance_id, status="Stopping")
        later(cloud, instance_id, status="Stopped")
    cloud.agenda.after(SECONDS + 1, partial(_reinitialize, cloud, task.id))
    return task.id


def _reinitialize(cloud: Cloud, task_id: str) -> None:
    """A new system disk and the pool's userdata, then start: this is where everything on the old disk is lost."""
    task = cloud.tasks[task_id]
    pool = cloud.pools[task.parameters["nodepool_id"]]
    configuration = cloud.configurations[group_of(cloud, pool).configuration_id]
    for instance_id in task.parameters["instances"]:
        fields = {"disk_id": cloud.ids.resource("d"), "image_id": configuration.image_id, "status": "Starting"}
        if instance_id in cloud.instances:
            cloud.instances.change(instance_id, first_boot=True, user_data=configuration.user_data, **fields)
            later(cloud, instance_id, status="Running")
    note(cloud, task_id, "SystemDiskReplaced", "The system disks are replaced.")
    next_stage(cloud, task_id)
    cloud.agenda.after(SECONDS + 1, partial(_enlist, cloud, task_id))


def _enlist(cloud: Cloud, task_id: str) -> None:
    task = cloud.tasks[task_id]
    pool = cloud.pools[task.parameters["nodepool_id"]]
    group = group_of(cloud, pool)
    if running(cloud, group.id):
        cloud.agenda.after(POLL, partial(_enlist, cloud, task_id))
        return
    ids = [i for i in task.parameters["instances"] if i in cloud.instances]
    if group.desired is not None:
        cloud.groups.change(group.id, desired=min(group.max_size, capacity(cloud, group.id) + len(ids)))
    if pool.scaling_group.get("desired_size") is not None:
        settings = {**pool.scaling_group, "desired_size": cloud.groups[group.id].desired}
        cloud.pools.change(pool.id, scaling_group=settings)
    attach(cloud, group, ids, _BY_ACK, entrusted=False)
    next_stage(cloud, task_id)
    cloud.agenda.after(POLL, partial(_follow, cloud, task_id))


def _follow(cloud: Cloud, task_id: str) -> None:
    task = cloud.tasks[task_id]
    ids = task.parameters["instances"]
    waiting = [i for i in ids if i not in cloud.instances or not cloud.guest.is_ready(i)]
    if waiting and cloud.now() - task.created < PATIENCE:
        cloud.agenda.after(POLL, partial(_follow, cloud, task_id))
        return
    error = ("NodeJoinTimeout", f"{len(waiting)} instances did not become Ready in time.") if waiting else None
    close_task(cloud, task_id, {i: "fail" if i in waiting else "success" for i in ids}, error)
