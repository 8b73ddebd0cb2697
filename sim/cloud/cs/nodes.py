"""Nodes of a cluster as the ACK API lists them, and the actions that remove them."""

import json
from typing import Any

from sim.cloud.actions import action
from sim.cloud.catalogue import TYPES
from sim.cloud.cs.clusters import cluster_of
from sim.cloud.cs.pools import pool_of
from sim.cloud.cs.removal import remove
from sim.cloud.errors import CloudError
from sim.cloud.names import to_local
from sim.cloud.state import Cloud, Instance
from sim.cloud.wire import Call

_SOURCES = {"AutoCreated": "ess", "Attached": "ess_attach", "Managed": "ess_attach"}


@action("cs", "DescribeClusterNodes", "GET", "/clusters/{cluster_id}/nodes")
def describe_nodes(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster_of(cloud, call)
    ids, pool, state = call.text("instanceIds"), call.text("nodepool_id"), call.text("state")
    wanted = [text for text in ids.split(",") if text]
    rows = [_node(cloud, machine) for machine in cloud.instances if _belongs(cloud, machine)]
    rows += [_external(name) for name in cloud.guest.external_nodes()]
    rows = [
        row
        for row in rows
        if (not wanted or row["instance_id"] in wanted)
        and pool in ("", row["nodepool_id"])
        and state in ("", "all", row["state"])
    ]
    number, size = call.integer("pageNumber", 1), min(100, call.integer("pageSize", 10))
    page = {"page_number": number, "page_size": size, "total_count": len(rows)}
    return {"nodes": rows[(number - 1) * size : number * size], "page": page}


def _belongs(cloud: Cloud, machine: Instance) -> bool:
    member = cloud.members.get(machine.id)
    in_pool = member is not None and cloud.pool_of(member.group_id) is not None
    return in_pool or cloud.guest.node_name(machine.id) is not None


def _node(cloud: Cloud, machine: Instance) -> dict[str, Any]:
    member, name = cloud.members.get(machine.id), cloud.guest.node_name(machine.id)
    pool = cloud.pool_of(member.group_id) if member else None
    ready = name is not None and cloud.guest.is_ready(machine.id)
    removing = member is not None and member.state.startswith("Removing")
    return {
        "instance_id": machine.id,
        "instance_name": machine.name,
        "host_name": machine.name,
        "node_name": name or "",
        "nodepool_id": pool.id if pool else "",
        "source": _SOURCES[member.creation] if member else "manual",
        "state": "removing" if removing else "running" if name else "initial",
        "node_status": ("Ready" if ready else "NotReady") if name else "Unknown",
        "instance_status": machine.status,
        "instance_role": "Worker",
        "instance_type": machine.type,
        "instance_type_family": TYPES[machine.type].family,
        "instance_charge_type": machine.charge_type,
        "spot_strategy": machine.spot_strategy,
        "image_id": machine.image_id,
        "ip_address": [machine.ip],
        "is_aliyun_node": True,
        "error_message": "",
        "creation_time": to_local(machine.created),
        "expired_time": to_local(machine.expires),
    }


def _external(name: str) -> dict[str, Any]:
    """A node of a registered cluster that is no machine of this account."""
    empty = dict.fromkeys(("instance_id", "instance_name", "nodepool_id", "instance_type", "instance_charge_type"), "")
    known = {"node_name": name, "host_name": name, "source": "manual", "state": "running", "node_status": "Ready"}
    return {**empty, **known, "instance_role": "Worker", "ip_address": [], "is_aliyun_node": False}


@action("cs", "RemoveNodePoolNodes", "DELETE", "/clusters/{cluster_id}/nodepools/{nodepool_id}/nodes")
def remove_pool_nodes(cloud: Cloud, call: Call) -> dict[str, Any]:
    pool = pool_of(cloud, call)
    ids = call.json_list("instance_ids") or _ids_of(cloud, call.json_list("nodes") or [])
    for instance_id in ids:
        member = cloud.members.get(instance_id)
        if member is None or member.group_id != pool.group_id:
            message = f"The instance {instance_id} is not in node pool {pool.id}."
            raise CloudError("InvalidParameter.InstanceIds", message)
    if not ids:
        raise CloudError("InvalidParameter.InstanceIds", "Neither instance_ids nor nodes were given.")
    drain, release = call.flag("drain_node"), call.flag("release_node")
    return {"task_id": remove(cloud, pool.cluster_id, ids, drain=drain, release=release)}


@action("cs", "DeleteClusterNodes", "POST", "/clusters/{cluster_id}/nodes")
def delete_nodes(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster, names = cluster_of(cloud, call), call.body.get("nodes") or []
    if not names or not isinstance(names, list):
        raise CloudError("InvalidParameter.Nodes", f"The nodes must be a list of names, not {json.dumps(names)[:80]}.")
    ids = _ids_of(cloud, names)
    drain, release = bool(call.body.get("drain_node")), bool(call.body.get("release_node"))
    task = remove(cloud, cluster.id, ids, drain=drain, release=release)
    return {"cluster_id": cluster.id, "task_id": task}


def _ids_of(cloud: Cloud, names: list[str]) -> list[str]:
    """Instance ids by node names; CloudError when the cluster has no such node."""
    known = {name: machine.id for machine in cloud.instances if (name := cloud.guest.node_name(machine.id))}
    missing = [name for name in names if name not in known]
    if missing:
        raise CloudError("ErrorNodeNotFound", f"The nodes {', '.join(missing)} are not in the cluster.", 404)
    return [known[name] for name in names]
