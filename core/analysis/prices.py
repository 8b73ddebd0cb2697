"""What things cost: the price table, and the rates that follow from it, exactly. Who runs what is in serverless.

Source: ECI's price list and billing page (per second, by vCPU and GiB or by machine type); see prices.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from core.errors import InputError

SECONDS_AN_HOUR, SECONDS_A_DAY = 3_600, 86_400
SHIPPED = "the shipped price table"


@dataclass(frozen=True, slots=True)
class Size:
    """What a pod is billed as: `vcpu` and `gib`, or a machine type."""

    vcpu: Fraction = Fraction(0)
    gib: Fraction = Fraction(0)
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """The price of an ECS machine: an hour of pay-as-you-go, a month of subscription. None is unknown."""

    hour: Fraction | None = None
    month: Fraction | None = None


@dataclass(frozen=True)
class Prices:
    """All that is known. Money is in `currency`, exact."""

    currency: str
    as_of: str
    source: str
    hours_a_month: Fraction
    default_category: str
    categories: Mapping[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """Category -> price of a vCPU second and of a GiB second."""
    types: Mapping[str, Fraction] = field(default_factory=dict)
    """Machine type -> price a second on ECI."""
    spot_share: Mapping[str, Fraction] = field(default_factory=dict)
    machines: Mapping[str, Machine] = field(default_factory=dict)
    subscription_share: Fraction | None = None

    @property
    def seconds_a_month(self) -> Fraction:
        return self.hours_a_month * SECONDS_AN_HOUR

    def list_rate(self, size: Size, category: str = "") -> Fraction | None:
        """What ECI's list says for a second of this size; None where the table doesn't tell."""
        if size.machine:
            return self.types.get(size.machine)
        prices = self.categories.get(category or self.default_category)
        return None if prices is None else size.vcpu * prices[0] + size.gib * prices[1]

    def rate(self, size: Size, category: str = "", spot: str = "") -> Fraction | None:
        """What a second costs, spot considered."""
        listed = self.list_rate(size, category)
        if not spot or spot == "NoSpot" or listed is None:
            return listed
        share = self.spot_share.get(spot)
        return None if share is None else listed * share


def parse(text: str, name: str) -> Prices:
    """A table in the form of prices.toml. Raises InputError, with `name` for the person."""
    try:
        return _prices(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: not a price table: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{name}: not a price table: {error!r}; compare it with the shipped prices.toml") from error


@cache
def shipped() -> Prices:
    """The table that comes with this program."""
    return parse(files("core.analysis").joinpath("prices.toml").read_text(encoding="utf-8"), SHIPPED)


def _prices(table: Mapping[str, Any]) -> Prices:
    eci, ecs = table.get("eci", {}), table.get("ecs", {})
    as_of, share = table.get("as_of", ""), ecs.get("subscription_share")
    return Prices(
        currency=str(table["currency"]),
        as_of=as_of.isoformat() if isinstance(as_of, date) else str(as_of),
        source=str(table.get("source", "")),
        hours_a_month=_money(table.get("hours_a_month", 730)),
        default_category=str(eci.get("default_category", "general")),
        categories={
            name: (_money(row["vcpu_second"]), _money(row["gib_second"]))
            for name, row in eci.get("categories", {}).items()
        },
        types={name: _money(price) for name, price in eci.get("types", {}).items()},
        spot_share={name: _money(price) for name, price in eci.get("spot_share", {}).items()},
        machines={name: _machine(row) for name, row in ecs.get("types", {}).items()},
        subscription_share=None if share is None else _money(share),
    )


def _machine(row: Mapping[str, Any]) -> Machine:
    hour, month = row.get("hour"), row.get("month")
    return Machine(None if hour is None else _money(hour), None if month is None else _money(month))


def _money(value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError(f"{value!r} is not a price")
    amount = Fraction(value)
    if amount < 0:
        raise ValueError(f"{value} is below zero")
    return amount
