"""What it would save to take nodes away: what they hold, and what they cost by the price table. Which nodes could go is
in judgement."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.analysis.prices import Machine, Prices
from core.analysis.vendors.nodes_kept import prepaid
from core.kube.node import Node

SPOT_LABEL = "node.alibabacloud.com/spot-strategy"


@dataclass(frozen=True, slots=True)
class Savings:
    """`cpu` (millicores) and `memory` (bytes) allocatable. `hour`: what an hour of the nodes with a known price costs,
    in the table's currency; `unknown`: the others. `prepaid`: paid in advance, so taking them away saves no money."""

    nodes: tuple[str, ...]
    cpu: int
    memory: int
    hour: Fraction
    unknown: tuple[str, ...]
    prepaid: tuple[str, ...]


def of(nodes: Iterable[Node], prices: Prices | None) -> Savings:
    """Of all these nodes together. Without a price table no price is known."""
    found = list(nodes)
    hours = {node.name: hour(node, prices) for node in found}
    return Savings(
        nodes=tuple(hours),
        cpu=sum(node.allocatable.get("cpu", 0) for node in found),
        memory=sum(node.allocatable.get("memory", 0) for node in found),
        hour=sum((price for price in hours.values() if price is not None), Fraction(0)),
        unknown=tuple(name for name, price in hours.items() if price is None),
        prepaid=tuple(node.name for node in found if prepaid(node)),
    )


def hour(node: Node, prices: Prices | None) -> Fraction | None:
    """What an hour less of the node saves; None when its price is not known, as with spot instances."""
    if prepaid(node):
        return Fraction(0)
    if prices is None or node.labels.get(SPOT_LABEL, "NoSpot") not in ("", "NoSpot"):
        return None
    return prices.machines.get(node.instance_type, Machine()).hour
