"""Where pods that have to leave would land, by the what-if: on which nodes, on ECI and at what cost, or nowhere."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from core.actions.action_plan import Effect, Finding, Level
from core.analysis.planning import Plan
from core.analysis.prices import SECONDS_A_DAY, Prices, Size
from core.analysis.what_if import drain as drained
from core.analysis.what_if import what_if
from core.kube.pod import Pod

_GIB = 2**30


def effect(before: Plan, nodes: Sequence[str], going: Sequence[Pod], prices: Prices | None) -> Effect:
    """What becomes of these pods when their nodes are drained. Takes as long as a plan: not for the event loop."""
    found = what_if(before, [drained(nodes)])
    keys = {pod.key for pod in going}
    virtual = {node.name for node in before.snapshot.nodes.values() if node.virtual}
    lands = {pod: node for pod, node in found.lands.items() if pod in keys}
    eci = [pod for pod in going if lands.get(pod.key) in virtual]
    return Effect(
        lands=lands,
        waits=tuple(pod for pod in found.displaced if pod in keys),
        lost=tuple(pod for pod in found.lost if pod in keys),
        resizes=tuple((_name(before, one.group), one.before, one.after) for one in found.resize),
        at=before.snapshot.as_of,
        eci=tuple(pod.key for pod in eci),
        eci_a_day=a_day(eci, prices),
        currency=prices.currency if prices is not None else "",
    )


def a_day(pods: Sequence[Pod], prices: Prices | None) -> float | None:
    """What they would cost on ECI in a day, at the least: it bills the next larger size. None: not known."""
    rates = [prices.rate(_size(pod)) if prices is not None else None for pod in pods]
    known = [rate for rate in rates if rate is not None]
    return float(round(sum(known, Fraction(0)) * SECONDS_A_DAY, 2)) if len(known) == len(rates) else None


def _size(pod: Pod) -> Size:
    requests = pod.shape.requests
    return Size(Fraction(requests.get("cpu", 0), 1000), Fraction(requests.get("memory", 0), _GIB))


def _name(before: Plan, group: str) -> str:
    """What a person calls the group."""
    known = before.snapshot.groups.get(group)
    return known.name if known is not None else group


def findings(found: Effect) -> Iterator[Finding]:
    """What a person should know about pods that find no node, or land on ECI."""
    growth = ", ".join(f"{group} from {before} to {after}" for group, before, after in found.resizes)
    hope = f"until the autoscaler grows {growth}" if growth else "until there is room"
    for pod in found.waits:
        yield Finding(Level.WARNING, "WouldWait", pod, f"no other node has room: it would be pending {hope}")
    for pod in found.eci:
        yield Finding(Level.WARNING, "LandsOnEci", pod, "it would run on ECI, where it is billed by the second")
