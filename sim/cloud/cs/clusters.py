"""Clusters as the ACK API describes them, and their autoscaling settings."""

import json
from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError
from sim.cloud.names import to_local
from sim.cloud.state import Cloud, Cluster
from sim.cloud.wire import Call


def cluster_of(cloud: Cloud, call: Call) -> Cluster:
    """The cluster in a call's path; CloudError ErrorClusterNotFound."""
    cluster = cloud.clusters.get(call.path["cluster_id"])
    if cluster is None:
        raise CloudError("ErrorClusterNotFound", "The specified cluster does not exist.", 404)
    return cluster


def _page(call: Call, rows: list[Any], default: int = 10) -> tuple[dict[str, int], list[Any]]:
    number, size = call.integer("page_number", 1), min(100, call.integer("page_size", default))
    info = {"page_number": number, "page_size": size, "total_count": len(rows)}
    return info, rows[max(0, number - 1) * size : number * size]


@action("cs", "DescribeClustersForRegion", "GET", "/regions/{region_id}/clusters")
def describe_clusters_for_region(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted, name = call.text("cluster_id"), call.text("name")
    rows = [
        cluster
        for cluster in cloud.clusters
        if cluster.region == call.path["region_id"] and wanted in ("", cluster.id) and name in cluster.name
    ]
    info, page = _page(call, rows)
    return {"clusters": [_cluster(cloud, cluster) for cluster in page], "page_info": info}


@action("cs", "DescribeClustersV1", "GET", "/api/v1/clusters")
def describe_clusters(cloud: Cloud, call: Call) -> dict[str, Any]:
    info, page = _page(call, list(cloud.clusters))
    return {"clusters": [_cluster(cloud, cluster) for cluster in page], "page_info": info}


@action("cs", "DescribeClusterDetail", "GET", "/clusters/{cluster_id}")
def describe_cluster(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster = cluster_of(cloud, call)
    meta = {"Capabilities": {"Network": "terway-eniip"}, "Addons": [{"name": "cluster-autoscaler"}]}
    return {
        **_cluster(cloud, cluster),
        "master_url": "{}",
        "meta_data": json.dumps(meta),
        "parameters": {},
        "network_mode": "vpc",
        "private_zone": False,
        "zone_id": "",
        "worker_ram_role_name": "KubernetesWorkerRole",
        "maintenance_window": {"enable": False},
    }


def _cluster(cloud: Cloud, cluster: Cluster) -> dict[str, Any]:
    return {
        "cluster_id": cluster.id,
        "name": cluster.name,
        "region_id": cluster.region,
        "cluster_type": cluster.type,
        "cluster_spec": cluster.spec,
        "profile": cluster.profile,
        "state": cluster.state,
        "current_version": cluster.version,
        "init_version": cluster.version,
        "next_version": "",
        "size": sum(cloud.guest.node_name(machine.id) is not None for machine in cloud.instances),
        "vpc_id": cluster.vpc_id,
        "vswitch_ids": list(cluster.vswitch_ids),
        "security_group_id": cluster.security_group,
        "container_cidr": "",
        "service_cidr": "172.21.0.0/20",
        "ip_stack": "ipv4",
        "proxy_mode": "ipvs",
        "cluster_domain": "cluster.local",
        "deletion_protection": True,
        "timezone": "Asia/Shanghai",
        "resource_group_id": "",
        "tags": [{"key": key, "value": value} for key, value in cluster.tags],
        "created": to_local(cluster.created),
        "updated": to_local(cluster.created),
    }


@action("cs", "CreateAutoscalingConfig", "POST", "/cluster/{cluster_id}/autoscale/config/")
def create_autoscaling_config(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Replace the cluster's autoscaler settings; the world's autoscaler reads them."""
    cluster = cluster_of(cloud, call)
    if call.body.get("scaler_type", "goatscaler") not in ("goatscaler", "cluster-autoscaler"):
        raise CloudError("InvalidParameter", "scaler_type must be goatscaler or cluster-autoscaler.")
    cloud.revision.number += 1
    cloud.autoscaling[cluster.id] = dict(call.body)
    return {}
