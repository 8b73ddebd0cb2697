"""Kinds that are kept as they come, a plain document beside their metadata: few objects, read by one audit each
(autoscalers of pods, OpenKruise and ACK custom resources, configuration)."""

from typing import Any

import msgspec

from core.kube import owner, timestamps
from core.kube.interning import Shared
from core.kube.namespaced import Namespaced
from core.kube.owner import Owner
from core.kube.wire import Codec, Meta, all_annotations, labels

Document = dict[str, Any]


class Generic(Namespaced, msgspec.Struct, frozen=True, eq=False):
    """`spec`, `status` and `data` as plain JSON."""

    kind: str
    key: str
    uid: str
    labels: Shared
    annotations: dict[str, str]
    owner: Owner | None
    created: int | None
    spec: Document
    status: Document
    data: dict[str, str]


class _Wire(msgspec.Struct, gc=False):
    metadata: Meta
    spec: Document | None = None
    status: Document | None = None
    data: dict[str, str] | None = None


def _build(kind: str, wire: _Wire) -> Generic:
    meta = wire.metadata
    return Generic(
        kind=kind,
        key=meta.key,
        uid=meta.uid or "",
        labels=labels(meta.labels),
        annotations=all_annotations(meta.annotations),
        owner=owner.from_raw(bytes(meta.owner_references)),
        created=timestamps.seconds(meta.creation_timestamp),
        spec=wire.spec or {},
        status=wire.status or {},
        data=wire.data or {},
    )


def codec(kind: str) -> Codec[Generic]:
    """The codec of one such kind."""
    return Codec(kind, _Wire, lambda wire: _build(kind, wire))
