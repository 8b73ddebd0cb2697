"""The way from the session to the screens: each view goes to whoever follows it, the header's status to the app."""

from collections.abc import Callable

from core.views.detail import DetailView
from core.views.link import Failure, Intent, Link, Update
from core.views.status import Status
from core.views.table import TableView, ViewKey

Receive = Callable[[Update], None]


class Updates:
    """Routes updates, and keeps the session's subscriptions equal to what is followed.

    Screens may follow before the session is there. While paused, views stand still and the status goes on; afterwards
    every followed view comes whole again.
    """

    def __init__(self, on_status: Callable[[Status], None], on_failure: Callable[[Failure], None]) -> None:
        self._link: Link | None = None
        self._followers: dict[ViewKey, Receive] = {}
        self._on_status = on_status
        self._on_failure = on_failure
        self._paused = False
        self.delivered = False
        """A view came, whether or not anybody still looks at it."""

    def connect(self, link: Link) -> None:
        """The session is there: ask it for all that is followed."""
        self._link = link
        self._ask_again()

    def _ask_again(self) -> None:
        for key in self._followers:
            self.refresh(key)

    def follow(self, key: ViewKey, receive: Receive) -> None:
        """Send this view's updates to `receive` from now on."""
        self._followers[key] = receive
        self.refresh(key)

    def refresh(self, key: ViewKey) -> None:
        """Ask for the whole view again."""
        if self._link is not None:
            self._link.subscribe(key)

    def leave(self, key: ViewKey) -> None:
        """Nobody looks at this view any more."""
        if self._followers.pop(key, None) is not None and self._link is not None:
            self._link.unsubscribe(key)

    def intend(self, intent: Intent) -> None:
        """Hand an intent to the session; without one there is nothing to do it."""
        if self._link is not None:
            self._link.intend(intent)

    def pause(self, paused: bool) -> None:
        """Let the views stand still, or go on."""
        self._paused = paused
        if not paused:
            self._ask_again()

    def deliver(self, update: Update) -> None:
        """Hand one update to whom it concerns."""
        if isinstance(update, Status):
            self._on_status(update)
            return
        self.delivered |= isinstance(update, TableView | DetailView)
        if update.key is None:
            self._on_failure(update)
        elif not self._paused and update.key in self._followers:
            self._followers[update.key](update)
