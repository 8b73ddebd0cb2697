"""A live cluster written to a dump, for `vacancy record`. How, and what is masked, is in core.feeds."""

from dataclasses import dataclass

from core.errors import InputError
from core.session.reading import TellProgress
from core.views.status import Progress
from core.where import Where, target


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
        say = (lambda kind, done, total: tell(Progress(f"recording {kind}", done, total))) if tell else None
        done = await write_dump(clients.reader, path, progress=say)
    finally:
        await clients.close()
    notes = [f"{kind} is not in the dump: {why}" for kind, why in done.unavailable.items()]
    limited = sorted(set(done.namespaces.values()))
    if limited:
        notes.append(f"only namespace {', '.join(limited)} was read: {', '.join(done.namespaces)}")
    return Recording(done.counts, notes)
