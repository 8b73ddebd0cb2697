"""One table of the cloud in the sink, and how its reading goes: like core/feeds/status for kinds that are polled in
parts. What is polled when is in ess, ecs and ack."""

from collections.abc import Iterable, Sequence
from typing import Any

from core.clients.alibaba import CloudError, Denied
from core.clock import Clock
from core.feeds.sink import FeedState, Phase, Sink
from core.kube.kinds import Kind

KEPT_PROBLEMS = 20


class CloudTable:
    """Hands records over and says how things stand; `held` is true once anything was read."""

    def __init__(self, kind: Kind, sink: Sink, clock: Clock) -> None:
        self.kind = kind
        self.held = False
        self._sink, self._clock = sink, clock
        self._heard: float | None = None
        self._state: FeedState | None = None
        self._problems: dict[str, Sequence[str]] = {}

    def connecting(self) -> None:
        """Nothing was asked yet."""
        self._say(FeedState(Phase.CONNECTING))

    def replace(self, items: Iterable[Any], problems: Sequence[str] = ()) -> None:
        """All there is, read in one go."""
        found = list(items)
        self._sink.begin(self.kind)
        self._sink.page(self.kind, found, len(found), len(found))
        self._sink.synced(self.kind, "")
        self._problems = {"": problems}
        self._live()

    def merge(
        self, items: Iterable[Any], gone: Iterable[Any] = (), problems: Sequence[str] = (), part: str = ""
    ) -> None:
        """A part of what there is: these came or changed, those are gone."""
        if not self.held:
            self._sink.begin(self.kind)
            self._sink.synced(self.kind, "")
        for item in items:
            self._sink.event(self.kind, "MODIFIED", item)
        for item in gone:
            self._sink.event(self.kind, "DELETED", item)
        self._problems[part] = problems
        self._live()

    def failed(self, error: CloudError) -> None:
        """It can't be read now. Denied: what was held is no longer known to be true."""
        if isinstance(error, Denied):
            self.off(error.cause, Phase.FORBIDDEN)
            return
        if self._heard is None:
            self._heard = self._clock.now()
        phase = Phase.RECONNECTING if self.held else Phase.UNREACHABLE
        self._say(FeedState(phase, f"{error.cause}{f': {error.hint}' if error.hint else ''}", self._heard))

    def off(self, cause: str, phase: Phase = Phase.ABSENT) -> None:
        """It isn't there, or may not be read."""
        self.held = False
        self._say(FeedState(phase, cause, self._heard))

    def _live(self) -> None:
        self.held, self._heard = True, self._clock.now()
        lines = [line for problems in self._problems.values() for line in problems]
        self._say(FeedState(Phase.LIVE, problems=tuple(lines[-KEPT_PROBLEMS:])))

    def _say(self, state: FeedState) -> None:
        if state != self._state:
            self._state = state
            self._sink.state(self.kind, state)
