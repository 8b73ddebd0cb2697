"""One pod in full: what it books, who owns it, which budgets protect it, what happened to it."""

from collections.abc import Iterable, Mapping

from core.cluster.snapshot import Snapshot
from core.kube.disruption import DisruptionBudget
from core.kube.metrics import PodMetrics
from core.kube.pod import Pod
from core.views import format as fmt
from core.views.applications import of_pod
from core.views.detail import DetailView, Fact
from core.views.node_detail import events_table
from core.views.pending import asks
from core.views.table import UNKNOWN, Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

_RIGHT = Align.RIGHT


def view(pod: Pod, snapshot: Snapshot, generation: int) -> DetailView:
    """The pod at this moment."""
    now = snapshot.as_of
    events = [one for one in snapshot.table("Event").values() if one.about_kind == "Pod" and one.about == pod.key]
    return DetailView(
        key=ViewKey("pod", pod.key),
        title=f"Pod {pod.key}",
        generation=generation,
        as_of=now,
        facts=tuple(_facts(pod, snapshot)),
        tables=(
            _containers(pod, snapshot.table("PodMetrics").get(pod.key), now),
            _budgets(pod, snapshot.budgets if snapshot.has("PodDisruptionBudget") else None, now),
            events_table(events if snapshot.has("Event") else None, now),
            _pairs("labels", "Labels", pod.labels, now),
            _pairs("annotations", "Annotations", pod.annotations, now),
        ),
    )


def _facts(pod: Pod, snapshot: Snapshot) -> Iterable[Fact]:
    shape = pod.shape
    yield Fact("Status", text_cell(pod.status))
    yield Fact("Node", text_cell(pod.node or "none yet"))
    yield Fact("Belongs to", text_cell(of_pod(pod, snapshot)))
    yield Fact("Asks", text_cell(asks(shape.requests)))
    yield Fact("Age", text_cell("unknown" if pod.created is None else fmt.duration(snapshot.as_of - pod.created)))
    yield Fact("Priority", text_cell(f"{'none' if shape.priority is None else shape.priority} {shape.priority_class}"))
    volumes = ", ".join(f"{volume.kind} {volume.name}" for volume in shape.volumes)
    yield Fact("Kept on the node", text_cell(volumes or "nothing"))
    yield Fact("Claims", text_cell(", ".join(pod.claims) or "none"))
    if pod.unscheduled is not None:
        yield Fact("Scheduler", text_cell(pod.unscheduled.message or pod.unscheduled.reason, Tone.WARNING), wide=True)


def _containers(pod: Pod, measured: PodMetrics | None, now: float) -> TableView:
    columns = (
        Column("name", "CONTAINER", 30, 14, grow=True),
        *(
            Column(f"{resource}.{part}", f"{title} {part}".upper(), 11, align=_RIGHT)
            for resource, title in (("cpu", "cpu"), ("memory", "mem"))
            for part in ("requests", "limits", "used")
        ),
    )
    usage = dict(measured.containers) if measured is not None else {}
    rows = []
    for one in pod.shape.containers:
        used = usage.get(one.name, {})
        cells = [text_cell(f"{one.name} (init)" if one.init else one.name)]
        for resource, show in (("cpu", fmt.cpu), ("memory", fmt.size)):
            for amounts in (one.requests, one.limits, used):
                amount = amounts.get(resource)
                cells.append(UNKNOWN if amount is None else Cell(show(amount), amount))
        rows.append(Row(one.name, tuple(cells)))
    return TableView(
        ViewKey("containers"), "Containers", columns, tuple(rows), 0, now, noun="containers", empty="None."
    )


def _budgets(pod: Pod, budgets: Iterable[DisruptionBudget] | None, now: float) -> TableView:
    columns = (
        Column("name", "BUDGET", 36, 16, grow=True),
        Column("allowed", "MAY GO NOW", 10, align=_RIGHT),
        Column("healthy", "HEALTHY", 12, align=_RIGHT),
        Column("rule", "RULE", 24, 10),
    )
    rows = []
    for budget in budgets or ():
        if budget.namespace != pod.namespace or budget.selector is None or not budget.selector.matches(pod.labels):
            continue
        allowed = (
            UNKNOWN if budget.allowed is None else Cell(str(budget.allowed), budget.allowed, _tone(budget.allowed))
        )
        healthy = "-" if budget.current_healthy is None else f"{budget.current_healthy} of {budget.expected}"
        rule = f"min {budget.min_available}" if budget.min_available else f"max away {budget.max_unavailable or '-'}"
        rows.append(Row(budget.key, (text_cell(budget.key), allowed, text_cell(healthy), text_cell(rule))))
    empty = "Budgets could not be read." if budgets is None else "No budget."
    return TableView(ViewKey("budgets"), "Budgets", columns, tuple(rows), 0, now, noun="budgets", empty=empty)


def _tone(allowed: int) -> Tone:
    return Tone.WARNING if allowed < 1 else Tone.PLAIN


def _pairs(kind: str, title: str, pairs: Mapping[str, str], now: float) -> TableView:
    columns = (Column("key", "KEY", 48, 16, grow=True), Column("value", "VALUE", 40, 10, grow=True))
    rows = tuple(Row(key, (text_cell(key), text_cell(value))) for key, value in sorted(pairs.items()))
    return TableView(ViewKey(kind), title, columns, rows, 0, now, noun=kind, empty=f"No {kind}.")
