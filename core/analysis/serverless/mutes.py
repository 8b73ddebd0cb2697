"""Owners whose pods on ECI nobody needs to be told about for a while: a mute with a reason, on the owner itself.
Writing it is in core/actions."""

from dataclasses import dataclass

import msgspec

from core.analysis.applications import Application
from core.cluster.snapshot import Snapshot
from core.kube import timestamps

MUTE = "vacancy/eci-mute"
"""Annotation of an owner of pods: a JSON object of `until` (RFC 3339), `reason` and `by`."""
LONGEST = 200
"""Characters of a reason that are shown."""


class _Wire(msgspec.Struct):
    until: str = ""
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Mute:
    """`until` is in seconds since the epoch."""

    until: int
    reason: str
    by: str


def parse(text: str | None) -> Mute | None:
    """The mute that an annotation holds; None for none, and for what can't be read."""
    if not text:
        return None
    try:
        wire = msgspec.json.decode(text, type=_Wire)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    until = timestamps.seconds(wire.until)
    return None if until is None else Mute(until, wire.reason[:LONGEST], wire.by[:LONGEST])


def written(mute: Mute) -> str:
    """The annotation's text."""
    return msgspec.json.encode(_Wire(timestamps.utc(mute.until), mute.reason, mute.by)).decode()


class Mutes:
    """The mutes of one snapshot that hold at its moment."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def of(self, application: Application) -> Mute | None:
        """The mute that holds now; None where there is none, or its time is over."""
        snapshot = self._snapshot
        found = (
            snapshot.pods.get(application.key)
            if application.kind == "Pod"
            else snapshot.table(application.kind).get(application.key)
        )
        mute = parse(getattr(found, "annotations", {}).get(MUTE))
        return mute if mute is not None and mute.until > snapshot.as_of else None
