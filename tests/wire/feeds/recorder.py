"""A sink that keeps what it is given, in order, and lets a test wait for it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from core.feeds.sink import FeedState, Phase
from core.kube.kinds import Kind


class Recorder:
    """`held[kind]` is what a store would show; `states[kind]` are all states so far."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = defaultdict(dict)
        self.states: dict[str, list[FeedState]] = defaultdict(list)
        self.calls: list[tuple[str, ...]] = []
        self.smallest: dict[str, int] = {}
        """The smallest number of objects held since a kind was first synced: less than it should be is a flicker."""
        self._seen: dict[str, set[str]] = {}

    def begin(self, kind: Kind) -> None:
        self.calls.append(("begin", kind.name))
        self._seen[kind.name] = set()

    def page(self, kind: Kind, items: Sequence[Any], done: int, total: int | None) -> None:
        self.calls.append(("page", kind.name, f"{done}/{total}"))
        for item in items:
            self.held[kind.name][item.key] = item
            self._seen[kind.name].add(item.key)

    def synced(self, kind: Kind, resource_version: str) -> None:
        self.calls.append(("synced", kind.name, resource_version))
        held = self.held[kind.name]
        for key in set(held) - self._seen.pop(kind.name):
            del held[key]
        self.smallest[kind.name] = min(len(held), self.smallest.get(kind.name, len(held)))

    def event(self, kind: Kind, event: str, obj: Any) -> None:
        self.calls.append((event, kind.name, obj.key))
        if event == "DELETED":
            self.held[kind.name].pop(obj.key, None)
        else:
            self.held[kind.name][obj.key] = obj
        self.smallest[kind.name] = min(len(self.held[kind.name]), self.smallest.get(kind.name, 0))

    def state(self, kind: Kind, state: FeedState) -> None:
        self.states[kind.name].append(state)

    def now(self, kind: str) -> FeedState:
        """The present state."""
        return self.states[kind][-1]

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait for a condition; says what was held when it doesn't come."""
        for _ in range(int(seconds / 0.005)):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"never came; states: { {k: v[-3:] for k, v in self.states.items()} }")

    async def until_phase(self, kind: str, phase: Phase, seconds: float = 5.0) -> FeedState:
        """Wait for a kind to be in a phase; returns the state."""
        await self.until(lambda: self.states[kind] and self.now(kind).phase is phase, seconds)
        return self.now(kind)
