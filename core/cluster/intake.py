"""Where feeds meet the store: every object goes in, every feed's state is remembered. Nothing is computed here."""

from collections.abc import Sequence
from typing import Any

from core.cluster.store import Store
from core.feeds.sink import FeedState, Phase
from core.kube.kinds import Kind

UNREAD = "not read yet"


class Intake:
    """A `Sink` that fills a store. `states` says how the feed of each kind is doing."""

    def __init__(self, store: Store, kinds: Sequence[Kind] = ()) -> None:
        self.store = store
        self.states: dict[str, FeedState] = {}
        self.changed = False
        """Set whenever a state changes; whoever shows them clears it."""
        for kind in kinds:
            store.unavailable(kind.name, UNREAD)

    def begin(self, kind: Kind) -> None:
        self.store.begin(kind.name)

    def page(self, kind: Kind, items: Sequence[Any], done: int, total: int | None) -> None:
        self.store.upsert_all(kind.name, items)

    def synced(self, kind: Kind, resource_version: str) -> None:
        self.store.synced(kind.name)

    def event(self, kind: Kind, event: str, obj: Any) -> None:
        if event == "DELETED":
            self.store.remove(kind.name, obj.key)
        else:
            self.store.upsert(kind.name, obj)

    def state(self, kind: Kind, state: FeedState) -> None:
        self.states[kind.name] = state
        self.changed = True
        if state.phase in (Phase.FORBIDDEN, Phase.ABSENT):
            self.store.unavailable(kind.name, state.cause, forget=True)
        elif state.phase is Phase.UNREACHABLE:
            self.store.unavailable(kind.name, state.cause)
