"""One application on virtual nodes in full: why it is there, what it costs, from when on ECS is cheaper, its pods."""

from collections.abc import Iterable
from fractions import Fraction

from core.analysis.planning import Plan
from core.analysis.serverless import FITS, LIMIT, NEEDS, OVERDUE, Audit, BreakEven, ServerlessApplication, ServerlessPod
from core.kube.timestamps import utc
from core.views import eci, money
from core.views import format as fmt
from core.views.detail import DetailView, Fact
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell


def view(plan: Plan, audit: Audit, name: str, generation: int) -> DetailView | None:
    """The application of that name (`Deployment shop/web`); None when it is not on ECI."""
    one = next((each for each in audit.applications if str(each.application) == name), None)
    if one is None:
        return None
    return DetailView(
        key=ViewKey("eci-owner", name),
        title=name,
        generation=generation,
        as_of=plan.snapshot.as_of,
        facts=tuple(_facts(one, plan, audit)),
        tables=(_pods(one, plan, audit),),
    )


def _facts(one: ServerlessApplication, plan: Plan, audit: Audit) -> Iterable[Fact]:
    costs, prices = one.costs, audit.prices
    limit = "none" if one.limit == float("inf") else fmt.duration(one.limit)
    sums = [money.amount(value, costs.unknown) for value in (costs.so_far, costs.day, costs.month(prices))]
    yield Fact("Verdict", text_cell(eci.verdict(one, plan), Tone.WARNING if one.overdue else Tone.PLAIN))
    if (mute := one.mute) is not None:
        yield Fact("Muted", text_cell(f"until {utc(mute.until)} by {mute.by}: {mute.reason}"), wide=True)
    sentences = {
        "On ECI because of": one.reason.text,
        "Oldest pod": f"{fmt.duration(one.oldest)}, limit {limit} (annotation {LIMIT})",
        "Costs": f"{sums[0]} so far, {sums[1]} a day, {sums[2]} a month, in {prices.currency}",
        "Cheaper on ECS": break_even(one.break_even),
        "What to do": remedy(one),
    }
    yield from (Fact(label, text_cell(text), wide=True) for label, text in sentences.items())


def break_even(even: BreakEven | None) -> str:
    """From which share of a month on."""
    if even is None:
        return "unknown: no price for it"
    parts = [
        f"{words}, {_share(share)}"
        for words, share in (("on a subscription", even.subscription), ("pay-as-you-go", even.pay_as_you_go))
        if share is not None
    ]
    return f"{'; '.join(parts) or 'unknown'} (by {even.by})"


def _share(share: Fraction) -> str:
    return "never" if share > 1 else f"when it runs more than {fmt.percent(float(share))} % of the month"


def remedy(one: ServerlessApplication) -> str:
    """What would put it right, in one sentence."""
    if one.mute is not None:
        return f"nothing until {utc(one.mute.until)[:10]}: it is muted (vacancy unmute)"
    if one.verdict not in (FITS, NEEDS, OVERDUE):
        return "nothing"
    room = {FITS: "", NEEDS: ", after its group has grown", OVERDUE: ", once ECS has room"}[one.verdict]
    if one.application.kind == "Pod":
        return f"nobody starts it anew: run it on ECS{room}"
    if one.reason.bursts:
        return f"restart its rollout: new pods go to ECS{room}; an update in place moves nothing"
    return f"take away what sends it to ECI, then restart its rollout{room}; an update in place moves nothing"


def _pods(one: ServerlessApplication, plan: Plan, audit: Audit) -> TableView:
    currency = audit.prices.currency
    columns = (
        Column("name", "POD", 40, 18, grow=True),
        Column("age", "AGE", 5, align=Align.RIGHT),
        Column("billed", "BILLED", 12, importance=2),
        Column("used", "USED", 14, importance=5),
        Column("so_far", f"{currency} SO FAR", 12, align=Align.RIGHT, importance=3),
        Column("day", f"{currency}/DAY", 10, align=Align.RIGHT, importance=4),
        Column("home", "ECS NODE THAT WOULD TAKE IT", 34, 16, importance=1, grow=True),
    )
    rows = tuple(_pod(each, plan) for each in one.pods)
    return TableView(ViewKey("pods"), "Pods", columns, rows, 0, plan.snapshot.as_of, noun="pods")


def _pod(one: ServerlessPod, plan: Plan) -> Row:
    day = None if one.rate is None else one.rate * 86_400
    cells = (
        text_cell(one.pod.key),
        Cell(fmt.age(one.age), one.age),
        text_cell(eci.size_text(one)),
        text_cell(eci.used([one], plan.snapshot.table("PodMetrics"))),
        *(Cell(money.amount(value), None if value is None else float(value)) for value in (one.so_far, day)),
        text_cell(one.home or ""),
    )
    return Row(one.pod.key, cells, labels=one.pod.labels, opens=ViewKey("pod", one.pod.key))
