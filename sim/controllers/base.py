"""What all controllers share: a queue of keys fed by the registry, a loop that reconciles them, and retries."""

import asyncio
import heapq
import logging
from collections.abc import Callable
from itertools import count
from typing import Any

from sim.clock import SimClock
from sim.kube.errors import ApiError
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]
_log = logging.getLogger(__name__)

_RETRY = 1.0


class Queue:
    """Keys to look at, each once, now or later (in simulated seconds)."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._ready: dict[Key, None] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._order = count()
        self._wake = asyncio.Event()

    def add(self, key: Key, delay: float = 0.0) -> None:
        if delay > 0:
            heapq.heappush(self._later, (self._clock.monotonic() + delay, next(self._order), key))
        else:
            self._ready[key] = None
        self._wake.set()

    def due(self) -> list[Key]:
        """Take all keys whose time has come."""
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            self._ready[heapq.heappop(self._later)[2]] = None
        keys = list(self._ready)
        self._ready.clear()
        return keys

    async def wait(self) -> None:
        """Until a key is due, or one was added."""
        self._wake.clear()
        if self._ready:
            return
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._wake.wait())]
        if self._later:
            waits.append(asyncio.create_task(self._clock.sleep(self._later[0][0] - self._clock.monotonic())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class Controller:
    """Brings objects of `kind` to what they ask for: override `reconcile`, and feed the queue with `follow`."""

    kind = ""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.clock = registry.clock
        self.queue = Queue(registry.clock)
        self._stops: list[Callable[[], None]] = []

    def reconcile(self, key: Key) -> None:
        """Look at one object and act. Raise ApiError to be asked again in a second."""
        raise NotImplementedError

    def follow(self, kind: str, keys: Callable[[Change], Any]) -> None:
        """Queue the key or keys that a change of `kind` concerns (None: none)."""

        def heard(change: Change) -> None:
            found = keys(change)
            for key in (found,) if isinstance(found, tuple) else found or ():
                self.queue.add(key)

        self._stops.append(self.registry.on_change(kind, heard))

    def prime(self) -> None:
        """Queue every object of the kind; called when the controller starts."""
        for key in self.registry.shelf(self.kind).keys():  # noqa: SIM118 (keys in order, not a dict's)
            self.queue.add(key)

    async def run(self) -> None:
        """Reconcile for ever."""
        self.prime()
        while True:
            self.drain()
            await self.queue.wait()

    def drain(self) -> int:
        """Reconcile what is due now; returns how many keys that were."""
        keys = self.queue.due()
        for key in keys:
            try:
                self.reconcile(key)
            except ApiError as error:
                _log.debug("%s %s: %s", self.kind, key, error)
                self.queue.add(key, _RETRY)
            except Exception:
                _log.exception("%s %s", self.kind, key)
                self.queue.add(key, 30 * _RETRY)
        return len(keys)

    def close(self) -> None:
        for stop in self._stops:
            stop()
        self._stops.clear()


def own_key(change: Change) -> Key:
    """The key of the changed object itself."""
    return key_of(change.object)


def key_of(obj: Obj) -> Key:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def controller_of(obj: Obj) -> Obj | None:
    """The ownerReference of the object's controller."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def owner_key(kind: str) -> Callable[[Change], Key | None]:
    """For `follow`: the key of the changed object's controller when that is of `kind`."""

    def keys(change: Change) -> Key | None:
        reference = controller_of(change.object)
        if reference is None or reference["kind"] != kind:
            return None
        return change.object["metadata"].get("namespace", ""), reference["name"]

    return keys


def controller_reference(owner: Obj) -> Obj:
    """The ownerReference that makes `owner` a controller."""
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controlled(registry: Registry, owner: Obj, kind: str) -> list[Obj]:
    """The objects of `kind` whose controller is `owner`."""
    uid = owner["metadata"]["uid"]
    return [
        obj for obj in registry.dependents(uid) if obj["kind"] == kind and (controller_of(obj) or {}).get("uid") == uid
    ]


def being_deleted(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]
