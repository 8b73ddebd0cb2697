"""What all feeds of one API server share: the reader, the sink, the clock, the periods, and what they know of
outages."""

from dataclasses import dataclass, field

from core.clients.kubernetes import Reader
from core.clock import Clock
from core.feeds.patience import FIRST_DELAY, LONGEST_DELAY, Outage
from core.feeds.sink import Sink


@dataclass(frozen=True, slots=True)
class Timing:
    """The periods of the feeds, in seconds."""

    idle: float = 75.0
    """A watch silent for longer is replaced. An API server sends a bookmark about every 60 s."""
    lifetime: tuple[int, int] = (300, 600)
    """Somewhere in between the server ends a watch and the next begins, as with client-go."""
    recheck: tuple[float, float] = (5.0, 60.0)
    """The first and the longest pause before a forbidden kind, or one that is not served, is asked for again."""
    poll: float = 30.0
    """Between two lists of a kind that may be listed but not watched."""
    slice: float = 0.008
    """Events are applied for so long, then the loop gets its turn."""
    heartbeat: float = 5.0
    """When nothing was heard for so long, the server is asked for a sign of life."""
    backoff: tuple[float, float] = (FIRST_DELAY, LONGEST_DELAY)
    """The first and the longest pause after a failure."""
    metrics: tuple[float, float] = (15.0, 30.0)
    """The shortest and the longest pause between two polls of metrics; the longer a poll takes, the longer the
    pause."""
    metrics_age: float = 180.0
    """Metrics older than this are dropped: unknown, not zero."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    reader: Reader
    sink: Sink
    clock: Clock = field(default_factory=Clock)
    timing: Timing = field(default_factory=Timing)
    outage: Outage = field(default_factory=Outage)
