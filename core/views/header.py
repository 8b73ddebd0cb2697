"""The header's content: cluster totals, and how the feeds are doing in a person's words. Drawing it is the screen's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.analysis.reservation import Figures
from core.cluster.cloud_kinds import READ
from core.feeds.sink import FeedState, Phase
from core.kube import kinds
from core.views.live import Moment
from core.views.status import Connection, Progress, Source, Status
from core.views.table import Bar

_NEEDED = tuple(kind.name for kind in kinds.ALL if kind.needed)
_METRICS = ("NodeMetrics", "PodMetrics")
_CLOUD = tuple(kind.name for kind in READ)
_CONNECTION = {
    Phase.CONNECTING: Connection.CONNECTING,
    Phase.LISTING: Connection.LIVE,
    Phase.LIVE: Connection.LIVE,
    Phase.RECONNECTING: Connection.RECONNECTING,
    Phase.UNREACHABLE: Connection.RECONNECTING,
    Phase.FORBIDDEN: Connection.OFF,
    Phase.ABSENT: Connection.OFF,
}
_WORST = (
    Connection.FAILED,
    Connection.RECONNECTING,
    Connection.OFF,
    Connection.CONNECTING,
    Connection.LIVE,
    Connection.STATIC,
)


@dataclass(frozen=True, slots=True)
class About:
    """What a source says about itself. `as_of` None: as of now."""

    context: str
    as_of: float | None
    sources: tuple[Source, ...]
    progress: Progress | None = None
    notice: str = ""


def header(moment: Moment, about: About, armed: bool) -> Status:
    """The header at this moment."""
    store, records = moment.store, moment.records.by_name
    total = moment.records.total.tally.figures()
    cpu, memory = total.get("cpu", Figures()), total.get("memory", Figures())
    pods = store.table("Pod").values() if store.is_available("Pod") else None
    known = bool(records) or store.is_available("Node")
    return Status(
        context=about.context,
        as_of=about.as_of if about.as_of is not None else moment.now,
        region=next((record.node.region for record in records.values() if record.node.region), ""),
        nodes=len(records) if known else None,
        pods=len(pods) if pods is not None else None,
        waiting=store.waiting if pods is not None else None,
        cpu=Bar(cpu.booked_share, cpu.used_share),
        memory=Bar(memory.booked_share, memory.used_share),
        read_only=not armed,
        sources=about.sources,
        progress=about.progress,
        notice=about.notice,
    )


def sources(states: Mapping[str, FeedState]) -> tuple[Source, ...]:
    """The feeds as sources: Kubernetes as a whole, then metrics, the cloud, and every other kind that is not well."""
    told = (*_NEEDED, *_METRICS, *_CLOUD)
    others = [name for name, state in states.items() if name not in told and state.cause]
    shown = (("kubernetes", _NEEDED), ("metrics", _METRICS), *((name, (name,)) for name in others))
    found = [_source(name, [states[kind] for kind in of if kind in states]) for name, of in shown]
    return (*found[:2], *_cloud({kind: states[kind] for kind in _CLOUD if kind in states}), *found[2:])


def _cloud(states: Mapping[str, FeedState]) -> Iterator[Source]:
    """The cloud as one source, once it is asked. What may not be read limits it; it is off when nothing may be."""
    off = [state for state in states.values() if _CONNECTION[state.phase] is Connection.OFF]
    known = [state for state in states.values() if state not in off and state.phase is not Phase.CONNECTING]
    if known:
        source = _source("cloud", known)
        limit = f"limited: {off[0].cause}" if off else ""
        yield Source(source.name, source.state, source.since, source.detail or limit)
    elif states:
        yield _source("cloud", off or list(states.values()))


def _source(name: str, states: list[FeedState]) -> Source:
    if not states:
        return Source(name, Connection.CONNECTING)
    worst = min(states, key=lambda state: _WORST.index(_CONNECTION[state.phase]))
    return Source(name, _CONNECTION[worst.phase], worst.since, worst.cause)


def loading_progress(states: Mapping[str, FeedState]) -> Progress | None:
    """How far the first load is: the objects read so far of the kinds that are being listed."""
    listing = {name: state for name, state in states.items() if state.phase is Phase.LISTING}
    if not listing:
        return None
    done = sum(state.done for state in listing.values())
    left = [state.remaining for state in listing.values()]
    total = done + sum(amount or 0 for amount in left) if all(amount is not None for amount in left) else None
    return Progress(f"reading {', '.join(kinds.BY_NAME[name].plural for name in listing)}", done, total)
