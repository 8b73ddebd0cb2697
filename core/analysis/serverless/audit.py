"""All pods on virtual nodes by application: what they cost, how old they are, and what could be done. `audit` is the
whole of it. What is alike is worked out once: there may be 50,000 owners of one pod each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import msgspec

from core.analysis.applications import Application, Applications
from core.analysis.planning import Plan
from core.analysis.prices import SECONDS_A_DAY, Prices
from core.analysis.serverless import billing, worth
from core.analysis.serverless.billing import DEFAULT_LIMIT, Limits, Rates, Reason, Reasons
from core.analysis.serverless.home import Expansion, Homes
from core.analysis.serverless.mutes import Mute, Mutes
from core.analysis.serverless.worth import BreakEven
from core.garbage import no_collection
from core.kube.node import Node
from core.kube.pod import Pod

FINE, OVERDUE, FITS, NEEDS, JOB, NOT_ECI = "fine", "overdue", "fits ECS now", "needs nodes", "job, leave it", "not ECI"
MUTED = "muted"
"""Verdicts on an application's pods."""
ASKED = ""
"""No verdict yet: the engine is asked where its pods could go."""
_JOBS = ("Job", "CronJob")
_OWNER_LABELS = ("vacancy/owner", "owner", "team")
_NOTHING = Fraction(0)


class ServerlessPod(msgspec.Struct, frozen=True, gc=False):
    """One pod. `rate`: money a second, None unknown. `home`: the ECS node that would take it now."""

    pod: Pod
    age: float | None
    """Seconds."""
    rate: Fraction | None
    home: str | None = None

    @property
    def so_far(self) -> Fraction | None:
        """Since it was created: ECI bills from the pull of its images on."""
        return None if self.rate is None or self.age is None else self.rate * int(self.age)


class Costs(msgspec.Struct, frozen=True, gc=False):
    """Sums over pods, in the table's currency: `second` is money a second, `accrued` rates and for how many seconds;
    `unknown`: pods without a known price, which are not in the sums."""

    accrued: tuple[tuple[Fraction, int], ...] = ()
    second: Fraction = _NOTHING
    unknown: int = 0

    @property
    def so_far(self) -> Fraction:
        return sum((rate * seconds for rate, seconds in self.accrued), _NOTHING)

    @property
    def day(self) -> Fraction:
        return self.second * SECONDS_A_DAY

    def month(self, prices: Prices) -> Fraction:
        return self.second * prices.seconds_a_month


class ServerlessApplication(msgspec.Struct, frozen=True, gc=False):
    """The pods of one application on virtual nodes, oldest first. `against`: the ECS machine that would take them."""

    application: Application
    team: str
    reason: Reason
    limit: float
    pods: tuple[ServerlessPod, ...]
    oldest: float | None
    verdict: str
    costs: Costs
    prices: Prices
    expansion: Expansion | None = None
    against: Node | None = None
    mute: Mute | None = None

    @property
    def overdue(self) -> bool:
        """Whether one of the pods is there for too long, and that counts."""
        return self.mute is None and self.oldest is not None and self.oldest > self.limit

    @property
    def homes(self) -> int:
        """How many of the pods fit on ECS now."""
        return sum(one.home is not None for one in self.pods)

    @property
    def break_even(self) -> BreakEven | None:
        """From when on ECS is cheaper for one of the pods."""
        return worth.break_even(self.pods[0].pod, self.against, self.prices)


@dataclass(frozen=True)
class Audit:
    """Everything about the pods on virtual nodes, oldest application first, dearest among equals."""

    applications: tuple[ServerlessApplication, ...]
    prices: Prices

    @cached_property
    def costs(self) -> Costs:
        """The sums over everything."""
        return total(pod for one in self.applications for pod in one.pods)


def audit(plan: Plan, prices: Prices, default_limit: float = DEFAULT_LIMIT) -> Audit:
    """The audit of a plan's snapshot. Pure; to be called off the event loop."""
    with no_collection():
        return _audit(plan, prices, default_limit)


def _audit(plan: Plan, prices: Prices, default_limit: float) -> Audit:
    found = _found(plan, prices, default_limit)
    coming = [one for one in found if one.verdict == ASKED]
    homes = Homes(plan, (each.pod for one in coming for each in one.pods))
    placed = homes.place(each.pod for one in coming for each in one.pods)
    left = {one.application: missing for one in coming if (missing := _without(one.pods, placed))}
    grown = homes.expansions(left)
    homes.done()
    judged = (_judged(one, placed, grown.get(one.application), plan) if one.verdict == ASKED else one for one in found)
    return Audit(tuple(judged), prices)


def _without(pods: Sequence[ServerlessPod], placed: Mapping[str, str]) -> list[Pod]:
    return [one.pod for one in pods if one.pod.key not in placed]


def _found(plan: Plan, prices: Prices, default_limit: float) -> list[ServerlessApplication]:
    """By application, not yet judged."""
    snapshot, of = plan.snapshot, Applications(plan.snapshot).of
    rates, as_of = Rates(prices).of, snapshot.as_of
    by_application: dict[Application, list[ServerlessPod]] = {}
    for pod in billing.on_virtual(snapshot):
        age = None if pod.created is None else max(0.0, as_of - pod.created)
        by_application.setdefault(of(pod), []).append(ServerlessPod(pod, age, rates(pod)))
    reasons, limits, mutes = Reasons(snapshot).of, Limits(snapshot, default_limit).of, Mutes(snapshot).of
    made = []
    for application, pods in by_application.items():
        if len(pods) > 1:
            pods.sort(key=lambda one: (-(one.age or 0.0), one.pod.key))
        first = pods[0].pod
        oldest = pods[0].age or next((one.age for one in pods if one.age is not None), None)
        reason, limit, mute = reasons(first), limits(application), mutes(application)
        verdict = _unasked(application, first, reason.bursts or (oldest is not None and oldest > limit))
        team, costs = _team(first), total(pods)
        made.append(
            ServerlessApplication(
                application,
                team,
                reason,
                limit,
                tuple(pods),
                oldest,
                verdict if mute is None else MUTED,
                costs,
                prices,
                mute=mute,
            )
        )
    return sorted(made, key=lambda one: (-(one.oldest or 0.0), -float(one.costs.second), one.application))


def _unasked(application: Application, pod: Pod, wanted: bool) -> str:
    """The verdict, where it is clear without asking the engine: a home is looked for when pods are there for too long,
    or only for want of room; never for jobs."""
    if not billing.is_eci(pod):
        return NOT_ECI
    if application.kind in _JOBS:
        return JOB
    return ASKED if wanted else FINE


def _team(pod: Pod) -> str:
    """Who answers for it, as far as annotations and labels tell."""
    notes, labels = pod.annotations, pod.labels
    for name in _OWNER_LABELS:
        if said := notes.get(name) or labels.get(name):
            return said
    return ""


def _judged(
    one: ServerlessApplication, placed: Mapping[str, str], expansion: Expansion | None, plan: Plan
) -> ServerlessApplication:
    pods = one.pods
    homes = [placed.get(each.pod.key) for each in pods]
    home = next(filter(None, homes), None)
    against = plan.snapshot.nodes[home] if home is not None else None
    if against is not None:
        pods = tuple(ServerlessPod(each.pod, each.age, each.rate, at) for each, at in zip(pods, homes, strict=True))
    elif expansion is not None:
        against = plan.pending.templates[expansion.group].node
    verdict = _verdict(one, None not in homes, expansion)
    return msgspec.structs.replace(one, pods=pods, verdict=verdict, expansion=expansion, against=against)


def _verdict(one: ServerlessApplication, all_fit: bool, expansion: Expansion | None) -> str:
    if all_fit:
        return FITS
    if expansion is not None and one.overdue:
        return NEEDS
    return OVERDUE if one.overdue else FINE


def total(pods: Iterable[ServerlessPod]) -> Costs:
    """What pods cost together. Equal rates are mostly the same object, and are multiplied once."""
    unknown = 0
    if isinstance(pods, list) and len(pods) == 1 and (only := pods[0]).rate is not None:  # as most are
        return Costs(((only.rate, int(only.age or 0)),), only.rate)
    rates: dict[int, tuple[Fraction, int, int]] = {}
    for one in pods:
        if one.rate is None:
            unknown += 1
        else:
            _, count, age = rates.get(id(one.rate), (one.rate, 0, 0))
            rates[id(one.rate)] = one.rate, count + 1, age + int(one.age or 0)
    accrued = tuple((rate, age) for rate, _, age in rates.values())
    return Costs(accrued, sum((rate * count for rate, count, _ in rates.values()), _NOTHING), unknown)
