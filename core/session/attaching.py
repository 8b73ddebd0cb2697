"""Machines that could become nodes, asked of ECS: once for a command, now and then for a screen. Which of them are fit
is judged in core/analysis/attachable; attaching one is an action like any other."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.actions.cloud import Cloud, needed
from core.analysis import attachable
from core.analysis.attachable import Around, Candidate
from core.clients.alibaba import CloudError
from core.cluster.cloud import Instance
from core.cluster.snapshot import Snapshot
from core.errors import SourceUnreachable, VacancyError
from core.session.cloud_door import open_cloud
from core.session.reading import TellProgress, read
from core.views import machines as view
from core.views.link import Failure, Update
from core.views.live import Moment
from core.views.table import ViewKey
from core.where import Where

RE_READ, SLOWER = 15.0, 60.0
"""Seconds between two looks at the machines of the VPC, and after the cloud has failed."""
NOT_YET, PATIENCE = 1.0, 15.0
"""Seconds between two looks whether the session has found the cloud and the cluster's VPC, and until that is said."""


@dataclass
class Found:
    """The candidates of one moment. `notes`: what limits the answer."""

    context: str
    as_of: float
    candidates: list[Candidate]
    notes: list[str] = field(default_factory=list)
    unavailable: tuple[str, ...] = ()


async def machines(where: Where, tell: TellProgress | None = None) -> Found:
    """All machines of the cluster's VPC that are no nodes of it. Raises VacancyError when nobody can tell."""
    reading = await read(where, tell=tell, cloud_need="origins" if where.cloud else None)
    snapshot = reading.snapshot
    cloud = needed(open_cloud(where, snapshot.nodes.values()) if where.cloud else None)
    try:
        here = attachable.around(snapshot, cloud.cluster)
        asked, problems = await ask(cloud, here)
    finally:
        cloud.reader.connection.close()
    notes = [*reading.notes, *problems]
    found = attachable.candidates(asked, here)
    return Found(reading.context, snapshot.as_of, found, notes, tuple(snapshot.unavailable))


async def ask(cloud: Cloud, here: Around) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """The machines of the cluster's VPC, and a line for each that could not be read."""
    if not here.vpc:
        raise SourceUnreachable("the cluster's VPC is not known: no machine of a node, and no group, could be read")
    found = await cloud.reader.ecs.instances_in(here.vpc)
    return found.items, found.problems


class MachinesProducer:
    """The Machines table, for one group or for none, read again as long as somebody looks."""

    def __init__(self, key: ViewKey, cloud: Callable[[], Cloud | None]) -> None:
        self._key, self._cloud = key, cloud
        self._task: asyncio.Task[list[Candidate]] | None = None
        self._next = self._since = 0.0
        self._number = 0

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        """What was found out, and a new question when it is time."""
        self._since = self._since or moment.now
        if self._task is not None and self._task.done():
            yield self._update(moment, self._task)
            self._task = None
        elif self._task is None and moment.now >= self._next:
            self._next = moment.now + RE_READ
            self._task = asyncio.ensure_future(self._read(moment.store.snapshot(moment.now)))

    async def _read(self, snapshot: Snapshot) -> list[Candidate]:
        """With what takes long in a large cluster off the loop."""
        cloud = needed(self._cloud())
        here = await asyncio.to_thread(attachable.around, snapshot, cloud.cluster)
        asked, _ = await ask(cloud, here)
        return await asyncio.to_thread(attachable.candidates, asked, here)

    def _update(self, moment: Moment, done: "asyncio.Task[list[Candidate]]") -> Update | None:
        try:
            found = done.result()
        except CloudError as error:
            self._next = moment.now + SLOWER
            return Failure(self._key, str(error))
        except VacancyError as error:
            self._next = moment.now + NOT_YET
            return Failure(self._key, str(error)) if moment.now - self._since > PATIENCE else None
        self._number += 1
        return view.view(found, moment.now, self._number, self._key)
