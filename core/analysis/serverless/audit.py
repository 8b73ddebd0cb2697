"""All pods on virtual nodes by application: what they cost, how old they are, and what could be done. `audit` is the
whole of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from core.analysis.applications import Application, Applications
from core.analysis.planning import Plan
from core.analysis.prices import SECONDS_A_DAY, SECONDS_AN_HOUR, Prices
from core.analysis.serverless import billing
from core.analysis.serverless.billing import DEFAULT_LIMIT, Limits, Rates, Reason, Reasons
from core.analysis.serverless.home import Expansion, Homes
from core.kube.node import Node
from core.kube.pod import Pod

FINE, OVERDUE, FITS, NEEDS, JOB, NOT_ECI = "fine", "overdue", "fits ECS now", "needs nodes", "job, leave it", "not ECI"
"""Verdicts on an application's pods."""
_JOBS = ("Job", "CronJob")
_OWNER_LABELS = ("vacancy/owner", "owner", "team")


@dataclass(frozen=True, slots=True)
class ServerlessPod:
    """One pod. `rate`: money a second, None unknown. `home`: the ECS node that would take it now."""

    pod: Pod
    age: float | None
    """Seconds."""
    rate: Fraction | None
    home: str | None = None

    @property
    def so_far(self) -> Fraction | None:
        """Since it was created: ECI bills from the pull of its images on."""
        return None if self.rate is None or self.age is None else self.rate * Fraction(int(self.age))


@dataclass(frozen=True, slots=True)
class Costs:
    """Sums over pods, in the table's currency; `unknown`: pods without a known price, which are not in the sums."""

    so_far: Fraction = Fraction(0)
    second: Fraction = Fraction(0)
    unknown: int = 0

    @property
    def day(self) -> Fraction:
        return self.second * SECONDS_A_DAY

    def month(self, prices: Prices) -> Fraction:
        return self.second * prices.seconds_a_month


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From which share of a month on ECS is cheaper: 0.5 is half of it. `by`: what it was computed from."""

    subscription: Fraction | None
    pay_as_you_go: Fraction | None
    by: str


@dataclass(frozen=True, slots=True)
class ServerlessApplication:
    """The pods of one application on virtual nodes, oldest first."""

    application: Application
    team: str
    reason: Reason
    limit: float
    pods: tuple[ServerlessPod, ...]
    verdict: str
    costs: Costs
    expansion: Expansion | None = None
    break_even: BreakEven | None = None

    @property
    def oldest(self) -> float | None:
        return max((one.age for one in self.pods if one.age is not None), default=None)

    @property
    def overdue(self) -> bool:
        return self.oldest is not None and self.oldest > self.limit

    @property
    def homes(self) -> int:
        """How many of the pods fit on ECS now."""
        return sum(one.home is not None for one in self.pods)


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything about the pods on virtual nodes, oldest application first, dearest among equals."""

    applications: tuple[ServerlessApplication, ...]
    prices: Prices
    costs: Costs


def audit(plan: Plan, prices: Prices, default_limit: float = DEFAULT_LIMIT) -> Audit:
    """The audit of a plan's snapshot. Pure; to be called off the event loop."""
    found = _found(plan, prices, default_limit)
    candidates = [one for one in found if _may_come(one)]
    pods = {one.application: [each.pod for each in one.pods] for one in candidates}
    homes = Homes(plan, (pod for each in pods.values() for pod in each))
    placed = {name: node for one in candidates for name, node in homes.place(pods[one.application]).items()}
    left = {str(name): missing for name, each in pods.items() if (missing := [p for p in each if p.key not in placed])}
    grown = homes.expansions(left)
    done = tuple(_judged(one, placed, grown, prices, plan) for one in found)
    return Audit(done, prices, _sum(pod for one in done for pod in one.pods))


def _found(plan: Plan, prices: Prices, default_limit: float) -> list[ServerlessApplication]:
    """By application, not yet judged."""
    snapshot, applications = plan.snapshot, Applications(plan.snapshot)
    reasons, limits, rates = Reasons(snapshot), Limits(snapshot, default_limit), Rates(prices)
    by_application: dict[Application, list[ServerlessPod]] = {}
    for pod in billing.on_virtual(snapshot):
        age = None if pod.created is None else max(0.0, snapshot.as_of - pod.created)
        by_application.setdefault(applications.of(pod), []).append(ServerlessPod(pod, age, rates.of(pod)))
    made = []
    for application, pods in by_application.items():
        pods.sort(key=lambda one: (-(one.age or 0.0), one.pod.key))
        first = pods[0].pod
        reason, limit, costs = reasons.of(first), limits.of(application), _sum(pods)
        made.append(ServerlessApplication(application, _team(first), reason, limit, tuple(pods), FINE, costs))
    return sorted(made, key=lambda one: (-(one.oldest or 0.0), -one.costs.second, one.application))


def _team(pod: Pod) -> str:
    """Who answers for it, as far as annotations and labels tell."""
    said = (pod.annotations.get(name) or pod.labels.get(name) for name in _OWNER_LABELS)
    return next((name for name in said if name), "")


def _may_come(one: ServerlessApplication) -> bool:
    """Whether a home is looked for: too long there, or there only for want of room; never for jobs."""
    wanted = one.overdue or one.reason.bursts
    return wanted and one.application.kind not in _JOBS and billing.is_eci(one.pods[0].pod)


def _judged(
    one: ServerlessApplication, placed: Mapping[str, str], grown: Mapping[str, Expansion], prices: Prices, plan: Plan
) -> ServerlessApplication:
    pods = tuple(ServerlessPod(each.pod, each.age, each.rate, placed.get(each.pod.key)) for each in one.pods)
    expansion = grown.get(str(one.application))
    verdict = _verdict(one, all(each.home for each in pods), expansion)
    home = next((plan.snapshot.nodes[each.home] for each in pods if each.home), None)
    if home is None and expansion is not None:
        home = plan.pending.templates[expansion.group].node
    even = break_even(pods[0].pod, home, prices)
    return ServerlessApplication(
        one.application, one.team, one.reason, one.limit, pods, verdict, one.costs, expansion, even
    )


def _verdict(one: ServerlessApplication, all_fit: bool, expansion: Expansion | None) -> str:
    if not billing.is_eci(one.pods[0].pod):
        return NOT_ECI
    if one.application.kind in _JOBS:
        return JOB
    if not _may_come(one):
        return FINE
    if all_fit:
        return FITS
    if expansion is not None and one.overdue:
        return NEEDS
    return OVERDUE if one.overdue else FINE


def _sum(pods: Iterable[ServerlessPod]) -> Costs:
    so_far = second = Fraction(0)
    unknown = 0
    ages: dict[int, tuple[Fraction, int, int]] = {}
    for one in pods:
        if one.rate is None:
            unknown += 1
        else:
            _, count, age = ages.get(id(one.rate), (one.rate, 0, 0))  # equal rates are mostly the same object
            ages[id(one.rate)] = one.rate, count + 1, age + int(one.age or 0)
    for rate, count, age in ages.values():
        second += rate * count
        so_far += rate * age
    return Costs(so_far, second, unknown)


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
