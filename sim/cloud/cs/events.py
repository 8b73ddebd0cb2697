"""Events and logs of the control plane, as the ACK console shows them."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.cs.clusters import cluster_of
from sim.cloud.names import to_local
from sim.cloud.state import Cloud, ClusterEvent
from sim.cloud.wire import Call


def tell(cloud: Cloud, cluster_id: str, kind: str, subject: str, message: str, level: str = "info") -> None:
    """Write down an event of a cluster; `kind` is as `nodePool_scale`, `node_remove`, `nodes_attach`."""
    event_id = f"E-{cloud.ids.hexadecimal(24)}"
    event = ClusterEvent(event_id, cluster_id, kind, subject, level, kind, message, cloud.now())
    cloud.events.add(event_id, event)


def _page(call: Call, rows: list[ClusterEvent]) -> dict[str, Any]:
    number, size = call.integer("page_number", 1), min(50, call.integer("page_size", 50))
    page = rows[(number - 1) * size : number * size]
    info = {"page_number": number, "page_size": size, "total_count": len(rows)}
    return {"events": [_event(event) for event in page], "page_info": info, "next_token": ""}


def _event(event: ClusterEvent) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "type": event.type,
        "source": "ack",
        "subject": event.subject,
        "time": to_local(event.at),
        "cluster_id": event.cluster_id,
        "data": {"level": event.level, "reason": event.reason, "message": event.message},
    }


@action("cs", "DescribeEvents", "GET", "/events")
def describe_events(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster, kind = call.text("cluster_id"), call.text("type")
    rows = [e for e in reversed(list(cloud.events)) if cluster in ("", e.cluster_id) and kind in ("", e.type)]
    return _page(call, rows)


@action("cs", "DescribeClusterEvents", "GET", "/clusters/{cluster_id}/events")
def describe_cluster_events(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster = cluster_of(cloud, call)
    return _page(call, [event for event in reversed(list(cloud.events)) if event.cluster_id == cluster.id])


@action("cs", "DescribeClusterLogs", "GET", "/clusters/{cluster_id}/logs")
def describe_logs(cloud: Cloud, call: Call) -> list[dict[str, Any]]:
    cluster = cluster_of(cloud, call)
    rows = [event for event in reversed(list(cloud.events)) if event.cluster_id == cluster.id]
    return [
        {
            "ID": index,
            "cluster_id": cluster.id,
            "cluster_log": event.message,
            "log_level": event.level,
            "created": to_local(event.at),
            "updated": to_local(event.at),
        }
        for index, event in enumerate(rows, 1)
    ]
