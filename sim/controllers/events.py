"""Writes Events, counting repeats of one message in one object, and drops those older than an hour."""

from datetime import datetime, timedelta
from typing import Any

from sim.clock import rfc3339
from sim.kube.registry import Registry

Obj = dict[str, Any]

_KEPT = timedelta(hours=1)  # kube-apiserver --event-ttl
_Place = tuple[str, str, str, str, str]


class Recorder:
    """One for the whole cluster. While `muted`, nothing is written (start-up of a world with a past)."""

    def __init__(self, registry: Registry) -> None:
        self.muted = False
        self._registry = registry
        self._known: dict[_Place, str] = {}

    def emit(
        self, about: Obj, reason: str, message: str, *, source: str, type_: str = "Normal", host: str = ""
    ) -> None:
        """Record that something happened to the object `about`."""
        if self.muted:
            return
        meta = about["metadata"]
        namespace = meta.get("namespace") or "default"
        place = (meta.get("uid", ""), reason, message, source, type_)
        now = rfc3339(self._registry.clock.now())
        known = self._registry.find("Event", self._known.get(place, ""), namespace)
        if known is not None:
            self._registry.rewrite("Event", {**known, "count": known["count"] + 1, "lastTimestamp": now})
            return
        if self._registry.find("Namespace", namespace) is None or self._terminating(namespace):
            return
        event = self._event(about, namespace, now)
        event |= {"reason": reason, "message": message, "type": type_, "reportingComponent": source}
        event["source"] = {"component": source, **({"host": host} if host else {})}
        event["reportingInstance"] = host
        self._known[place] = self._registry.create("Event", event)["metadata"]["name"]

    def sweep(self) -> None:
        """Drop what is too old."""
        oldest = self._registry.clock.now() - _KEPT
        for event in self._registry.list("Event"):
            seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
            if datetime.fromisoformat(seen) < oldest:
                self._registry.delete("Event", event["metadata"]["name"], event["metadata"]["namespace"])
        names = {event["metadata"]["name"] for event in self._registry.list("Event")}
        self._known = {place: name for place, name in self._known.items() if name in names}

    def _terminating(self, namespace: str) -> bool:
        return "deletionTimestamp" in self._registry.get("Namespace", namespace)["metadata"]

    def _event(self, about: Obj, namespace: str, now: str) -> Obj:
        meta = about["metadata"]
        stamp = f"{int(self._registry.clock.time() * 1e9):x}"
        object_ = {"kind": about["kind"], "namespace": meta.get("namespace", ""), "name": meta["name"]}
        object_ |= {"uid": meta.get("uid", ""), "apiVersion": about["apiVersion"]}
        object_ |= {"resourceVersion": meta.get("resourceVersion", "")}
        return {
            "metadata": {"name": f"{meta['name']}.{stamp}{self._registry.suffix(4)}", "namespace": namespace},
            "involvedObject": {key: value for key, value in object_.items() if value},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "eventTime": None,
            "count": 1,
        }
