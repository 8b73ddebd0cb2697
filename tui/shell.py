"""What every screen can rely on: the clock, the session's updates and status, pausing. The app adds the views."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from textual import work
from textual.app import App
from textual.reactive import var

from core.errors import InputError, VacancyError
from core.views.link import Failure, Intent, Link, Retry
from core.views.status import Status
from tui.updates import Updates

OpenLink = Callable[[], Awaitable[Link]]


class Shell(App[None]):
    """Paints an empty frame at once, then opens the session behind it and passes on what it says.

    `open_link` makes the session. It runs on the event loop after the first paint, so what it imports belongs in a
    thread. A VacancyError from it is shown as one line.
    """

    status: var[Status | None] = var(None)
    """The newest header; None before the session said anything."""
    paused: var[bool] = var(False)
    """Views stand still, the header goes on."""
    failure: var[str] = var("")
    """Why nothing more will come, in one line; "" while all is well."""

    def __init__(self, open_link: OpenLink, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.clock = clock
        """Unix seconds."""
        self.ended: Exception | None = None
        """What a person must also be told once the terminal is back: nothing could be shown, or something broke."""
        self.updates = Updates(self._take_status, self._take_failure)
        self._open_link = open_link
        self._link: Link | None = None

    def on_mount(self) -> None:
        self.call_after_refresh(self.run_session)

    @work(exclusive=True, group="session", exit_on_error=False, description="updates of the session")
    async def run_session(self) -> None:
        """Open the session and pass on what it says, until it ends."""
        await self._close_link()
        try:
            self._link = await self._open_link()
            self.updates.connect(self._link)
            async for update in self._link.updates():
                self.updates.deliver(update)
        except VacancyError as error:
            self._fail(error, str(error))
        except Exception as error:  # the last border: what broke, on the screen, beats a traceback across the terminal
            self._fail(error, f"internal error: {type(error).__name__}: {error}; start with --debug to see where")
            self.ended = error

    def _fail(self, error: Exception, message: str) -> None:
        self.failure = message
        if not self.updates.delivered:
            self.ended = error
            if isinstance(error, InputError):  # no retry mends a wrong option or an unreadable file
                self.exit()

    async def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(VacancyError):
                await link.close()

    async def on_unmount(self) -> None:
        await self._close_link()

    @property
    def armed(self) -> bool:
        """Actions may be planned and run: only then do their keys exist."""
        return self.status is not None and not self.status.read_only

    def intend(self, intent: Intent) -> None:
        """Hand over what a person wants done."""
        self.updates.intend(intent)

    def _take_status(self, status: Status) -> None:
        was_armed, before, self.status = self.armed, self.status, status
        if status.unfinished and not (before is not None and before.unfinished):
            self.notify("An action was left in the middle. 8 leads to the Journal.", timeout=6)
        if was_armed != self.armed:
            self.screen.refresh_bindings()

    def _take_failure(self, failure: Failure) -> None:
        self.failure = failure.message

    def pause(self, paused: bool) -> None:
        """Let the views stand still, or go on with what is true by then."""
        self.paused = paused
        self.updates.pause(paused)

    def retry(self) -> None:
        """Ask the sources again now; where the session never came up or ended, start it anew."""
        if self.failure:
            self.failure, self.ended = "", None
            self.run_session()
        else:
            self.updates.intend(Retry())
