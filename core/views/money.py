"""Money as text and as numbers for documents. What things cost is computed in core/analysis/prices."""

from fractions import Fraction

UNKNOWN = "unknown"
_DIGITS = 6


def amount(value: Fraction | None, unknown: int = 0) -> str:
    """Two decimals with thousands separated: 1,204.50. Where `unknown` more amounts belong to it, it is
    at least so much: ≥ 1,204.50."""
    if value is None or (unknown and not value):
        return UNKNOWN
    text = f"{float(round(value, 2)):,.2f}"
    return f"≥ {text}" if unknown else text


def number(value: Fraction | None) -> float | None:
    """For documents: to a millionth."""
    return None if value is None else float(round(value, _DIGITS))
