"""How the sources of data are doing, in a person's words: the header's states, what is limited, a command's notes.
Totals and the rest of the header are in header."""

from collections.abc import Iterable, Iterator, Mapping

from core.cluster import usage_history
from core.cluster.cloud_kinds import READ
from core.feeds.sink import FeedState, Phase
from core.kube import kinds
from core.views.status import Connection, Progress, Source

_NEEDED = tuple(kind.name for kind in kinds.ALL if kind.needed)
_METRICS = ("NodeMetrics", "PodMetrics")
_ORDER = {name: index for index, name in enumerate(kinds.BY_NAME)}
_CLOUD = tuple(kind.name for kind in READ)
_HISTORY = usage_history.KIND.name
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

States = Mapping[str, FeedState]
"""Kind -> how its feed is doing."""


def sources(states: States) -> tuple[Source, ...]:
    """Kubernetes as a whole, then metrics, the cloud, and every other kind that is not well; those that may not be
    read, or are not there, are one source together."""
    told = (*_NEEDED, *_METRICS, *_CLOUD, _HISTORY)
    others = {kind: state for kind, state in _notable(states).items() if kind not in told and not state.holds}
    off = {kind: state for kind, state in others.items() if _CONNECTION[state.phase] is Connection.OFF}
    return (
        *_partial("kubernetes", _of(states, _NEEDED)),
        _source("metrics", list(_of(states, _METRICS).values())),
        *(_partial("cloud", cloud) if (cloud := _of(states, _CLOUD)) else ()),
        *(_source("prometheus", [state]) for state in _of(states, [_HISTORY]).values()),
        *(_source(_label(kind, states), [state]) for kind, state in others.items() if kind not in off),
        *_together(off),
    )


def _of(states: States, names: Iterable[str]) -> States:
    return {name: states[name] for name in names if name in states}


def _notable(states: States) -> States:
    """Those about which there is something to say. Whoever may not read an add-on can't tell whether it is there."""
    return {
        kind: state
        for kind, state in sorted(states.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER)))
        if state.cause and (state.holds or not _addon(kind))
    }


def _addon(kind: str) -> bool:
    return kind in kinds.BY_NAME and kinds.BY_NAME[kind].addon


def _partial(name: str, states: States) -> Iterator[Source]:
    """Several kinds as one source. What may not be read limits it; it is off when nothing may be."""
    off = [state for state in states.values() if _CONNECTION[state.phase] is Connection.OFF]
    known = [state for state in states.values() if state not in off and state.phase is not Phase.CONNECTING]
    if known and off:
        source = _source(name, known)
        yield Source(name, source.state, source.since, source.detail or f"limited: {off[0].cause}")
    else:
        yield _source(name, off or list(states.values()))


def _together(off: States) -> Iterator[Source]:
    if len(off) == 1:
        yield from (_source(kind, [state]) for kind, state in off.items())
    elif off:
        yield Source(f"{len(off)} kinds", Connection.OFF)


def _source(name: str, states: list[FeedState]) -> Source:
    if not states:
        return Source(name, Connection.CONNECTING)
    worst = min(states, key=lambda state: _WORST.index(_CONNECTION[state.phase]))
    return Source(name, _CONNECTION[worst.phase], worst.since, worst.cause)


def notes(states: States) -> list[str]:
    """What is wrong, limited or left out, a line each, the pressing first: a command prints them all."""
    limited = sorted({state.namespace for state in states.values() if state.namespace})
    return [
        *([f"limited: only namespace {', '.join(limited)} may be read"] if limited else []),
        *_causes({_label(kind, states): state for kind, state in _notable(states).items() if not state.namespace}),
        *(problem for state in states.values() for problem in state.problems),
    ]


def notice(states: States) -> str:
    """The same as one line, for every screen: of unreadable objects only the last, and no word about a cloud that is
    not there to be asked, for only some screens miss it."""
    states = {kind: one for kind, one in states.items() if kind not in _CLOUD or one.phase is not Phase.ABSENT}
    left_out = [problem for state in states.values() for problem in state.problems]
    words = notes(states)[: -len(left_out) or None]
    return "; ".join(words + ([f"{len(left_out)} unreadable: {left_out[-1]}"] if left_out else []))


def _label(kind: str, states: States) -> str:
    if kind in _CLOUD:
        denied = states[kind].phase is Phase.FORBIDDEN
        return "part of the cloud" if denied and any(one.holds for one in _of(states, _CLOUD).values()) else "cloud"
    return "prometheus" if kind == _HISTORY else kind


def _causes(states: States) -> Iterator[str]:
    """A line for each cause, and one for all that may not be read or is not there."""
    causes: dict[str, list[str]] = {}
    off = {kind: state for kind, state in states.items() if _CONNECTION[state.phase] is Connection.OFF}
    for kind, state in states.items():
        if kind not in off:
            causes.setdefault(state.cause, []).append(kind)
    for cause, names in causes.items():
        everything = any(name in _NEEDED for name in names)
        yield f"{'API server' if everything else ', '.join(names)}: {cause}"
    if off:
        yield f"{', '.join(off)} can't be read: {next(iter(off.values())).cause}"


def outdated_since(states: States) -> float | None:
    """Unix seconds since when something that everything depends on has not been heard of; None while all is well."""
    lost = [state.since for state in _of(states, _NEEDED).values() if state.phase is Phase.RECONNECTING]
    return min((since for since in lost if since is not None), default=None)


def loading_progress(states: States) -> Progress | None:
    """How far the first load is: the objects read so far of the kinds that are being listed."""
    listing = {name: state for name, state in states.items() if state.phase is Phase.LISTING}
    if not listing:
        return None
    done = sum(state.done for state in listing.values())
    left = [state.remaining for state in listing.values()]
    total = done + sum(amount or 0 for amount in left) if all(amount is not None for amount in left) else None
    return Progress(f"reading {', '.join(kinds.BY_NAME[name].plural for name in listing)}", done, total)
