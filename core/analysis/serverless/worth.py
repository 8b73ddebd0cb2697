"""Whether a pod on ECI would be cheaper on ECS, and from when on. Prices are in core/analysis/prices."""

from dataclasses import dataclass
from fractions import Fraction

from core.analysis.prices import SECONDS_AN_HOUR, Prices
from core.analysis.serverless import billing
from core.kube.node import Node
from core.kube.pod import Pod


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From which share of a month on ECS is cheaper: 0.5 is half of it. `by`: what it was computed from."""

    subscription: Fraction | None
    pay_as_you_go: Fraction | None
    by: str


def break_even(pod: Pod, home: Node | None, prices: Prices) -> BreakEven | None:
    """Against a share of the machine that would take the pod, where its price is known; else by the table's rule of
    thumb for subscriptions, which holds for list prices."""
    rate = billing.rate(pod, prices)
    if not rate:
        return None
    machine = prices.machines.get(home.instance_type) if home is not None else None
    if home is None or machine is None:
        return _by_thumb(pod, rate, prices)
    share = _share(pod, home)
    if share is None:
        return None
    month = rate * prices.seconds_a_month
    subscription = None if machine.month is None else machine.month * share / month
    hourly = None if machine.hour is None else machine.hour * share / (rate * SECONDS_AN_HOUR)
    return BreakEven(subscription, hourly, f"{home.instance_type}, {_percent(share)} % of it")


def _by_thumb(pod: Pod, rate: Fraction, prices: Prices) -> BreakEven | None:
    size = billing.size(pod)
    listed = (
        prices.list_rate(size, pod.annotations.get(f"{billing.ECI}instance-compute-category", "")) if size else None
    )
    if listed is None or prices.subscription_share is None:
        return None
    return BreakEven(prices.subscription_share * listed / rate, None, "the table's rule of thumb for subscriptions")


def _share(pod: Pod, home: Node) -> Fraction | None:
    """The part of a machine that the pod's requests book, by the resource that is scarcer."""
    rooms = [
        Fraction(pod.shape.requests.get(name, 0), home.allocatable[name])
        for name in ("cpu", "memory")
        if home.allocatable.get(name, 0) > 0
    ]
    return max(rooms, default=None)


def _percent(share: Fraction) -> int:
    return -(-share.numerator * 100 // share.denominator)
