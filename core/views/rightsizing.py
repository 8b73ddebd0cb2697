"""The Rightsizing view: what containers book, what they use, what they should book, and what that would free. How it is
worked out is in core/analysis/rightsizing; what puts it right is in manifests."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.analysis.planning import Plan
from core.analysis.rightsizing import BY_HISTORY, BY_USAGE, BY_VPA, MARGIN, RESOURCES, Rightsizing, Sizing
from core.cluster.snapshot import Snapshot
from core.cluster.usage_history import KIND
from core.views import format as fmt
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

__all__ = ["MARGIN", "SOURCES", "document", "headlines", "identity", "item", "known_from", "view"]

SOURCES = (BY_VPA, BY_HISTORY, BY_USAGE)
_RIGHT = Align.RIGHT
_MOST_NODES = 6
_TEXTS = {"cpu": fmt.cpu, "memory": fmt.size}
_PAST = ("cpu.past", "memory.past")
_COLUMNS = (
    Column("name", "APPLICATION", 34, 18, grow=True, hotkey="N", describes="The top of the owner chain."),
    Column("container", "CONTAINER", 18, 10, importance=5, hotkey="O", describes="One of its containers."),
    Column("pods", "PODS", 5, align=_RIGHT, importance=4, hotkey="P", describes="Its pods on ECS nodes."),
    Column("cpu", "CPU", 6, align=_RIGHT, importance=6, describes="What one pod books."),
    Column("cpu.used", "USED", 6, align=_RIGHT, importance=8, describes="The most that one of the pods uses now."),
    Column("cpu.past", "P95", 6, align=_RIGHT, importance=7, describes="95 % of the days, the busiest pod used less."),
    Column("cpu.wanted", "BETTER", 6, align=_RIGHT, importance=3, describes="What to book instead."),
    Column("memory", "MEMORY", 6, align=_RIGHT, importance=9, describes="What one pod books."),
    Column("memory.used", "USED", 6, align=_RIGHT, importance=11, describes="The most that one of the pods uses now."),
    Column("memory.past", "MOST", 6, align=_RIGHT, importance=10, describes="The most that a pod held in those days."),
    Column("memory.wanted", "BETTER", 6, align=_RIGHT, importance=3, describes="What to book instead."),
    Column("cpu.freed", "FREES CPU", 9, align=_RIGHT, hotkey="C", describes="All its pods together."),
    Column("memory.freed", "FREES MEM", 9, align=_RIGHT, importance=1, hotkey="M", describes="All its pods together."),
    Column("by", "KNOWN FROM", 22, 10, importance=2, hotkey="K", describes="VPA, else Prometheus, else usage now."),
)


def view(plan: Plan, found: Rightsizing, key: ViewKey, generation: int) -> TableView:
    """All containers, those that would free most first."""
    shown = _shown(plan)
    return TableView(
        key=key,
        title="Rightsizing",
        columns=tuple(_COLUMNS[index] for index in shown),
        rows=tuple(_row(one, shown) for one in found.items),
        generation=generation,
        as_of=plan.snapshot.as_of,
        noun="containers",
        empty="No application has pods on ECS nodes.",
        notes=headlines(plan, found),
    )


def _shown(plan: Plan) -> list[int]:
    """The columns: those of the past only where somebody remembers it."""
    past = bool(plan.snapshot.table(KIND.name))
    return [index for index, column in enumerate(_COLUMNS) if past or column.id not in _PAST]


def identity(one: Sizing) -> str:
    """Names the row: `Deployment shop/cart: main`."""
    return f"{one.application}: {one.container}"


def _row(one: Sizing, shown: Sequence[int]) -> Row:
    past = one.past.amounts if one.past is not None else {}
    figures = [
        Cell(_TEXTS[name](value), value, tone)
        for name in RESOURCES
        for value, tone in (
            (one.booked.get(name, 0), Tone.PLAIN),
            (one.most.get(name), Tone.PLAIN),
            (past.get(name), Tone.PLAIN),
            (one.wanted.get(name), Tone.ACCENT),
        )
    ]
    freed = [_freed(one.freed(name), _TEXTS[name](abs(one.freed(name)))) for name in RESOURCES]
    head = (text_cell(str(one.application)), text_cell(one.container), Cell(fmt.count(len(one.pods)), len(one.pods)))
    cells = (*head, *figures, *freed, text_cell(known_from(one)))
    labels = one.pods[0].labels if one.pods else {}
    opens = ViewKey("sizing", identity(one))
    return Row(identity(one), tuple(cells[index] for index in shown), labels=labels, opens=opens)


def _freed(amount: int, text: str) -> Cell:
    """What is freed; a minus where it needs more than it books."""
    if not amount:
        return Cell("", 0)
    return Cell(text if amount > 0 else f"-{text}", amount, Tone.GOOD if amount > 0 else Tone.WARNING)


def known_from(one: Sizing) -> str:
    """Where the better figures come from: `its VPA`, `p95/most of 7d`, `usage now`."""
    span = fmt.age(one.past.seconds) if one.past is not None else ""
    words = {BY_VPA: ("its VPA", "its VPA"), BY_USAGE: ("usage now", "usage now")}
    percentile = f"p{one.past.percentile}" if one.past is not None else ""
    words[BY_HISTORY] = (f"{percentile} of {span}", f"most of {span}")
    each = [words[one.by[name]][index] for index, name in enumerate(RESOURCES) if name in one.by]
    if list(one.by.values()) == [BY_HISTORY] * 2:
        each = [f"{percentile}/most of {span}"]
    return ", ".join(dict.fromkeys(each)) + "".join(_limits(one)) or "nothing"


def _limits(one: Sizing) -> Iterator[str]:
    if one.beyond:
        yield f"; {' and '.join(one.beyond)} beyond any node"
    if one.capped:
        yield f"; {' and '.join(one.capped)} up to its limit"


def headlines(plan: Plan, found: Rightsizing) -> tuple[str, ...]:
    """What all of it would free, where, and which nodes could go then; from where it is known."""
    total = [sum(sums[name] for sums in found.groups.values()) for name in RESOURCES]
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    by_size = sorted(found.groups.items(), key=lambda item: -item[1]["cpu"])
    where = ", ".join(f"{names.get(group, 'no group')} {_amounts(sums.values())}" for group, sums in by_size)
    return (
        *_missing(plan.snapshot),
        f"all of it would free {_amounts(total)}{f': {where}' if where else ''}",
        _nodes(found.after.removable),
        _known(plan.snapshot, found.margin),
    )


def _known(snapshot: Snapshot, margin: int) -> str:
    """From where figures come."""
    rows = snapshot.table(KIND.name).values()
    if not rows:
        return f"known from VPAs, else from the highest use now plus {margin} %: a moment, not a history (--prometheus)"
    window = fmt.duration(next(iter(rows)).window)
    return f"known from VPAs, else from {window} of Prometheus, else from the highest use now; both plus {margin} %"


def _missing(snapshot: Snapshot) -> Iterator[str]:
    """Sources that could not be read."""
    if not snapshot.has(KIND.name):
        yield f"Prometheus could not be asked: {snapshot.unavailable[KIND.name]}"
    if not snapshot.has("PodMetrics"):
        yield "usage now could not be read"


def _amounts(values: Iterable[int]) -> str:
    cpu, memory = values
    return f"{'-' * (cpu < 0)}{fmt.cpu(abs(cpu))} cpu {'-' * (memory < 0)}{fmt.size(abs(memory))}"


def _nodes(names: Sequence[str]) -> str:
    if not names:
        return "no more nodes could go then than now"
    more = f" and {len(names) - _MOST_NODES} more" if len(names) > _MOST_NODES else ""
    return f"{fmt.counted(len(names), 'more nodes')} could go then: {', '.join(names[:_MOST_NODES])}{more}"


def document(plan: Plan, found: Rightsizing) -> dict[str, Any]:
    """For scripts: CPU in millicores, memory in bytes, for one pod; `freed` for all its pods."""
    kinds = ("PodMetrics", "VerticalPodAutoscaler", KIND.name)
    return {
        "asOf": plan.snapshot.as_of,
        "unavailable": [name for name in kinds if not plan.snapshot.has(name)],
        "marginPercent": found.margin,
        "groups": {group: dict(sums) for group, sums in found.groups.items()},
        "removable": list(found.after.removable),
        "items": [item(one) for one in found.items],
    }


def item(one: Sizing) -> dict[str, Any]:
    """One container for scripts."""
    past = one.past
    return {
        "kind": one.application.kind,
        "namespace": one.application.namespace,
        "name": one.application.name,
        "container": one.container,
        "pods": len(one.pods),
        "requests": dict(one.booked),
        "usedMean": dict(one.mean) or None,
        "usedMost": dict(one.most) or None,
        "past": None if past is None else {**past.amounts, "percentile": past.percentile, "seconds": past.seconds},
        "vpa": dict(one.vpa) or None,
        "wanted": dict(one.wanted),
        "by": dict(one.by),
        "beyondAnyNode": list(one.beyond),
        "cappedByLimit": list(one.capped),
        "freed": {name: one.freed(name) for name in RESOURCES},
    }
