"""What comes in from the ACK API: the cluster's node pools, and what it knows about each node. Only for clusters that
ACK knows."""

import asyncio
import time
from collections.abc import Callable

from core.clients.alibaba import NotFound
from core.cluster.cloud_kinds import CLUSTER_NODE, NODE_POOL
from core.feeds.cloud_around import CloudAround


class AckFeed:
    """Runs until it is cancelled. `cluster` tells the cluster's id once the nodes, or a flag, say it."""

    def __init__(self, around: CloudAround, cluster: Callable[[], str]) -> None:
        self._around, self._cs, self._cluster = around, around.reader.cs, cluster
        self._pools, self._nodes = around.table(NODE_POOL), around.table(CLUSTER_NODE)
        self._nodes_read = (-1, float("-inf"))  # the nodes' number, and when (monotonic)

    async def run(self) -> None:
        """Follow everything for ever."""
        around, timing = self._around, self._around.timing
        self._pools.connecting()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(around.every(timing.pools, self._pools, self.read_pools), name="ack pools")
            tasks.create_task(around.every(timing.pools, self._nodes, self.read_nodes), name="ack nodes")

    async def read_once(self) -> None:
        """Pools and nodes."""
        await self._around.once(self._pools, self.read_pools)
        await self._around.once(self._nodes, self.read_nodes)

    async def read_pools(self) -> None:
        """All node pools."""
        if (cluster := self._known_cluster(self._pools.off)) is None:
            return
        try:
            found = await self._cs.pools(cluster)
        except NotFound:
            self._pools.off(f"the ACK API knows no cluster {cluster} in {self._around.reader.region}")
            return
        self._pools.replace(found.items, found.problems)

    async def read_nodes(self) -> None:
        """All nodes, when their number has changed or what is known is old."""
        number, read_at = self._nodes_read
        nodes = len(self._around.known.table("Node"))
        if number == nodes and time.monotonic() - read_at < self._around.timing.details:
            return
        if (cluster := self._known_cluster(self._nodes.off)) is None:
            return
        try:
            found = await self._cs.nodes(cluster)
        except NotFound:
            self._nodes.off(f"the ACK API knows no cluster {cluster} in {self._around.reader.region}")
            return
        self._nodes.replace([node for node in found.items if node.key], found.problems)
        self._nodes_read = (nodes, time.monotonic())

    def _known_cluster(self, off: Callable[[str], None]) -> str | None:
        cluster = self._cluster()
        if not cluster:
            off("no ACK cluster: its nodes carry no label ack.aliyun.com, and --cluster-id was not given")
        return cluster or None
