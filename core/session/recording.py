"""A live cluster written to a dump, for `vacancy record`. How, and what is masked, is in core.feeds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.clock import Clock
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.errors import InputError
from core.kube.kinds import BY_NAME
from core.kube.own_kinds import NodeGroup
from core.session.reading import TellProgress
from core.views.status import Progress
from core.where import Where, cloud, target

if TYPE_CHECKING:
    from core.clients.kubernetes import Reader


@dataclass(frozen=True)
class Recording:
    """What was written: objects by kind, and notes about what is missing."""

    counts: dict[str, int]
    notes: list[str]


async def record(where: Where, path: str, tell: TellProgress | None = None) -> Recording:
    """Write the cluster to `path` (gzipped when it ends in .gz), complete or not at all. Raises VacancyError."""
    from core.clients.kubernetes import connect
    from core.feeds.record import record as write_dump

    if where.dump is not None:
        raise InputError(f"--from {where.dump}: record reads a cluster; leave --from out")
    clients = await connect(target(where))
    try:
        groups = await _groups(where, clients.reader) if where.cloud else []
        say = (lambda kind, done, total: tell(Progress(f"recording {kind}", done, total))) if tell else None
        done = await write_dump(clients.reader, path, progress=say, groups=groups)
    finally:
        await clients.close()
    notes = [f"{kind} is not in the dump: {why}" for kind, why in done.unavailable.items()]
    limited = sorted(set(done.namespaces.values()))
    if limited:
        notes.append(f"only namespace {', '.join(limited)} was read: {', '.join(done.namespaces)}")
    if not groups:
        notes.append("NodeGroup is not in the dump: no scaling groups are known; who could go can't be judged from it")
    return Recording(done.counts, notes)


async def _groups(where: Where, reader: "Reader") -> list[NodeGroup]:
    """The cloud's scaling groups; of the cluster only the nodes are read for them."""
    from core.feeds.cloud import CloudFeed
    from core.feeds.kubernetes import read_once

    intake, clock = Intake(Store(), (BY_NAME["Node"],)), Clock()
    await read_once(reader, intake, (BY_NAME["Node"],), clock)
    feed = CloudFeed(cloud(where), intake.store, intake, clock)
    await feed.read_once("plan")
    await feed.settle()
    return list(intake.store.snapshot(clock.now()).groups.values())
