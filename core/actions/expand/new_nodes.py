"""Machines on their way to become nodes, many at once, as Kubernetes sees them. Found by provider ID; a node's name
tells nothing. One machine that is attached is looked for in joined."""

import asyncio
from collections.abc import Collection

from core.clients.kubernetes import Reader
from core.kube.kinds import BY_NAME
from core.kube.node import Node

POOL_LABEL = "alibabacloud.com/nodepool-id"


async def nodes_of(reader: Reader, instances: Collection[str], pool: str = "") -> dict[str, Node]:
    """Instance id -> its node, for those that have joined. `pool`: the node pool that all of them belong to, which
    spares the server all other nodes. Raises VacancyError."""
    if not instances:
        return {}
    kind = BY_NAME["Node"]
    selector = f"{POOL_LABEL}={pool}" if pool else None
    # version 0: what the server has at hand is new enough for somebody who looks again and again
    body = await reader.get(kind.list_path(), labelSelector=selector, resourceVersion="0")
    page = await asyncio.to_thread(kind.decode_page, body)
    wanted = frozenset(instances)
    return {node.instance_id: node for node in page.items if node.instance_id in wanted}
