"""Events, as the detail views and the autoscaler's own words need them."""

import msgspec

from core.kube import timestamps
from core.kube.wire import Codec, Meta


class Event(msgspec.Struct, frozen=True, eq=False):
    key: str
    type: str
    reason: str
    message: str
    source: str
    count: int
    first: int | None
    last: int | None
    about_kind: str
    about: str
    """`namespace/name`, or the bare name for a cluster-wide object."""
    about_uid: str


class _Source(msgspec.Struct, gc=False):
    component: str | None = None


class _Series(msgspec.Struct, gc=False, rename="camel"):
    count: int | None = None
    last_observed_time: str | None = None


class _Reference(msgspec.Struct, gc=False):
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class _Wire(msgspec.Struct, gc=False, rename="camel"):
    metadata: Meta
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    source: _Source | None = None
    reporting_component: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: _Series | None = None
    involved_object: _Reference = msgspec.field(default_factory=_Reference)


def _build(wire: _Wire) -> Event:
    about, series = wire.involved_object, wire.series or _Series()
    last = series.last_observed_time or wire.last_timestamp or wire.event_time or wire.metadata.creation_timestamp
    where = f"{about.namespace}/{about.name}" if about.namespace and about.kind != "Node" else about.name or ""
    return Event(
        key=f"{wire.metadata.namespace or 'default'}/{wire.metadata.name}",
        type=wire.type or "",
        reason=wire.reason or "",
        message=wire.message or "",
        source=(wire.source.component if wire.source else None) or wire.reporting_component or "",
        count=series.count or wire.count or 1,
        first=timestamps.seconds(wire.first_timestamp or wire.event_time or wire.metadata.creation_timestamp),
        last=timestamps.seconds(last),
        about_kind=about.kind or "",
        about=where,
        about_uid=about.uid or "",
    )


codec: Codec[Event] = Codec("Event", _Wire, _build)
