"""Events: the one stored form (v1) and its second name in events.k8s.io/v1."""

from typing import Any

Obj = dict[str, Any]

_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_BACK = {new: old for old, new in _NAMES.items()}


def to_v1(event: Obj) -> Obj:
    """A stored event as events.k8s.io/v1 spells it."""
    renamed = {_NAMES.get(key, key): value for key, value in event.items()}
    return {**renamed, "apiVersion": "events.k8s.io/v1"}


def from_v1(event: Obj) -> Obj:
    """An events.k8s.io/v1 event as it is stored."""
    renamed = {_BACK.get(key, key): value for key, value in event.items()}
    return {**renamed, "apiVersion": "v1"}
