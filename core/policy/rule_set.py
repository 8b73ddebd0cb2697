"""Whose rules are judged by: a version of the Cluster Autoscaler, and a vendor's overlay on it. What a vendor changes
is in analysis/vendors; what a version changes stands at each rule, as `rule_set.at_least(1, 33)`."""

import re
from dataclasses import dataclass

from core.errors import InputError

OLDEST, NEWEST, DEFAULT = (1, 30), (1, 37), (1, 35)
UPSTREAM = "cluster-autoscaler"
OVERLAYS = ("ack", "cce", "goatscaler")

_FORM = re.compile(rf"(?:({UPSTREAM}|{'|'.join(OVERLAYS)}))?\s*(?:v?(\d{{1,3}})\.(\d{{1,3}}))?(?:\.\d+)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`version` of the Cluster Autoscaler, `overlay` one of OVERLAYS or empty."""

    version: tuple[int, int] = DEFAULT
    overlay: str = ""

    def __str__(self) -> str:
        base = f"{UPSTREAM} {self.version[0]}.{self.version[1]}"
        return f"{self.overlay} on {base}" if self.overlay else base

    def at_least(self, major: int, minor: int) -> bool:
        return self.version >= (major, minor)


def parse(text: object) -> RuleSet:
    """`cluster-autoscaler 1.35`, `1.35`, `ack`, `ack 1.30` or `ack on cluster-autoscaler 1.30`. Raises InputError."""
    plain = str(text).strip().lower()
    overlay, separator, base = plain.partition(" on ")
    match = _FORM.match(base if separator else plain)
    if match is None or not plain or (separator and overlay not in OVERLAYS):
        raise InputError(
            f"ruleSet {str(text)[:60]!r}: write for example cluster-autoscaler 1.35, or one of {', '.join(OVERLAYS)}"
        )
    version = (int(match[2]), int(match[3])) if match[2] else DEFAULT
    if not OLDEST <= version <= NEWEST:
        raise InputError(f"ruleSet {plain!r}: rules are known from {_text(OLDEST)} to {_text(NEWEST)}")
    return RuleSet(version, overlay if separator else match[1] if match[1] in OVERLAYS else "")


def nearest(version: tuple[int, int] | None) -> tuple[int, int]:
    """The known version nearest to one that runs."""
    return DEFAULT if version is None else min(max(version, OLDEST), NEWEST)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
