"""What the header line says: where we are, what is booked and used in total, and how fresh and whole the data is."""

from enum import StrEnum

import msgspec

from core.views.table import Bar


class Connection(StrEnum):
    """How a source of data is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    FAILED = "failed"
    """It won't come back without somebody's help; `detail` says what to do."""
    OFF = "off"
    """Not there or not allowed; the views that need it say so."""
    STATIC = "static"
    """Read from files: as old as the files are."""


class Source(msgspec.Struct, frozen=True):
    """One source of data: "kubernetes", "metrics", "ess"; `detail` is one line: what happened and what to do."""

    name: str
    state: Connection
    since: float | None = None
    """Unix seconds at which this state began."""
    detail: str = ""


class Progress(msgspec.Struct, frozen=True):
    """How far a first load is; `total` is None while nobody knows."""

    doing: str
    done: int
    total: int | None = None
    in_bytes: bool = False
    """`done` and `total` are bytes, else objects."""


class Status(msgspec.Struct, frozen=True, tag=True):
    """The header at one moment. None is "not known yet". The first source is the one that everything depends on."""

    context: str
    as_of: float | None = None
    """Unix seconds of the newest data."""
    region: str = ""
    nodes: int | None = None
    pods: int | None = None
    waiting: int | None = None
    cpu: Bar = Bar(None)
    memory: Bar = Bar(None)
    read_only: bool = True
    sources: tuple[Source, ...] = ()
    progress: Progress | None = None
    unfinished: int = 0
    """Actions on this cluster that were left in the middle."""
    notice: str = ""
    """One line that matters on every screen: the rule set, a limited permission."""
