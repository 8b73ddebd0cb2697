"""RFC 3339 timestamps of the API to seconds since the epoch, Go durations, and spans as a person writes them. Not
wording (see views)."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_GO_UNIT = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d{1,6})([smhdw])\Z", re.ASCII)
_SPAN_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@lru_cache(maxsize=65_536)
def seconds(text: str | None) -> int | None:
    """`2026-01-15T12:00:00Z` (fractions allowed) to whole seconds since the epoch; None for absent or unreadable."""
    if not text:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return None


def utc(at: float) -> str:
    """Seconds since the epoch as the API writes a time: `2026-01-15T12:00:00Z`."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def go_duration(text: str) -> float | None:
    """Seconds of a Go duration such as `1h15m30.5s`; None when it is none. A bare `0` is allowed, as in Go."""
    rest = text.strip()
    if rest in ("0", "+0", "-0"):
        return 0.0
    sign = -1.0 if rest.startswith("-") else 1.0
    parts = _GO_DURATION.findall(rest.lstrip("+-"))
    if not parts or "".join(number + unit for number, unit in parts) != rest.lstrip("+-"):
        return None
    return sign * sum(float(number) * _GO_UNIT[unit] for number, unit in parts)


def span(text: str) -> float | None:
    """Seconds of `90m`, `12h`, `7d`, `2w`; infinite for `none`; None when it is no span."""
    if text == "none":
        return float("inf")
    match = _SPAN.match(text)
    return int(match[1]) * _SPAN_UNITS[match[2]] if match else None
