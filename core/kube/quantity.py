"""Kubernetes quantities, exact: text to integers, rounded up as the API machinery rounds. No formatting."""

import re
from fractions import Fraction

from core.errors import InputError

MAX = 2**63 - 1
"""Larger amounts are capped here, as `resource.ParseQuantity` of k8s.io/apimachinery does."""

_FORM = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d{1,9})|([numkMGTPE]|[KMGTPE]i)?)\Z", re.ASCII)
_SUFFIX: dict[str | None, Fraction] = {
    None: Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    **{name: Fraction(10 ** (3 * power)) for power, name in enumerate("kMGTPE", 1)},
    **{f"{name}i": Fraction(2 ** (10 * power)) for power, name in enumerate("KMGTPE", 1)},
}
_EXPONENT_LIMIT = 40
"""Beyond this many decimal digits a quantity is either capped or rounds up to one smallest unit."""


class QuantityError(InputError):
    """A text that is no amount of a resource (which is never negative)."""

    def __init__(self, text: object) -> None:
        super().__init__(f"{str(text)[:40]!r} is not an amount: expected a number such as 250m, 1.5 or 2Gi")


def parse(text: str | float) -> Fraction:
    """The exact amount of a quantity text (`1500m`, `2Gi`, `1e3`) or of a bare JSON number."""
    match = _FORM.match(text if isinstance(text, str) else repr(text))
    if match is None or not (match[2] or match[3]):
        raise QuantityError(text)
    sign, whole, decimals, exponent = match[1], match[2], match[3] or "", match[5]
    digits = Fraction(int((whole + decimals)[:200] or "0"), 10 ** len(decimals[: max(0, 200 - len(whole))]))
    scale = _power_of_ten(int(exponent)) if exponent else _SUFFIX[match[6]]
    return -digits * scale if sign == "-" else digits * scale


def _power_of_ten(exponent: int) -> Fraction:
    return Fraction(10) ** max(-_EXPONENT_LIMIT, min(_EXPONENT_LIMIT, exponent))


def rounded_up(amount: Fraction) -> int:
    """`amount` as an integer, rounded up and capped at `MAX`."""
    return min(MAX, -(-amount.numerator // amount.denominator))


class _Memo(dict[str | float, int]):
    """Text -> integer at one scale. Clusters repeat few texts, so a plain dictionary look-up does the work."""

    def __init__(self, scale: int, limit: int = 50_000) -> None:
        self._scale, self._limit = scale, limit

    def __missing__(self, text: str | float) -> int:
        amount = parse(text)
        if amount < 0:
            raise QuantityError(text)
        value = rounded_up(amount * self._scale)
        if len(self) >= self._limit:
            self.clear()
        self[text] = value
        return value


_milli, _base = _Memo(1000), _Memo(1)


def milli(text: str | float) -> int:
    """Thousandths, rounded up: what CPU is counted in."""
    return _milli[text]


def base(text: str | float) -> int:
    """Base units (bytes, pieces), rounded up: what everything but CPU is counted in."""
    return _base[text]


def of(resource: str, text: str | float) -> int:
    """`text` in the unit that `resource` is counted in: millicores for `cpu`, base units for the rest."""
    return _milli[text] if resource == "cpu" else _base[text]
