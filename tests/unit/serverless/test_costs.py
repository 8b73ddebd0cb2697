"""Costs, each recomputed by hand from the price table."""

from fractions import Fraction

import pytest

from core.analysis.prices import parse, shipped
from core.errors import InputError
from core.views import money
from tests.unit.build import node
from tests.unit.serverless.small import DAY, audited, bill, on_eci, only

TABLE = """
currency = "CNY"
as_of = 2026-01-01
hours_a_month = 720
[eci.categories.general]
vcpu_second = 0.0001
gib_second = 0.00001
[eci.types]
"ecs.gn6i-c4g1.xlarge" = 0.0033
[eci.spot_share]
SpotAsPriceGo = 0.3
[ecs.types]
"ecs.g7.xlarge" = { hour = 0.9, month = 324 }
[ecs]
subscription_share = 0.5
"""


@pytest.mark.parametrize(
    ("spec", "category", "second"),
    [
        ("2.0-4.0Gi", "general", "0.00012252"),  # 2 x 0.000049 + 4 x 0.00000613: ECI's own example
        ("2-4Gi", "", "0.00012252"),
        ("4.0-8.0Gi", "economy", "0.00015704"),  # 4 x 0.000027 + 8 x 0.00000613
        ("0.5-1.0Gi", "general", "0.00003063"),
        ("0.25-0.5Gi", "economy", "0.000009815"),
    ],
)
def test_a_second_by_size_and_category(spec: str, category: str, second: str) -> None:
    notes = bill(spec, category=category) if category else bill(spec)
    one = only(audited(on_eci("a", spec, days=2, notes=notes)))
    assert one.costs.second == Fraction(second)
    assert one.costs.day == Fraction(second) * 86_400
    assert one.costs.month(shipped()) == Fraction(second) * 730 * 3_600
    assert one.costs.so_far == Fraction(second) * 2 * 86_400
    assert one.pods[0].so_far == one.costs.so_far


def test_a_month_as_the_screen_prints_it() -> None:
    one = only(audited(on_eci("a", "4-8Gi")))
    assert money.amount(one.costs.month(shipped())) == "643.97"  # 0.00024504 x 2,628,000 = 643.96512


@pytest.mark.parametrize(
    "notes",
    [
        bill("8-16Gi", spot="SpotAsPriceGo"),
        bill("8-16Gi", category="arm"),
        bill("ecs.c7.large"),
        bill("two-four"),
        bill(""),
        bill("-2-4Gi"),
    ],
)
def test_what_the_table_does_not_tell_is_unknown(notes: dict[str, str]) -> None:
    one = only(audited(on_eci("a", notes=notes)))
    assert one.pods[0].rate is None
    assert (one.costs.second, one.costs.unknown) == (Fraction(0), 1)
    assert money.amount(one.costs.day, one.costs.unknown) == "unknown"


def test_sums_keep_the_unknown_apart() -> None:
    found = audited(on_eci("a", "2-4Gi"), on_eci("b", "2-4Gi", notes=bill("2-4Gi", spot="SpotAsPriceGo")))
    assert (found.costs.day, found.costs.unknown) == (Fraction("10.585728"), 1)
    assert money.amount(found.costs.day, found.costs.unknown) == "≥ 10.59"


def test_spot_and_machine_types_from_a_table_of_ones_own() -> None:
    own = parse(TABLE, "own")
    spot = only(audited(on_eci("a", notes=bill("8-16Gi", spot="SpotAsPriceGo")), prices=own))
    assert spot.costs.second == Fraction("0.00096") * Fraction("0.3")  # (8 x 0.0001 + 16 x 0.00001) x 0.3
    machine = only(audited(on_eci("a", notes=bill("ecs.gn6i-c4g1.xlarge")), prices=own))
    assert machine.costs.second == Fraction("0.0033")
    plain = only(audited(on_eci("a", notes=bill("1-2Gi", spot="NoSpot")), prices=own))
    assert plain.costs.second == Fraction("0.00012")
    economy = only(audited(on_eci("a", notes=bill("1-2Gi", category="economy")), prices=own))
    assert economy.costs.unknown == 1


def test_sizes_without_a_specification_come_from_cpu_and_memory() -> None:
    notes = bill("", instance_cpu="2.0", instance_mem="4.0")
    assert only(audited(on_eci("a", notes=notes))).costs.second == Fraction("0.00012252")


def test_break_even_against_the_machine_that_would_take_it() -> None:
    home = node("e", "4", "16Gi", labels={"node.kubernetes.io/instance-type": "ecs.g7.xlarge"})
    one = only(audited(home, on_eci("a", "2-4Gi", cpu="2", memory="4Gi"), prices=parse(TABLE, "own")))
    assert one.break_even is not None
    # half the machine: 162 a month and 0.45 an hour; on ECI 0.00024 a second: 622.08 in 720 hours, 0.864 an hour
    assert one.break_even.subscription == Fraction(162) / Fraction("622.08")
    assert one.break_even.pay_as_you_go == Fraction("0.45") / Fraction("0.864")


def test_break_even_by_the_rule_of_thumb() -> None:
    even = only(audited(on_eci("a", "2-4Gi"))).break_even
    assert even is not None
    assert (even.subscription, even.pay_as_you_go) == (Fraction(1, 2), None)
    assert only(audited(on_eci("a", notes=bill("2-4Gi", spot="SpotAsPriceGo")))).break_even is None


@pytest.mark.parametrize(
    "text",
    ["currency =", "as_of = 2026-01-01", 'currency = "CNY"\n[eci.categories.general]\nvcpu_second = 1',
     'currency = "CNY"\n[eci.types]\nx = -1', 'currency = "CNY"\n[eci.types]\nx = true',
     'currency = "CNY"\n[eci.types]\nx = nan', 'currency = "CNY"\neci = 4'],
)  # fmt: skip
def test_a_bad_table_is_one_clear_line(text: str) -> None:
    with pytest.raises(InputError, match=r"^mine: not a price table"):
        parse(text, "mine")


def test_the_ages_add_up() -> None:
    found = audited(on_eci("s-0", "2-4Gi", days=1), on_eci("s-1", "2-4Gi", days=3))
    assert found.costs.so_far == Fraction("0.00012252") * 4 * DAY


@pytest.mark.parametrize(
    ("value", "text"),
    [("1204.505", "1,204.50"), ("0.015", "0.02"), ("0.025", "0.02"), ("-0.004", "0.00"), ("-1.006", "-1.01"),
     ("99999999999999999.995", "100,000,000,000,000,000.00"), ("0", "0.00")],
)  # fmt: skip
def test_amounts_are_rounded_half_to_even_however_large(value: str, text: str) -> None:
    assert money.amount(Fraction(value)) == text
