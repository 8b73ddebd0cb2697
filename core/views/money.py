"""Money as text and as numbers for documents. What things cost is computed in core/analysis/prices."""

from fractions import Fraction

UNKNOWN = "unknown"
_DIGITS = 6


def amount(value: Fraction | None, unknown: int = 0) -> str:
    """Two decimals with thousands separated: 1,204.50. Where `unknown` more amounts belong to it, it is
    at least so much: ≥ 1,204.50."""
    if value is None or (unknown and not value):
        return UNKNOWN
    text = _decimal(value)
    return f"≥ {text}" if unknown else text


def _decimal(value: Fraction) -> str:
    """Rounded half to even, in whole numbers: exact however large, and cheap for 50,000 rows."""
    hundredths, rest = divmod(abs(value.numerator) * 100, value.denominator)
    doubled = 2 * rest - value.denominator
    hundredths += doubled > 0 or (doubled == 0 and hundredths % 2)
    return f"{'-' * (value.numerator < 0 and hundredths > 0)}{hundredths // 100:,}.{hundredths % 100:02d}"


def number(value: Fraction | None) -> float | None:
    """For documents: to a millionth."""
    return None if value is None else float(round(value, _DIGITS))
