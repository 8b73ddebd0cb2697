"""How one feed is doing, said to its sink whenever it changes. What a feed does about it is its own part."""

import asyncio
from collections.abc import Sequence

from core.clients.kubernetes import ApiError, Forbidden, NotFound
from core.clock import Clock
from core.errors import VacancyError
from core.feeds.sink import FeedState, Phase, Sink
from core.kube.kinds import Kind

KEPT_PROBLEMS = 20


class Status:
    """`settled` is set once it is known how things stand: all is held, or there is a reason why not."""

    def __init__(self, kind: Kind, sink: Sink, clock: Clock) -> None:
        self.settled = asyncio.Event()
        self.state: FeedState | None = None
        self.namespace: str | None = None
        """The only namespace that is read; None = the whole cluster."""
        self.held = False
        """Whether a full list is held, however old."""
        self._kind, self._sink, self._clock = kind, sink, clock
        self._heard: float | None = None

    def connecting(self) -> None:
        """Nothing is known yet."""
        self._say(FeedState(Phase.CONNECTING))

    def hear(self) -> None:
        """A sign of life came."""
        self._heard = self._clock.now()

    def listing(self, done: int, remaining: int | None) -> None:
        """So much of a full list was read."""
        self.hear()
        self._say(FeedState(Phase.LISTING, done=done, remaining=remaining, namespace=self.namespace))

    def listed(self) -> None:
        """A full list is held from now on."""
        self.held = True

    def live(self, note: str, problems: Sequence[str] = ()) -> bool:
        """All is well, but for the note. True when it was not before."""
        back = self.state is not None and self.state.phase in (Phase.RECONNECTING, Phase.UNREACHABLE)
        self.hear()
        scope = ""
        if self.namespace is not None:
            scope = f"only namespace {self.namespace}: {self._kind.plural} of the whole cluster are forbidden"
        cause = "; ".join(filter(None, (scope, note)))
        kept = tuple(problems[-KEPT_PROBLEMS:])
        self._say(FeedState(Phase.LIVE, cause, namespace=self.namespace, problems=kept))
        return back

    def off(self, error: ApiError) -> None:
        """The server refuses the kind, or has none such."""
        self.held = False
        phase = Phase.ABSENT if isinstance(error, NotFound) else Phase.FORBIDDEN
        self._say(FeedState(phase, absence(self._kind) if phase is Phase.ABSENT else error.cause, self._heard))

    def lost(self, error: VacancyError) -> None:
        """The server can't be read now; since when is kept until it can."""
        if self._heard is None:
            self.hear()
        phase = Phase.RECONNECTING if self.held else Phase.UNREACHABLE
        cause = getattr(error, "cause", "") or str(error)
        self._say(FeedState(phase, cause, self._heard, namespace=self.namespace))

    def failed(self, error: VacancyError) -> None:
        """`off` or `lost`, as the error demands."""
        if isinstance(error, Forbidden | NotFound):
            self.off(error)
        else:
            self.lost(error)

    def forget(self) -> None:
        """What was held is no longer."""
        self.held = False

    def _say(self, state: FeedState) -> None:
        if state != self.state:
            self.state = state
            self._sink.state(self._kind, state)
        if state.phase not in (Phase.CONNECTING, Phase.LISTING):
            self.settled.set()


def absence(kind: Kind) -> str:
    """The line for a kind that a server doesn't have."""
    return f"this cluster serves no {kind.plural} of {kind.api_version}"
