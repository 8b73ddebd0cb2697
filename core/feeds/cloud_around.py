"""What the cloud's feeds share: the reader, the sink and what it holds, the clock, the periods."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.clients.alibaba import CloudError, Denied, Reader
from core.clock import Clock
from core.feeds.cloud_table import CloudTable
from core.feeds.patience import Outage
from core.feeds.sink import Sink
from core.kube.kinds import Kind


class Holdings(Protocol):
    """What the sink has made of it: `core.cluster.store.Store`."""

    def table(self, kind: str) -> Mapping[str, Any]:
        """Key -> object."""

    def version(self, *kinds: str) -> int:
        """Grows with every change of these kinds."""

    def is_available(self, kind: str) -> bool:
        """Whether the kind was read."""


@dataclass(frozen=True, slots=True)
class CloudTiming:
    """The periods of the cloud's feeds, in seconds."""

    groups: float = 12.0
    """Between two readings of all scaling groups: two calls for 100 of them."""
    pools: float = 60.0
    details: float = 3600.0
    """Members, configurations, machines: read again when something says that they changed, and this often anyway."""
    movers: float = 600.0
    """Rules, scheduled tasks and alarms."""
    activities: float = 300.0
    """The activities of a group in which nothing moves."""
    look: float = 2.0
    """How often it is looked whether something is due: new nodes, changed groups."""
    trouble: float = 15.0
    """After a failure; the calls themselves were tried several times by then."""
    denied: float = 300.0
    """After RAM said no."""


@dataclass(frozen=True, slots=True)
class CloudAround:
    reader: Reader
    sink: Sink
    known: Holdings
    clock: Clock = field(default_factory=Clock)
    timing: CloudTiming = field(default_factory=CloudTiming)
    outage: Outage = field(default_factory=Outage)
    related: set[str] = field(default_factory=set)
    """Ids of the scaling groups of this cluster, kept by core/feeds/groups: only they are read in detail."""
    sorted_out: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when `related` was worked out for the first time."""

    def table(self, kind: Kind) -> CloudTable:
        return CloudTable(kind, self.sink, self.clock)

    def pause(self, error: CloudError) -> float:
        """Seconds to wait after a failure."""
        return error.retry_after or (self.timing.denied if isinstance(error, Denied) else self.timing.trouble)

    async def once(self, table: CloudTable, read: Callable[[], Awaitable[None]]) -> None:
        """Read a table; trouble becomes its state."""
        try:
            await read()
        except CloudError as error:
            table.failed(error)

    async def every(self, period: float, table: CloudTable, read: Callable[[], Awaitable[None]]) -> None:
        """Read a table again and again, for ever; every trouble becomes its state."""
        while True:
            pause = period
            try:
                await read()
            except CloudError as error:
                table.failed(error)
                pause = self.pause(error)
            await self.outage.sleep(pause * random.uniform(0.95, 1.05))
