"""One finding of a check, and one container's size, in full: what was seen, what puts it right, and where each figure
is known from. The tables that lead here are in checks and rightsizing."""

from collections.abc import Iterator, Sequence

from core.analysis.checks import Finding
from core.analysis.planning import Plan
from core.analysis.rightsizing import BY_HISTORY, BY_VPA, RESOURCES, Rightsizing, Sizing
from core.cluster.snapshot import Snapshot
from core.views import checks, manifests, rightsizing
from core.views import format as fmt
from core.views.detail import DetailView, Fact
from core.views.table import Align, Cell, Column, Elide, Row, TableView, Tone, ViewKey, text_cell

_TEXTS = {"cpu": fmt.cpu, "memory": fmt.size}
_POD_COLUMNS = (
    Column("name", "POD", 40, 18, grow=True),
    Column("node", "NODE", 24, 12, importance=3, elide=Elide.START, grow=True),
    Column("cpu", "CPU USED", 8, align=Align.RIGHT, importance=1),
    Column("memory", "MEM USED", 8, align=Align.RIGHT, importance=2),
)


def finding(snapshot: Snapshot, findings: Sequence[Finding], key: ViewKey, generation: int) -> DetailView | None:
    """The finding of that row; None when it is not there any more."""
    one = next((each for each in findings if checks.identity(each) == key.name), None)
    if one is None:
        return None
    facts = (
        Fact("What is wrong", text_cell(one.check, Tone.WARNING), wide=True),
        Fact("Seen", text_cell(one.reason), wide=True),
        Fact("What puts it right", text_cell(one.remedy), wide=True),
    )
    tables = (checks.hpa_view(snapshot, about=one.object),)
    return DetailView(key, f"{one.kind} {one.object}", generation, snapshot.as_of, facts, tables)


def sizing(plan: Plan, found: Rightsizing, key: ViewKey, generation: int) -> DetailView | None:
    """The container of that row; None when it is not there any more."""
    one = next((each for each in found.items if rightsizing.identity(each) == key.name), None)
    if one is None:
        return None
    facts = (*(_resource(one, name, found.margin) for name in RESOURCES), *_patch(plan, one))
    return DetailView(key, key.name, generation, plan.snapshot.as_of, facts, (_pods(plan, one),))


def _resource(one: Sizing, name: str, margin: int) -> Fact:
    """All figures of one resource: books 2.5, uses 578m now, p95 of 7d 610m, its VPA says 450m; better 700m."""
    text = _TEXTS[name]
    parts = [f"one pod books {text(one.booked.get(name, 0))}"]
    if name in one.most:
        parts.append(f"the busiest uses {text(one.most[name])} now")
    if one.past is not None and name in one.past.amounts:
        which = f"p{one.past.percentile}" if name == "cpu" else "the most"
        parts.append(f"{which} of {fmt.duration(one.past.seconds)} is {text(one.past.amounts[name])}")
    if name in one.vpa:
        parts.append(f"its VPA says {text(one.vpa[name])}")
    return Fact(
        name.upper() if name == "cpu" else name.capitalize(),
        text_cell(f"{', '.join(parts)}; {_better(one, name, margin)}"),
        True,
    )


def _better(one: Sizing, name: str, margin: int) -> str:
    if name in one.beyond:
        return "no node has what it would need"
    if name not in one.wanted:
        return "that is about right" if name in one.by else "nothing tells what it needs"
    sources = {BY_VPA: "as its VPA says", BY_HISTORY: f"what it used plus {margin} %"}
    why = sources.get(one.by[name], f"what it uses now plus {margin} %")
    limit = ", up to its limit" if name in one.capped else ""
    return f"better {_TEXTS[name](one.wanted[name])}: {why}{limit}"


def _patch(plan: Plan, one: Sizing) -> Iterator[Fact]:
    for patch in manifests.patches(plan.snapshot, [one]):
        yield Fact("Patch", text_cell(patch.kubectl), wide=True)


def _pods(plan: Plan, one: Sizing) -> TableView:
    usage = plan.snapshot.table("PodMetrics")
    rows = []
    for pod in one.pods:
        measured = usage.get(pod.key)
        used = dict(measured.containers).get(one.container, {}) if measured is not None else {}
        figures = (Cell(_TEXTS[name](used.get(name)), used.get(name)) for name in RESOURCES)
        cells = (text_cell(pod.key), text_cell(pod.node or ""), *figures)
        rows.append(Row(pod.key, cells, labels=pod.labels, opens=ViewKey("pod", pod.key)))
    empty = "None of its pods runs on an ECS node now."
    return TableView(
        ViewKey("pods"), "Pods", _POD_COLUMNS, tuple(rows), 0, plan.snapshot.as_of, noun="pods", empty=empty
    )
