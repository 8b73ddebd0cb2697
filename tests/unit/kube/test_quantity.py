"""Quantities are exact, rounded up, capped, and never negative."""

import random
from fractions import Fraction

import pytest

from core.kube import quantity

EXAMPLES = {
    "0": (0, 0),
    "1": (1000, 1),
    "100m": (100, 1),
    "1500m": (1500, 2),
    "1.5": (1500, 2),
    ".5": (500, 1),
    "5.": (5000, 5),
    "1n": (1, 1),
    "1u": (1, 1),
    "0.0001": (1, 1),
    "2Gi": (2**31 * 1000, 2**31),
    "1k": (10**6, 1000),
    "1e3": (10**6, 1000),
    "1E3": (10**6, 1000),
    "1E": (quantity.MAX, 10**18),
    "12e-1": (1200, 2),
    "+1": (1000, 1),
    "8Ei": (quantity.MAX, quantity.MAX),
    "1e9999": (quantity.MAX, quantity.MAX),
    "1e-9999": (1, 1),
}


@pytest.mark.parametrize(("text", "amounts"), EXAMPLES.items())
def test_texts_become_integers_rounded_up(text: str, amounts: tuple[int, int]) -> None:
    assert (quantity.milli(text), quantity.base(text)) == amounts


@pytest.mark.parametrize(
    "text", ["", " ", "1 Gi", "Gi", "1gi", "-1", "1e", "1.2.3", "0x10", "NaN", "inf", "١", "1" + "m" * 9]
)
def test_what_is_no_amount_is_refused_by_name(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match="is not an amount"):
        quantity.milli(text)


def test_numbers_of_json_are_amounts_too() -> None:
    assert quantity.milli(2) == 2000
    assert quantity.base(1.5) == 2


def test_random_decimals_round_up_like_fractions() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        whole, decimals, suffix = chance.randrange(10**6), chance.randrange(10**6), chance.choice(["", "m", "k", "Mi"])
        scale = {"": Fraction(1), "m": Fraction(1, 1000), "k": Fraction(1000), "Mi": Fraction(2**20)}[suffix]
        exact = Fraction(f"{whole}.{decimals:06d}") * scale * 1000
        assert quantity.milli(f"{whole}.{decimals:06d}{suffix}") == -(-exact.numerator // exact.denominator)


def test_cpu_counts_in_millicores_and_the_rest_in_base_units() -> None:
    assert quantity.of("cpu", "2") == 2000
    assert quantity.of("nvidia.com/gpu", "2") == 2
