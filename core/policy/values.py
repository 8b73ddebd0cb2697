"""How the text of a setting reads: durations, numbers, switches, lists, ranges. Which setting has which form stands in
settings."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from core.errors import InputError
from core.kube import timestamps

UNLIMITED = 2**62


class Range(NamedTuple):
    """`min:max`, both included."""

    min: int
    max: int


class GroupSize(NamedTuple):
    """`--nodes=min:max:group`."""

    min: int
    max: int
    group: str


class GpuLimit(NamedTuple):
    """`--gpu-total=type:min:max`."""

    type: str
    min: int
    max: int


class Kind(NamedTuple):
    """One form of values: how it is read, what to write instead of a bad one, and how it is shown."""

    read: Callable[[Any], Any]
    expected: str
    show: Callable[[Any], Any] = lambda value: value


def read(kind: Kind, key: str, raw: object, where: str) -> Any:
    """`raw` as a value of `kind`. Raises InputError, one line: where, which key, what is expected."""
    try:
        return kind.read(raw)
    except (ValueError, TypeError, ArithmeticError):
        raise InputError(f"{where}: {key} is {str(raw)[:60]!r}, expected {kind.expected}") from None


def _duration(raw: Any) -> float:
    if isinstance(raw, bool):
        raise TypeError
    seconds = float(raw) if isinstance(raw, int | float) else timestamps.go_duration(raw)
    if seconds is None or not math.isfinite(seconds):
        raise ValueError
    return seconds


def _optional_duration(raw: Any) -> float | None:
    return None if raw is None else _duration(raw)


def _number(raw: Any) -> float:
    if isinstance(raw, bool) or not math.isfinite(value := float(raw)):
        raise ValueError
    return value


def _integer(raw: Any) -> int:
    value = _number(raw)
    if value != int(value) or abs(value) > UNLIMITED:
        raise ValueError
    return int(value)


_SWITCH = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def _switch(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if str(raw).strip().lower() not in _SWITCH:
        raise ValueError
    return _SWITCH[str(raw).strip().lower()]


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError
    return raw


def _texts(raw: Any) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else list(raw)
    return tuple(_text(part).strip() for part in parts if part)


def _moment(raw: Any) -> float | None:
    if raw is None or (isinstance(raw, int | float) and not isinstance(raw, bool)):
        return raw
    if (seconds := timestamps.seconds(_text(raw))) is None:
        raise ValueError
    return float(seconds)


def _range(raw: Any) -> Range:
    low, high = (_integer(part) for part in _text(raw).split(":"))
    if not 0 <= low <= high:
        raise ValueError
    return Range(low, high)


def _each(raw: Any) -> list[str]:
    return [raw] if isinstance(raw, str) else [_text(part) for part in raw]


def _gpu_limits(raw: Any) -> tuple[GpuLimit, ...]:
    parts = (text.split(":") for text in _each(raw))
    return tuple(GpuLimit(name, *_range(f"{low}:{high}")) for name, low, high in parts)


def _group_sizes(raw: Any) -> tuple[GroupSize, ...]:
    parts = (text.split(":", 2) for text in _each(raw))
    return tuple(GroupSize(*_range(f"{low}:{high}"), group) for low, high, group in parts)


def one_of(*choices: str) -> Kind:
    """A word out of few."""

    def choose(raw: Any) -> str:
        if raw not in choices:
            raise ValueError
        return str(raw)

    return Kind(choose, " or ".join(choices))


def go_text(seconds: float | None) -> str | None:
    """Seconds as a Go duration: `90` is `1m30s`."""
    if seconds is None:
        return None
    hours, rest = divmod(abs(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((f"{hours:.0f}h", hours), (f"{minutes:.0f}m", minutes), (f"{rest:g}s", rest))
    return ("-" if seconds < 0 else "") + ("".join(text for text, amount in parts if amount) or "0s")


DURATION = Kind(_duration, "a duration such as 10m or 1h30m", go_text)
OPTIONAL_DURATION = Kind(_optional_duration, "a duration such as 1h, or null for never", go_text)
NUMBER = Kind(_number, "a number such as 0.5")
INTEGER = Kind(_integer, "a whole number")
SWITCH = Kind(_switch, "true or false")
TEXT = Kind(_text, "a text")
TEXTS = Kind(_texts, "a comma list", list)
MOMENT = Kind(_moment, "a time such as 2026-01-15T12:00:00Z", lambda at: at)
RANGE = Kind(_range, "min:max", lambda limits: f"{limits.min}:{limits.max}")
GPU_LIMITS = Kind(_gpu_limits, "type:min:max", lambda limits: [":".join(map(str, limit)) for limit in limits])
GROUP_SIZES = Kind(_group_sizes, "min:max:group", lambda sizes: [":".join(map(str, size)) for size in sizes])
