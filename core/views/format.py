"""Numbers as text: the two-tone bar, percentages, durations, CPU and bytes, short for cells, in words for sentences."""

import math
import time

from core.views.table import Bar

NONE = "-"
"""What an unknown value prints: never 0, never blank."""
BAR_CELLS = 10
FIGURE_CELLS = 4
BAR_WIDTH = BAR_CELLS + 2 * FIGURE_CELLS
USED, BOOKED, FREE, BURST = "█░·▒"
BLANK = " "

_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_FOREVER = 10_000 * 365 * 86400
_SIZES = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def bar(value: Bar) -> str:
    """Ten cells for 100 % of allocatable: █ used, ░ booked but not used, · free, ▒ used beyond what was booked.

    Unknown usage draws the bookings only; unknown bookings draw usage on blank, because nothing is known to be free.
    """
    booked, used = _tenths(value.booked), _tenths(value.used)
    if booked is None:
        return (USED * (used or 0)).ljust(BAR_CELLS, BLANK)
    slept = min(used or 0, booked)
    burst = max((used or 0) - booked, 0)
    return (USED * slept + BOOKED * (booked - slept) + BURST * burst).ljust(BAR_CELLS, FREE)


def bar_figures(value: Bar) -> str:
    """The two figures beside a bar, booked then used, right-aligned in four cells each: "  61  18"."""
    return f"{percent(value.booked):>{FIGURE_CELLS}}{percent(value.used):>{FIGURE_CELLS}}"


def bar_with_figures(value: Bar) -> str:
    """Bar and figures in BAR_WIDTH cells."""
    return bar(value) + bar_figures(value)


def percent(fraction: float | None) -> str:
    """A fraction in whole percent, rounded down as kubectl does; at most four characters."""
    value = _number(fraction)
    if value is None:
        return NONE
    whole = math.floor(min(max(value, -0.99), 1e6) * 100 + 1e-9)
    return str(whole) if whole <= 9999 else ">9k"


def count(number: float | None) -> str:
    """A count with thousands separated: 1,204."""
    value = _number(number)
    return NONE if value is None else f"{value:,.0f}"


_SINGULAR = (("sses", "ss"), ("ies", "y"), ("s", ""))


def counted(number: int, noun: str) -> str:
    """A count and what is counted, given in the plural: 1,204 pods, 1 node, 1 class."""
    ending = next((pair for pair in _SINGULAR if noun.endswith(pair[0])), ("", ""))
    return f"{count(number)} {noun.removesuffix(ending[0]) + ending[1] if number == 1 else noun}"


def age(seconds: float | None) -> str:
    """A duration in one unit, rounded down: 45s, 9m, 12h, 41d, 3y. A negative one (clocks differ) is 0s."""
    return _duration(seconds, units=1)


def duration(seconds: float | None) -> str:
    """A duration in at most two units, rounded down: 45s, 6m10s, 3d4h, 2y40d."""
    return _duration(seconds, units=2)


def clock(timestamp: float | None) -> str:
    """A moment as local hh:mm:ss."""
    return NONE if timestamp is None else time.strftime("%H:%M:%S", time.localtime(timestamp))


def cpu(millicores: float | None) -> str:
    """Millicores in cores, less than one core in m, as Kubernetes writes them: 250m, 2, 1.5, 11."""
    value = _number(millicores)
    if value is None:
        return NONE
    if 0 < abs(value) < 1000:
        return f"{value:.0f}m"
    return ">9M" if value > 9e9 else _short(value / 1000)


def size(in_bytes: float | None) -> str:
    """Bytes in the largest binary unit that fits, two to three digits: 128Mi, 1.5Gi, -44Gi."""
    value, unit = _number(in_bytes), 0
    if value is None:
        return NONE
    if value < 0:
        return f"-{size(-value)}"
    while value >= 1000 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return ">999Ei" if value > 999 else _short(value) + _SIZES[unit]


def duration_in_words(seconds: float | None) -> str:
    """A duration for a sentence: "3 days", "41 minutes"."""
    value = _number(seconds)
    if value is None:
        return "an unknown time"
    from humanize import naturaldelta  # here, because start-up must not pay for it

    return naturaldelta(min(max(value, 0), 1e10))


def size_in_words(in_bytes: float | None) -> str:
    """Bytes for a sentence: "1.5 GiB"."""
    value = _number(in_bytes)
    if value is None:
        return "an unknown size"
    from humanize import naturalsize

    return naturalsize(min(value, 1e30), binary=True)


def _number(value: float | None) -> float | None:
    """`value` as a float; None for unknown and for not a number; integers beyond any float become infinite."""
    try:
        number = math.nan if value is None else float(value)
    except OverflowError:
        return math.inf
    return None if math.isnan(number) else number


def _tenths(fraction: float | None) -> int | None:
    value = _number(fraction)
    return None if value is None else math.floor(min(max(value, 0.0), 1.0) * BAR_CELLS + 0.5)


def _duration(seconds: float | None, units: int) -> str:
    value = _number(seconds)
    if value is None or value > _FOREVER:
        return NONE
    left = int(max(value, 0))
    parts: list[str] = []
    for name, length in _UNITS:
        amount, rest = divmod(left, length)
        if parts or amount or name == "s":
            parts, left, units = [*parts, f"{amount}{name}" if amount or not parts else ""], rest, units - 1
        if not units:
            break
    return "".join(parts)


def _short(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1
    text = f"{value:.{digits}f}"
    return text.removesuffix(".0")
