"""Durations as kubectl prints them in its AGE columns."""

from datetime import datetime
from typing import Any

_UNITS = ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
# Up to which number of seconds a duration is shown in which two units (apimachinery's duration.HumanDuration).
_STEPS = (
    (120, "s", ""),
    (600, "m", "s"),
    (3 * 3600, "m", ""),
    (8 * 3600, "h", "m"),
    (48 * 3600, "h", ""),
    (8 * 86400, "d", "h"),
    (2 * 365 * 86400, "d", ""),
    (8 * 365 * 86400, "y", "d"),
)


def human(seconds: float) -> str:
    """`45s`, `3m20s`, `47m`, `5h12m`, `3d4h`, `2y104d`."""
    whole = int(seconds)
    if whole < 0:
        return "<invalid>" if whole < -1 else "0s"
    for limit, large, small in _STEPS:
        if whole < limit:
            return _in_units(whole, large, small)
    return _in_units(whole, "y", "")


def _in_units(whole: int, large: str, small: str) -> str:
    sizes = {name: size for size, name in _UNITS}
    count, rest = divmod(whole, sizes[large])
    extra = rest // sizes[small] if small else 0
    return f"{count}{large}{extra}{small}" if extra else f"{count}{large}"


def since(timestamp: Any, now: datetime) -> str:
    """The age of an RFC 3339 timestamp, `<unknown>` when it is none."""
    try:
        return human((now - datetime.fromisoformat(timestamp)).total_seconds())
    except (TypeError, ValueError):
        return "<unknown>"
