"""What it would save to take nodes away, as a few words and as a document. What it is stands in
core/analysis/scale_in/savings."""

from typing import Any

from core.analysis.planning import Plan
from core.analysis.prices import Prices
from core.analysis.scale_in.savings import Savings, hour
from core.views import format as fmt
from core.views import money


def words(saved: Savings, prices: Prices | str) -> str:
    """`12 cpu, 48Gi memory, ≈ 2.50 CNY an hour`; what is not known is said. Without a table asked for, no money."""
    sizes = f"{fmt.cpu(saved.cpu)} cpu, {fmt.size(saved.memory)} memory"
    if isinstance(prices, str):
        return f"{sizes}, money unknown: {prices}" if prices else sizes
    advance = f"; {len(saved.prepaid)} of them paid in advance" if saved.prepaid else ""
    if len(saved.unknown) == len(saved.nodes):
        return f"{sizes}, money unknown: no price for {'any of them' if saved.nodes[1:] else 'it'}"
    if saved.unknown:
        least = money.amount(saved.hour, len(saved.unknown))
        return f"{sizes}, {least} {prices.currency} an hour (price of {len(saved.unknown)} unknown){advance}"
    return f"{sizes}, ≈ {money.amount(saved.hour)} {prices.currency} an hour{advance}"


def of_node(plan: Plan, name: str, prices: Prices | str) -> str:
    """What an hour less of one node saves: `2.50 CNY`, `unknown`; empty for a node that could not go."""
    if name not in plan.scale_in.together or name not in plan.snapshot.nodes:
        return ""
    if isinstance(prices, str) or (price := hour(plan.snapshot.nodes[name], prices)) is None:
        return money.UNKNOWN
    return f"{money.amount(price)} {prices.currency}"


def document(saved: Savings, prices: Prices | str) -> dict[str, Any]:
    """`hour` is null where some price is unknown; `hourAtLeast` is what the others cost."""
    known = not isinstance(prices, str)
    return {
        "nodes": list(saved.nodes),
        "cpu": saved.cpu,
        "memory": saved.memory,
        "currency": prices.currency if not isinstance(prices, str) else None,
        "hour": money.number(saved.hour) if known and not saved.unknown else None,
        "hourAtLeast": money.number(saved.hour) if known else None,
        "unknownPrices": list(saved.unknown),
        "paidInAdvance": list(saved.prepaid),
    }
