"""Money as text and as numbers for documents. What things cost is computed in core/analysis/prices."""

from fractions import Fraction

UNKNOWN = "unknown"
_DIGITS = 6


def amount(value: Fraction | None, unknown: int = 0) -> str:
    """Two decimals with thousands separated: 1,204.50. Where `unknown` more amounts belong to it, it is
    at least so much: ≥ 1,204.50."""
    if value is None or (unknown and not value):
        return UNKNOWN
    text = decimal(value.numerator, value.denominator)
    return f"≥ {text}" if unknown else text


def decimal(above: int, below: int) -> str:
    """A fraction in two decimals, rounded half to even, in whole numbers: exact however large, and cheap for 50,000
    rows."""
    hundredths, rest = divmod(abs(above) * 100, below)
    doubled = 2 * rest - below
    hundredths += doubled > 0 or (doubled == 0 and hundredths % 2)
    return f"{'-' * (above < 0 < hundredths)}{hundredths // 100:,}.{hundredths % 100:02d}"


def number(value: Fraction | None) -> float | None:
    """For documents: to a millionth."""
    return None if value is None else float(round(value, _DIGITS))
