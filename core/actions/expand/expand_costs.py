"""What machines cost, those that a group would add and those that are there: by the price table, else by what ECS
itself says (DescribePrice). A price that nobody tells is unknown, never nothing."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from core.actions.cloud import Cloud
from core.analysis.prices import Prices
from core.clients.alibaba import CloudError
from core.cluster.group import Group

SUBSCRIPTION = "PrePaid"
HOURS_A_MONTH = Fraction(730)
"""Where there is no price table that says."""


@dataclass(frozen=True)
class Cost:
    """Money for all machines together; None is unknown. `source` says who told, or why nobody did."""

    currency: str = ""
    hour: Fraction | None = None
    month: Fraction | None = None
    source: str = ""


async def cost(cloud: Cloud, prices: Prices | None, group: Group, more: int) -> Cost:
    """Of `more` machines of the type that ESS tries first. A month of pay-as-you-go has the hours that the price table
    says."""
    kind = next(iter(group.template.instance_types), "")
    if not kind:
        return Cost(source="nobody says which machine type it would be")
    one = await of_machine(cloud, prices, kind, group.template.charge_type, group.template.spot_strategy)
    hour = one.hour * more if one.hour is not None else None
    month = one.month * more if one.month is not None else None
    return Cost(one.currency, hour, month if hour is None else hour * hours(prices), one.source)


def hours(prices: Prices | None) -> Fraction:
    """Of a month."""
    return prices.hours_a_month if prices is not None else HOURS_A_MONTH


async def of_machine(cloud: Cloud, prices: Prices | None, kind: str, charge: str, spot: str = "") -> Cost:
    """One machine of a type: an hour of it, or a month where it is paid in advance."""
    subscription, spot = charge == SUBSCRIPTION, "" if spot == "NoSpot" else spot
    return _by_table(prices, kind, subscription, spot) or await _by_ecs(cloud, kind, subscription, spot)


def _by_table(prices: Prices | None, kind: str, subscription: bool, spot: str) -> Cost | None:
    machine = prices.machines.get(kind) if prices is not None else None
    if prices is None or machine is None or spot:
        return None
    source = f"price table of {prices.as_of}"
    if subscription:
        return Cost(prices.currency, None, machine.month, source) if machine.month is not None else None
    return Cost(prices.currency, machine.hour, None, source) if machine.hour is not None else None


async def _by_ecs(cloud: Cloud, kind: str, subscription: bool, spot: str) -> Cost:
    wanted: dict[str, Any] = {"instance_type": kind, "price_unit": "Month" if subscription else "Hour", "period": 1}
    if spot and not subscription:
        wanted["spot_strategy"] = spot
    try:
        body = await cloud.reader.ecs.ask("describe_price", resource_type="instance", **wanted)
    except CloudError as error:
        return Cost(source=f"no price of {kind} in the price table, and {error}")
    info = body.get("PriceInfo")
    price = info.get("Price") if isinstance(info, dict) else None
    price = price if isinstance(price, dict) else {}
    each = _money(price.get("TradePrice"))
    currency = str(price.get("Currency") or "")
    if each is None:
        return Cost(source=f"neither the price table nor ECS tells a price of {kind}")
    return Cost(currency, None if subscription else each, each if subscription else None, "ECS DescribePrice")


def _money(value: object) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Fraction(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return amount if amount >= 0 else None
