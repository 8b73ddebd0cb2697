"""The ECI view: who runs on virtual nodes, for how long, what it costs and what to do about it. What is found out is in
core/analysis/serverless; one application in full is in eci_detail."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from core.analysis.planning import Plan
from core.analysis.prices import Prices
from core.analysis.serverless import (
    FINE,
    FITS,
    JOB,
    MUTED,
    NEEDS,
    NOT_ECI,
    OVERDUE,
    Audit,
    Costs,
    ServerlessApplication,
    ServerlessPod,
    billing,
    seconds,
    total,
)
from core.garbage import no_collection
from core.kube.metrics import PodMetrics
from core.kube.pod import Shape
from core.kube.timestamps import utc
from core.views import format as fmt
from core.views import money
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell
from core.views.text import sanitise

__all__ = ["GROUPS", "columns", "headlines", "seconds", "verdict", "view"]

GROUPS = ("", "namespace", "team")
RANK = (OVERDUE, FITS, NEEDS, FINE, MUTED, JOB, NOT_ECI)
_TONES = {OVERDUE: Tone.WARNING, FITS: Tone.GOOD, NEEDS: Tone.WARNING}
_RIGHT = Align.RIGHT
_ONE = Cell("1", 1)
_SPEC = f"{billing.ECI}instance-spec"


def view(plan: Plan, audit: Audit, key: ViewKey, generation: int) -> TableView:
    """The whole table, oldest first, dearest among equals; rolled up by namespace or team where the key says so."""
    now, prices = plan.snapshot.as_of, audit.prices
    words = _Words(plan, prices)
    with no_collection():
        rows = [words.row(one) for one in audit.applications]
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


class _Words:
    """The rows of one view. What many rows have in common is put into words once."""

    def __init__(self, plan: Plan, prices: Prices) -> None:
        self._plan, self._prices = plan, prices
        self._usage = plan.snapshot.table("PodMetrics")
        self._rates: dict[tuple[int, int], tuple[Cell, Cell]] = {}
        self._limits: dict[float, Cell] = {}
        self._texts: dict[str, Cell] = {}
        self._sizes: dict[tuple[str, bool], Cell] = {}
        self._requests: dict[int, Cell] = {}
        self._plain = {name: Cell(name, RANK.index(name), _TONES.get(name, Tone.PLAIN)) for name in RANK}

    def row(self, one: ServerlessApplication) -> Row:
        identity = str(one.application)
        pods, costs, first = one.pods, one.costs, one.pods[0].pod
        cells = (
            text_cell(identity),
            self._text(one.team),
            _ONE if len(pods) == 1 else Cell(fmt.count(len(pods)), len(pods)),
            self._age(one),
            self._limit(one.limit),
            self._billed(pods),
            self._asks(first.shape),
            self._text(used(pods, self._usage)),
            _so_far(costs),
            *self._at_this_rate(costs),
            self._verdict(one),
            self._text(one.reason.text),
        )
        return Row(identity, cells, labels=first.labels, opens=ViewKey("eci-owner", identity))

    def _age(self, one: ServerlessApplication) -> Cell:
        """Sorted by when it began, which stands still: a row is another only when its text is."""
        began = None if one.oldest is None else one.oldest - self._plan.snapshot.as_of
        return Cell(fmt.age(one.oldest), began, Tone.WARNING if one.overdue else Tone.PLAIN)

    def _limit(self, limit: float) -> Cell:
        if limit not in self._limits:
            self._limits[limit] = Cell(fmt.age(limit) if limit != float("inf") else "none", limit)
        return self._limits[limit]

    def _text(self, text: str) -> Cell:
        """Of a text that other rows have too."""
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = text_cell(text)
        return found

    def _billed(self, pods: Sequence[ServerlessPod]) -> Cell:
        if len(pods) > 1:
            return text_cell(billed(pods))
        only = pods[0].pod
        spec, is_eci = only.annotations.get(_SPEC, ""), billing.is_eci(only)
        if not spec:
            return text_cell(size_text(pods[0]))
        if (spec, is_eci) not in self._sizes:
            self._sizes[spec, is_eci] = text_cell(size_text(pods[0]))
        return self._sizes[spec, is_eci]

    def _asks(self, shape: Shape) -> Cell:
        if id(shape) not in self._requests:
            self._requests[id(shape)] = text_cell(
                _amounts(shape.requests.get("cpu", 0), shape.requests.get("memory", 0))
            )
        return self._requests[id(shape)]

    def _at_this_rate(self, costs: Costs) -> tuple[Cell, Cell]:
        """A day and a month; rates of single pods are the same objects again and again."""
        key = (id(costs.second), costs.unknown)
        if key not in self._rates:
            values = (costs.day, costs.month(self._prices))
            self._rates[key] = _cost(values[0], costs.unknown), _cost(values[1], costs.unknown)
        return self._rates[key]

    def _verdict(self, one: ServerlessApplication) -> Cell:
        text = verdict(one, self._plan)
        plain = self._plain[one.verdict]
        return plain if text == plain.text else Cell(text, plain.sort, plain.tone)


def billed(pods: Sequence[ServerlessPod]) -> str:
    """The billed sizes, the most frequent first."""
    specs = Counter(one.pod.annotations.get(_SPEC, "") for one in pods)
    samples = {one.pod.annotations.get(_SPEC, ""): one for one in pods}
    found = Counter({size_text(samples[spec]): count for spec, count in specs.items()})
    most = found.most_common(2)
    return ", ".join(text for text, _ in most) + (f" +{len(found) - 2}" if len(found) > 2 else "")


def size_text(one: ServerlessPod) -> str:
    """`4-8Gi`, or the machine type."""
    size = billing.size(one.pod) if billing.is_eci(one.pod) else None
    if size is None:
        return "unknown"
    return size.machine or f"{float(size.vcpu):g}-{float(size.gib):g}Gi"


def used(pods: Sequence[ServerlessPod], metrics: Mapping[str, PodMetrics]) -> str:
    """The mean of what was measured; "-" where nothing was."""
    usage = [found.usage for one in pods if (found := metrics.get(one.pod.key)) is not None] if metrics else []
    if not usage:
        return fmt.NONE
    return _amounts(*(sum(row.get(name, 0) for row in usage) // len(usage) for name in ("cpu", "memory")))


def _amounts(cpu: int, memory: int) -> str:
    return f"{fmt.cpu(cpu)} {fmt.size(memory)}"


def _so_far(costs: Costs) -> Cell:
    """As `_cost`; of a single rate without making a fraction of it first."""
    if len(costs.accrued) != 1 or costs.unknown:
        return _cost(costs.so_far, costs.unknown)
    ((rate, seconds),) = costs.accrued
    above, below = rate.numerator * seconds, rate.denominator
    return Cell(money.decimal(above, below), (above * 100 // below) / 100)  # stands still for as long as the text does


def _cost(value: Fraction, unknown: int) -> Cell:
    text = money.amount(value, unknown)
    return Cell(text, None if text is money.UNKNOWN else value.numerator / value.denominator)


def verdict(one: ServerlessApplication, plan: Plan) -> str:
    """The verdict with its figures: `needs 2 nodes of web`, `overdue, 1 of 3 fit ECS now`."""
    grown = one.expansion
    if one.mute is not None:
        return sanitise(f"muted to {utc(one.mute.until)[5:10]}: {one.mute.reason}")
    if one.verdict == NEEDS and grown is not None:
        missing = len(one.pods) - one.homes
        part = f" for {grown.pods} of {missing}" if grown.pods < missing else ""
        return f"needs {fmt.counted(grown.nodes, 'nodes')} of {plan.snapshot.groups[grown.group].name}{part}"
    if one.verdict in (OVERDUE, FINE) and (homes := one.homes):
        return f"{one.verdict}, {homes} of {len(one.pods)} fit ECS now"
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
    whole = len(found) == len(audit.applications)
    costs = audit.costs if whole else total(pod for one in found for pod in one.pods)
    pods = sum(len(one.pods) for one in found)
    blank = Cell("")
    head = (text_cell(name), blank, Cell(fmt.count(pods), pods), Cell(fmt.age(oldest), oldest))
    overdue = sum(one.overdue for one in found)
    end = (Cell(f"{overdue} of {len(found)} overdue" if overdue else "", overdue), blank)
    values = (costs.so_far, costs.day, costs.month(audit.prices))
    return Row(identity, (*head, *[blank] * 4, *(_cost(value, costs.unknown) for value in values), *end), group=True)


def _totals(audit: Audit) -> Row | None:
    if not audit.applications:
        return None
    return _sum_row("totals", fmt.counted(len(audit.applications), "owners"), audit.applications, audit)


def headlines(audit: Audit) -> tuple[str, ...]:
    """What the screen says above the table: the sums, what could come home, and which prices were used."""
    if not audit.applications:
        return ()
    prices, costs, found = audit.prices, audit.costs, audit.applications
    pods = sum(len(one.pods) for one in found)
    month = money.amount(costs.month(prices), costs.unknown)
    overdue, muted = sum(one.overdue for one in found), sum(one.mute is not None for one in found)
    late = f"{overdue} overdue{f', {muted} muted' if muted else ''}"
    return (
        f"on virtual nodes: {fmt.counted(pods, 'pods')} of {fmt.counted(len(found), 'owners')}, {late}, "
        f"{month} {prices.currency} a month{_unpriced(costs)}; {_coming(found, audit)}",
        f"prices of {prices.as_of}: {prices.source}; a month is {float(prices.hours_a_month):g} hours",
    )


def _unpriced(costs: Costs) -> str:
    return f" ({fmt.counted(costs.unknown, 'pods')} without a known price)" if costs.unknown else ""


def _coming(found: Iterable[ServerlessApplication], audit: Audit) -> str:
    """How much of it ECS has room for."""
    home = [pod for one in found for pod in one.pods if pod.home is not None]
    month = money.amount(total(home).month(audit.prices))
    return f"{fmt.counted(len(home), 'pods')} could be on ECS now, {month} a month less"
