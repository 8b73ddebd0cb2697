"""Node records, the views' raw material: from a snapshot all at once, from the living store one by one. What a record
says in cells is in nodes."""

from collections.abc import Mapping

from core.analysis import origin
from core.analysis.origin import Origin
from core.analysis.reservation import bookings, of_node
from core.cluster import membership
from core.cluster.booking import Booking
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.kube.metrics import NodeMetrics
from core.kube.node import Node, unread
from core.kube.own_kinds import NodeGroup
from core.views.nodes import NodeRecord


def record(
    node: Node,
    booking: Booking | None,
    metrics: NodeMetrics | None,
    group: NodeGroup | None,
    came: Origin,
    readable: bool = True,
) -> NodeRecord:
    """Everything about one node. `booking` None: its pods could not be read."""
    return NodeRecord(
        node=node,
        reservation=of_node(node, booking, metrics),
        pool=group.display_name if group is not None and group.display_name else node.pool,
        group=group.id if group is not None else "",
        origin=came.how.value,
        origin_evidence=came.because,
        readable=readable,
    )


def of_snapshot(snapshot: Snapshot) -> dict[str, NodeRecord]:
    """Node name -> record, in the nodes' order. Where nodes may not be read, those that pods are bound to."""
    booked = bookings(snapshot) if snapshot.has("Pod") else None
    metrics, groups = snapshot.table("NodeMetrics"), membership.of_nodes(snapshot.nodes, snapshot.groups.values())

    readable = snapshot.has("Node")
    found = snapshot.nodes if readable else {name: unread(name) for name in booked or ()}

    def of(name: str, node: Node) -> NodeRecord:
        booking = None if booked is None else booked.get(name, Booking())
        came = origin.of(node, snapshot.table)
        return record(node, booking, metrics.get(name), groups.get(name), came, readable)

    return {name: of(name, node) for name, node in found.items()}


def of_store(store: Store, name: str, groups: Mapping[str, NodeGroup], pods_known: bool) -> NodeRecord | None:
    """The record of one node as it is now; None when it is gone."""
    node = store.table("Node").get(name)
    booking = store.booking(name) if pods_known else None
    readable = node is not None or store.is_available("Node")
    if node is None:
        if readable or booking is None or not booking.pods:
            return None
        node = unread(name)
    metrics = store.table("NodeMetrics").get(name)
    return record(node, booking, metrics, groups.get(name), origin.of(node, store.table), readable)
