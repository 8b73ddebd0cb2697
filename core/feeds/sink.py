"""What every feed hands over, and to whom: objects, the ends of full lists, and how the feed is doing. Keeping them is
the store's part."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from core.kube.kinds import Kind


class Phase(StrEnum):
    """How a feed is doing. Held = objects of an earlier full list are still shown."""

    CONNECTING = "connecting"
    """Nothing was asked yet, or the first answer is awaited."""
    LISTING = "listing"
    """A full list is being read; what is held stays until it is complete."""
    LIVE = "live"
    """Everything is held and followed."""
    RECONNECTING = "reconnecting"
    """What is held is as old as `since`; the feed keeps trying."""
    FORBIDDEN = "forbidden"
    """The identity may not read this; asked again now and then."""
    ABSENT = "absent"
    """The server has no such kind; asked again now and then."""
    UNREACHABLE = "unreachable"
    """Nothing is held, because no full list could be read since `since`; the feed keeps trying."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """One line about one feed."""

    phase: Phase
    cause: str = ""
    """One plain line: why it is not live, or how it is limited. Somebody else's text: not yet safe for a terminal's
    markup."""
    since: float | None = None
    """Epoch seconds of the last sign of life; None while all is well."""
    done: int = 0
    """Objects read of the list that is being read."""
    remaining: int | None = None
    """Objects left of that list, None when the server doesn't tell."""
    namespace: str | None = None
    """The only namespace that is read; None = the whole cluster."""
    problems: tuple[str, ...] = ()
    """A line for each object that was left out because it is unreadable (the latest ones)."""

    @property
    def holds(self) -> bool:
        """Whether the objects in the store are those of a full list, however old."""
        return self.phase in (Phase.LIVE, Phase.RECONNECTING)


class Sink(Protocol):
    """Takes what feeds bring, on the event loop; no call may take long. Per kind the order is
    begin, page*, synced, event*, and again from begin at any time (also before synced: that list was not completed)."""

    def begin(self, kind: Kind) -> None:
        """A full list starts. What is held stays visible until `synced`."""

    def page(self, kind: Kind, items: Sequence[Any], done: int, total: int | None) -> None:
        """Some objects of the list; `done` of `total` (None: not told) have been read with them."""

    def synced(self, kind: Kind, resource_version: str) -> None:
        """The list is complete: objects that were not in it are gone."""

    def event(self, kind: Kind, event: str, obj: Any) -> None:
        """An object was ADDED, MODIFIED or DELETED."""

    def state(self, kind: Kind, state: FeedState) -> None:
        """How the feed of `kind` is doing now. On FORBIDDEN and ABSENT what is held is no longer known to be true."""
