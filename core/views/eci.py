"""The ECI view: who runs on virtual nodes, for how long, what it costs and what to do about it. What is found out is in
core/analysis/serverless; one application in full is in eci_detail."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from core.analysis.pending.estimator import all_requests
from core.analysis.planning import Plan
from core.analysis.serverless import (
    FINE,
    FITS,
    JOB,
    NEEDS,
    NOT_ECI,
    OVERDUE,
    Audit,
    Costs,
    ServerlessApplication,
    ServerlessPod,
    billing,
    seconds,
)
from core.kube.metrics import PodMetrics
from core.views import format as fmt
from core.views import money
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

__all__ = ["GROUPS", "columns", "headlines", "seconds", "verdict", "view"]

GROUPS = ("", "namespace", "team")
RANK = (OVERDUE, FITS, NEEDS, FINE, JOB, NOT_ECI)
_TONES = {OVERDUE: Tone.WARNING, FITS: Tone.GOOD, NEEDS: Tone.WARNING}
_RIGHT = Align.RIGHT


def view(plan: Plan, audit: Audit, key: ViewKey, generation: int) -> TableView:
    """The whole table, oldest first, dearest among equals; rolled up by namespace or team where the key says so."""
    now, prices = plan.snapshot.as_of, audit.prices
    rows = [_row(one, plan, audit) for one in audit.applications]
    if key.group_by in GROUPS[1:]:
        rows = list(_rolled(rows, audit, key.group_by))
    return TableView(
        key=key,
        title="ECI",
        columns=columns(prices.currency),
        rows=tuple(rows),
        generation=generation,
        as_of=now,
        totals=_totals(audit),
        group_choices=GROUPS,
        noun="owners",
        empty="No pod runs on a virtual node.",
        notes=headlines(audit),
    )


def columns(currency: str) -> tuple[Column, ...]:
    """The columns, with money in this currency."""
    return (
        Column("name", "OWNER", 34, 18, grow=True, hotkey="N", describes="The top of the owner chain."),
        Column("team", "TEAM", 14, 8, importance=6, hotkey="T", describes="Annotation vacancy/owner, label team."),
        Column("pods", "PODS", 5, align=_RIGHT, hotkey="P", describes="Pods on virtual nodes."),
        Column("oldest", "OLDEST", 6, align=_RIGHT, hotkey="A", describes="Age of the oldest of them."),
        Column("limit", "LIMIT", 5, align=_RIGHT, importance=7, describes="How long they may stay."),
        Column("billed", "BILLED", 11, 8, importance=4, describes="What one of them is billed as."),
        Column("asks", "ASKS", 14, 10, importance=8, describes="What one of them requests."),
        Column("used", "USED", 14, 10, importance=9, describes="What one of them uses, on average."),
        Column("so_far", f"{currency} SO FAR", 12, 10, align=_RIGHT, importance=5, hotkey="C",
               describes="Since they were created."),
        Column("day", f"{currency}/DAY", 11, 9, align=_RIGHT, importance=3, hotkey="D", describes="At this rate."),
        Column("month", f"{currency}/MONTH", 12, 10, align=_RIGHT, importance=2, hotkey="M", describes="At this rate."),
        Column("verdict", "VERDICT", 24, 14, importance=1, hotkey="V", describes="What to do about it."),
        Column("because", "THERE BECAUSE OF", 40, 16, importance=10, grow=True, describes="What sends them to ECI."),
    )  # fmt: skip


def _row(one: ServerlessApplication, plan: Plan, audit: Audit) -> Row:
    first = one.pods[0].pod
    identity = str(one.application)
    old = Tone.WARNING if one.overdue else Tone.PLAIN
    cells = (
        text_cell(identity),
        text_cell(one.team),
        Cell(fmt.count(len(one.pods)), len(one.pods)),
        Cell(fmt.age(one.oldest), one.oldest, old),
        Cell(fmt.age(one.limit) if one.limit != float("inf") else "none", one.limit),
        text_cell(billed(one.pods)),
        text_cell(_amounts(all_requests([first], "cpu"), all_requests([first], "memory"))),
        text_cell(used(one.pods, plan)),
        *_money(one.costs, audit),
        Cell(verdict(one, plan), RANK.index(one.verdict), _TONES.get(one.verdict, Tone.PLAIN)),
        text_cell(one.reason.text),
    )
    return Row(identity, cells, labels=first.labels, opens=ViewKey("eci-owner", identity))


def billed(pods: Sequence[ServerlessPod]) -> str:
    """The billed sizes, the most frequent first."""
    specs = Counter(one.pod.annotations.get(f"{billing.ECI}instance-spec", "") for one in pods)
    samples = {one.pod.annotations.get(f"{billing.ECI}instance-spec", ""): one for one in pods}
    found = Counter({size_text(samples[spec]): count for spec, count in specs.items()})
    most = found.most_common(2)
    return ", ".join(text for text, _ in most) + (f" +{len(found) - 2}" if len(found) > 2 else "")


def size_text(one: ServerlessPod) -> str:
    """`4-8Gi`, or the machine type."""
    size = billing.size(one.pod) if billing.is_eci(one.pod) else None
    if size is None:
        return "unknown"
    return size.machine or f"{float(size.vcpu):g}-{float(size.gib):g}Gi"


def used(pods: Sequence[ServerlessPod], plan: Plan) -> str:
    """The mean of what was measured; "-" where nothing was."""
    metrics = plan.snapshot.table("PodMetrics")
    known: list[PodMetrics] = [found for one in pods if (found := metrics.get(one.pod.key)) is not None]
    if not known:
        return fmt.NONE
    usage = [one.usage for one in known]
    return _amounts(*(sum(row.get(name, 0) for row in usage) // len(usage) for name in ("cpu", "memory")))


def _amounts(cpu: int, memory: int) -> str:
    return f"{fmt.cpu(cpu)} {fmt.size(memory)}"


def _money(costs: Costs, audit: Audit) -> tuple[Cell, ...]:
    values = (costs.so_far, costs.day, costs.month(audit.prices))
    return tuple(_cost(value, costs.unknown) for value in values)


def _cost(value: Fraction, unknown: int) -> Cell:
    text = money.amount(value, unknown)
    return Cell(text, None if text == money.UNKNOWN else float(value))


def verdict(one: ServerlessApplication, plan: Plan) -> str:
    """The verdict with its figures: `needs 2 nodes of web`, `overdue, 1 of 3 fit ECS now`."""
    grown = one.expansion
    if one.verdict == NEEDS and grown is not None:
        missing = len(one.pods) - one.homes
        part = f" for {grown.pods} of {missing}" if grown.pods < missing else ""
        group = plan.snapshot.groups[grown.group].name
        return f"needs {grown.nodes} node{'s' * (grown.nodes != 1)} of {group}{part}"
    if one.verdict in (OVERDUE, FINE) and one.homes:
        return f"{one.verdict}, {one.homes} of {len(one.pods)} fit ECS now"
    return one.verdict


def _rolled(rows: Iterable[Row], audit: Audit, by: str) -> Iterable[Row]:
    members: dict[str, list[tuple[Row, ServerlessApplication]]] = {}
    for row, one in zip(rows, audit.applications, strict=True):
        name = one.application.namespace if by == "namespace" else one.team or "(nobody)"
        members.setdefault(name, []).append((row, one))
    for name, found in members.items():
        identity = f"{by}:{name}"
        yield _sum_row(identity, name, [one for _, one in found], audit)
        for row, _ in found:
            yield Row(row.id, row.cells, parent=identity, depth=1, labels=row.labels, opens=row.opens)


def _sum_row(identity: str, name: str, found: Sequence[ServerlessApplication], audit: Audit) -> Row:
    oldest = max((one.oldest for one in found if one.oldest is not None), default=None)
    costs = Costs(
        sum((one.costs.so_far for one in found), Fraction(0)),
        sum((one.costs.second for one in found), Fraction(0)),
        sum(one.costs.unknown for one in found),
    )
    pods = sum(len(one.pods) for one in found)
    blank = Cell("")
    head = (text_cell(name), blank, Cell(fmt.count(pods), pods), Cell(fmt.age(oldest), oldest))
    overdue = sum(one.overdue for one in found)
    end = (Cell(f"{overdue} of {len(found)} overdue" if overdue else "", overdue), blank)
    return Row(identity, (*head, *[blank] * 4, *_money(costs, audit), *end), group=True)


def _totals(audit: Audit) -> Row | None:
    if not audit.applications:
        return None
    return _sum_row("totals", _many(len(audit.applications), "owner"), audit.applications, audit)


def headlines(audit: Audit) -> tuple[str, ...]:
    """What the screen says above the table: the sums, what could come home, and which prices were used."""
    if not audit.applications:
        return ()
    prices, costs, found = audit.prices, audit.costs, audit.applications
    pods = sum(len(one.pods) for one in found)
    month = money.amount(costs.month(prices), costs.unknown)
    overdue = sum(one.overdue for one in found)
    return (
        f"on virtual nodes: {_many(pods, 'pod')} of {_many(len(found), 'owner')}, {overdue} overdue, "
        f"{month} {prices.currency} a month{_unpriced(costs)}; {_coming(found, audit)}",
        f"prices of {prices.as_of}: {prices.source}; a month is {float(prices.hours_a_month):g} hours",
    )


def _many(number: int, word: str) -> str:
    return f"{fmt.count(number)} {word}{'s' * (number != 1)}"


def _unpriced(costs: Costs) -> str:
    return f" ({_many(costs.unknown, 'pod')} without a known price)" if costs.unknown else ""


def _coming(found: Iterable[ServerlessApplication], audit: Audit) -> str:
    """How much of it ECS has room for."""
    home = [pod for one in found for pod in one.pods if pod.home is not None]
    second = sum((pod.rate for pod in home if pod.rate is not None), Fraction(0))
    month = money.amount(second * audit.prices.seconds_a_month)
    return f"{_many(len(home), 'pod')} could be on ECS now, {month} a month less"
