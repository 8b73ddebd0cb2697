"""What comes in from Alibaba Cloud, all together: started when there are settings and the nodes are known, silent
when there is no cloud, and never waited for by anything else. Single products are in ess, ecs and ack."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.clients.alibaba import Connection, Reader, choose_region, find
from core.clock import Clock
from core.cluster.cloud_kinds import READ
from core.cluster.groups import CLUSTER_TAG
from core.errors import InputError
from core.feeds.ack import AckFeed
from core.feeds.cloud_around import CloudAround, CloudTiming, Holdings
from core.feeds.cloud_table import CloudTable
from core.feeds.ecs import EcsFeed
from core.feeds.ess import EssFeed
from core.feeds.groups import GroupKeeper
from core.feeds.sink import Sink
from core.kube.node import Node
from core.where import CloudNeed

RECHECK = 60.0
"""Seconds between two looks for settings that are not there."""
MOST_CREATIONS = 5
"""Calls that a command spends on the activities that machines came by."""
MOST_USER_DATA = 10
"""Attached machines whose userdata a command reads, one call each."""
NODES_COME = 0.25
"""Seconds between two looks whether the nodes, which tell the region and the cluster, have come."""
_OF_ALIBABA = ("ack.aliyun.com", "alibabacloud.com/nodepool-id", "node.alibabacloud.com/instance-charge-type")


@dataclass(frozen=True, slots=True)
class CloudChoice:
    """What a person said on the command line about the cloud."""

    profile: str = ""
    region: str = ""
    cluster: str = ""
    """The ACK cluster's id, where the nodes don't tell."""
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: Path = field(default_factory=Path.home)


class CloudFeed:
    """Runs until it is cancelled; `reader` is there once the cloud is."""

    def __init__(
        self,
        choice: CloudChoice,
        known: Holdings,
        sink: Sink,
        clock: Clock | None = None,
        timing: CloudTiming | None = None,
    ) -> None:
        self.reader: Reader | None = None
        self._choice, self._known, self._sink = choice, known, sink
        self._clock, self._timing = clock or Clock(), timing or CloudTiming()
        self._around: CloudAround | None = None
        self._keeper: GroupKeeper | None = None

    async def run(self) -> None:
        """Follow the cloud for ever, or find out again and again that there is none. Never ends by itself."""
        while True:
            try:
                await self._follow(await self._connection())
            except* Exception as errors:  # a mistake of ours takes the cloud's views along, not the others
                self._off(f"stopped: unexpected {type(errors.exceptions[0]).__name__}; please report it")
            await asyncio.sleep(RECHECK)

    async def _follow(self, connection: Connection) -> None:
        self.reader = Reader(connection)
        self._around = around = CloudAround(self.reader, self._sink, self._known, self._clock, self._timing)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(GroupKeeper(around).run(), name="groups")
                tasks.create_task(AckFeed(around, self.cluster).run(), name="ack")
                tasks.create_task(EssFeed(around).run(), name="ess")
                tasks.create_task(EcsFeed(around).run(), name="ecs")
        finally:
            connection.close()

    async def read_once(self, need: CloudNeed = "all") -> None:
        """Read once what a command needs, with the nodes known already. Trouble becomes a state; silent when there is
        no cloud. Call `settle` when everything else was read as well."""
        connection = self._open()
        if connection is None:
            return
        connection.expect_no_writes()
        self.reader = Reader(connection)
        around = CloudAround(self.reader, self._sink, self._known, self._clock, self._timing)
        try:
            await self._read_all(around, need)
        finally:
            connection.close()

    async def _read_all(self, around: CloudAround, need: CloudNeed) -> None:
        ess, ecs, ack = EssFeed(around), EcsFeed(around), AckFeed(around, self.cluster)
        self._keeper = keeper = GroupKeeper(around)
        await asyncio.gather(ess.read_once(templates=need != "origins"), ecs.read_once(), ack.read_once())
        await keeper.refresh()
        await ess.details.read_once(need)
        await ess.details.read_creations(MOST_CREATIONS)
        await ecs.read_once()  # members that are no nodes
        await ecs.read_more(need, MOST_USER_DATA)
        if need in ("groups", "all"):
            await ess.read_movers()
        await keeper.refresh()

    async def settle(self) -> None:
        """Put the groups together anew, if anything that they rest on has come since `read_once` began."""
        if self._keeper is not None:
            await self._keeper.refresh()

    def wake(self) -> None:
        """Ask again now (as when a person asks for it)."""
        if self._around is not None:
            self._around.outage.over()

    def cluster(self) -> str:
        """The ACK cluster's id; empty while nobody says it."""
        return cluster_of(self._choice, self._known.table("Node").values())

    async def _connection(self) -> Connection:
        """The connection, once there are settings and a region; until then the reason why not is the state."""
        while True:
            if self._known.table("Node") or self._choice.region:
                if (connection := self._open()) is not None:
                    return connection
                await asyncio.sleep(RECHECK)
            await asyncio.sleep(NODES_COME)

    def _open(self) -> Connection | None:
        nodes: list[Node] = list(self._known.table("Node").values())
        try:
            if (connection := open_connection(self._choice, nodes)) is not None:
                return connection
            cause = "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET, or a profile"
        except InputError as error:
            cause = str(error)
        if any(of_alibaba(node) for node in nodes):
            self._off(cause)
        return None

    def _off(self, cause: str) -> None:
        """The cluster's machines are in the cloud, but the cloud can't be asked."""
        for kind in READ:
            CloudTable(kind, self._sink, self._clock).off(cause)


def open_connection(choice: CloudChoice, nodes: Sequence[Node]) -> Connection | None:
    """A connection by what a person said and what the nodes say; None where there are no credentials, or no sign that
    these machines are Alibaba Cloud's. Raises InputError for settings that can't be read."""
    settings = find(choice.env, choice.home, choice.profile)
    if settings is None or not (choice.region or any(of_alibaba(node) for node in nodes)):
        return None
    region, _ = choose_region(choice.region, (node.region for node in nodes), settings)
    return Connection(settings, region, choice.env)


def cluster_of(choice: CloudChoice, nodes: Iterable[Node]) -> str:
    """The ACK cluster's id; empty where nobody says it."""
    return choice.cluster or next((found for node in nodes if (found := node.labels.get(CLUSTER_TAG))), "")


def of_alibaba(node: Node) -> bool:
    """Whether a node is a machine of Alibaba Cloud, as far as it says."""
    return bool(node.instance_id) or any(label in node.labels for label in _OF_ALIBABA)
