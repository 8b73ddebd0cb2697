"""Read everything once: what a command works on. Staying up to date is in session."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.clock import Clock
from core.cluster.intake import Intake
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.errors import SourceUnreachable
from core.kube import kinds
from core.views import sources
from core.views.status import Progress
from core.where import CloudNeed, Where, cloud, target
from core.where import history as history_choice

if TYPE_CHECKING:
    from core.feeds.cloud import CloudFeed

TellProgress = Callable[[Progress], None]
HISTORY_WITHIN = 180.0
"""Seconds that a command waits for days of usage, all queries together."""


@dataclass
class Reading:
    """One moment, where it came from, and notes about what is missing or was left aside."""

    snapshot: Snapshot
    context: str
    notes: list[str] = field(default_factory=list)


async def read(
    where: Where,
    clock: Clock | None = None,
    tell: TellProgress | None = None,
    cloud_need: CloudNeed | None = None,
    history: bool = False,
) -> Reading:
    """Read everything once, for a command. Raises VacancyError when there can be no answer.

    The cloud is asked only for a command that needs it, and only for that. So is Prometheus, where one is configured:
    with `history`."""
    if where.dump is not None:
        store, now, notes = await load_dump_aside(where.dump, tell)
        if history:
            notes += await _read_history(where, Intake(store), now, tell)
        return Reading(store.snapshot(now), where.dump, notes)
    return await _read_cluster(where, clock or Clock(), tell, cloud_need, history)


async def _read_history(where: Where, intake: Intake, at: float | None, tell: TellProgress | None) -> list[str]:
    """Days of usage up to a time (None: now); what is to be said about them. Raises InputError for bad settings."""
    from core.feeds.usage_history import open_feed

    feed = open_feed(history_choice(where), intake.store, intake)
    if feed is None:
        return []
    reading = asyncio.ensure_future(feed.read_once(at, HISTORY_WITHIN))
    try:
        while not (await asyncio.wait({reading}, timeout=0.2))[0]:
            if tell is not None:
                tell(Progress(f"asking {feed.place}", 0))
        reading.result()
    finally:
        reading.cancel()
        await feed.close()
    return sources.notes({feed.kind: intake.states[feed.kind]})


async def load_dump_aside(path: str, tell: TellProgress | None) -> tuple[Store, float, list[str]]:
    """`load_dump` in a thread, which stops at its next sign of progress when this is cancelled."""
    left = threading.Event()

    def check(progress: Progress) -> None:
        if left.is_set():
            raise InterruptedError("nobody waits for it any more")
        if tell is not None:
            tell(progress)

    try:
        return await asyncio.to_thread(load_dump, path, check)
    finally:
        left.set()


def load_dump(path: str, tell: TellProgress | None) -> tuple[Store, float, list[str]]:
    """A store filled from a dump, the time to judge it by, and notes about what was left aside."""
    from core.feeds import dump
    from core.policy import discover
    from core.session.own_policy import own_policy

    def say(file: str, done: int, total: int) -> None:
        if tell is not None:
            tell(Progress(f"reading {file}", done, total, in_bytes=True))

    found = dump.read(path, say)
    store = Store()
    for kind, obj in found.objects:
        store.upsert(kind, obj)
    policy = discover(store.snapshot(0.0), own_policy())
    for one in kinds.ALL:
        if one.name not in found.present and not policy.assume_complete:
            store.unavailable(one.name, "not in the dump")
    now = policy.now or dump.newest(found) or Clock().now()
    ignored = ", ".join(f"{count} {kind}" for kind, count in found.ignored.most_common(5))
    return store, now, [f"left aside, not of a kind that vacancy reads: {ignored}"] if ignored else []


async def _read_cluster(
    where: Where, clock: Clock, tell: TellProgress | None, cloud_need: CloudNeed | None, history: bool
) -> Reading:
    from core.clients.kubernetes import ApiError, connect
    from core.feeds.kubernetes import read_once
    from core.feeds.kubernetes.cluster import SERVED

    clients = await connect(target(where))
    intake = Intake(Store(), SERVED)
    feed = _cloud_feed(where, intake, clock) if cloud_need is not None else None
    loading = asyncio.ensure_future(read_once(clients.reader, intake, clock=clock))
    asking = asyncio.ensure_future(_ask_cloud(feed, cloud_need or "all", intake.store, loading))
    try:
        while not (await asyncio.wait({loading}, timeout=0.2))[0]:
            if tell and (progress := sources.loading_progress(intake.states)):
                tell(progress)
        loading.result()
        await asking
    except ApiError as error:  # whatever the server says instead of an answer: there is none
        raise SourceUnreachable(str(error)) from None
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await clients.close()
    if history:
        await _read_history(where, intake, None, tell)
    return Reading(intake.store.snapshot(clock.now()), clients.place.context, sources.notes(intake.states))


def _cloud_feed(where: Where, intake: Intake, clock: Clock) -> "CloudFeed | None":
    if not where.cloud:
        return None
    from core.feeds.cloud import CloudFeed

    return CloudFeed(cloud(where), intake.store, intake, clock)


async def _ask_cloud(feed: "CloudFeed | None", need: CloudNeed, store: Store, loading: "asyncio.Future[None]") -> None:
    """Read what is needed of the cloud as soon as the nodes are known, beside all else; then put it together."""
    if feed is None:
        return
    while not store.is_available("Node") and not (await asyncio.wait({loading}, timeout=0.02))[0]:
        pass
    await feed.read_once(need)
    await asyncio.wait({loading})
    await feed.settle()
