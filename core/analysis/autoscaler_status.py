"""The autoscaler's own status ConfigMap, in both of its forms: YAML (1.30 and newer) and text. What runs here is in
autoscaler; what the status means for a decision is with the decision.

Source: clusterstate/api/types.go and clusterstate/utils/status.go of the Cluster Autoscaler."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import one_line
from core.kube import timestamps

CONFIG_MAP = "cluster-autoscaler-status"
IN_PROGRESS = "InProgress"
"""`scale_up` of a group that waits for nodes which the autoscaler asked for."""
UPDATED_ANNOTATION = "cluster-autoscaler.kubernetes.io/last-updated"


@dataclass(frozen=True, slots=True)
class Part:
    """The state of the cluster or of one group. `name` is empty for the cluster. Times are seconds since the epoch;
    counts and sizes are None where they are not stated."""

    name: str = ""
    health: str = ""
    scale_up: str = ""
    scale_up_since: float | None = None
    scale_down: str = ""
    scale_down_since: float | None = None
    ready: int | None = None
    registered: int | None = None
    target: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    candidates: int | None = None
    error_code: str = ""
    error: str = ""

    @property
    def in_backoff(self) -> bool:
        return self.scale_up == "Backoff"


@dataclass(frozen=True, slots=True)
class Status:
    """`updated`: when it was written; None when that is unreadable."""

    state: str
    updated: float | None
    cluster: Part = field(default_factory=Part)
    groups: Mapping[str, Part] = field(default_factory=dict)


def read(text: str, updated: str | None = None) -> Status | None:
    """The status in the ConfigMap's key `status` (and its annotation); None when it is no status at all."""
    if text.lstrip().startswith(("Cluster-autoscaler status", "Initializing")):
        return _from_text(text, moment(updated))
    return _from_yaml(text, moment(updated))


_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?([+-]\d{4}|Z)?")


def moment(text: object) -> float | None:
    """Go's `2026-01-15 12:00:00.5 +0000 UTC m=+1.2`, or RFC 3339, in seconds since the epoch."""
    if isinstance(text, datetime):
        return text.timestamp()
    match = _GO_TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    return timestamps.seconds(f"{match[1]}T{match[2]}{match[3] if match[3] not in (None, 'Z') else '+0000'}")


def _from_yaml(text: str, updated: float | None) -> Status | None:
    import yaml

    try:
        whole = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(whole, dict) or "autoscalerStatus" not in whole:
        return None
    groups = (_part(group) for group in whole.get("nodeGroups") or () if isinstance(group, dict))
    return Status(
        state=one_line(str(whole["autoscalerStatus"])),
        updated=moment(whole.get("time")) or updated,
        cluster=_part(_map(whole, "clusterWide")),
        groups={group.name: group for group in groups},
    )


def _map(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = of.get(key)
    return inner if isinstance(inner, dict) else {}


def _count(of: Mapping[str, Any], key: str) -> int | None:
    """Zero may have been left out, so only the caller knows whether absent is zero."""
    amount = of.get(key)
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else None


def _word(of: Mapping[str, Any], key: str) -> str:
    return one_line(str(of.get(key) or ""), 500)


def _part(raw: Mapping[str, Any]) -> Part:
    health, up, down = _map(raw, "health"), _map(raw, "scaleUp"), _map(raw, "scaleDown")
    registered, backoff = _map(_map(health, "nodeCounts"), "registered"), _map(up, "backoffInfo")
    return Part(
        name=_word(raw, "name"),
        health=_word(health, "status"),
        scale_up=_word(up, "status"),
        scale_up_since=moment(up.get("lastTransitionTime")),
        scale_down=_word(down, "status"),
        scale_down_since=moment(down.get("lastTransitionTime")),
        ready=_count(registered, "ready"),
        registered=_count(registered, "total"),
        target=_count(health, "cloudProviderTarget"),
        min_size=_count(health, "minSize"),
        max_size=_count(health, "maxSize"),
        candidates=_count(down, "candidates"),
        error_code=_word(backoff, "errorCode"),
        error=_word(backoff, "errorMessage"),
    )


_LINE = re.compile(r"\s*(Name|Health|ScaleUp|ScaleDown|LastTransitionTime):\s*(\S*)\s*(.*)")
_PAIR = re.compile(r"(\w+)=(-?\d+)")


def _from_text(text: str, updated: float | None) -> Status:
    header = re.match(r"\s*Cluster-autoscaler status at (.*?):\s*$", text, re.MULTILINE)
    parts = [_text_part(lines) for lines in _sections(text)]
    return Status(
        state="Running" if header else "Initializing",
        updated=(moment(header[1]) if header else None) or updated,
        cluster=next((part for part in parts if not part.name), Part()),
        groups={part.name: part for part in parts if part.name},
    )


def _sections(text: str) -> Iterator[list[str]]:
    """The lines of the cluster, then of each group: a group starts at its name."""
    section: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("Name:"):
            yield section
            section = []
        section.append(line)
    yield section


def _text_part(lines: list[str]) -> Part:
    found: dict[str, Any] = {}
    last = ""
    for line in lines:
        if (match := _LINE.match(line)) is None:
            continue
        name, word, rest = match.groups()
        if name == "LastTransitionTime":
            if last in ("scale_up", "scale_down"):
                found[f"{last}_since"] = moment(f"{word} {rest}")
            continue
        last = {"Name": "name", "Health": "health", "ScaleUp": "scale_up", "ScaleDown": "scale_down"}[name]
        found[last] = one_line(word)
        found.update(_text_counts(last, {key: int(number[:15]) for key, number in _PAIR.findall(rest)}))
    return Part(**found)


def _text_counts(line: str, counts: Mapping[str, int]) -> dict[str, int | None]:
    if line == "scale_down":
        return {"candidates": counts.get("candidates")}
    if line != "health":
        return {}
    names = {"ready": "ready", "registered": "registered", "target": "cloudProviderTarget", "min_size": "minSize",
             "max_size": "maxSize"}  # fmt: skip
    return {ours: counts.get(theirs) for ours, theirs in names.items()}
