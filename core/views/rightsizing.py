"""The Rightsizing view: what containers book, what they use, what they should book, and what that would free. How it is
worked out is in core/analysis/rightsizing."""

from collections.abc import Iterable, Sequence
from typing import Any

from core.analysis.planning import Plan
from core.analysis.rightsizing import BEYOND, BY_USAGE, BY_VPA, MARGIN, Rightsizing, Sizing
from core.views import format as fmt
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

__all__ = ["MARGIN", "SOURCES", "document", "headlines", "identity", "item", "patches", "view"]

SOURCES = (BY_VPA, BY_USAGE)
_RIGHT = Align.RIGHT
_APPLICABLE = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1"}
"""Kinds whose containers the API server merges by name."""
_MOST_NODES = 6
_COLUMNS = (
    Column("name", "APPLICATION", 34, 18, grow=True, hotkey="N", describes="The top of the owner chain."),
    Column("container", "CONTAINER", 18, 10, importance=5, hotkey="O", describes="One of its containers."),
    Column("pods", "PODS", 5, align=_RIGHT, importance=4, hotkey="P", describes="Its pods on ECS nodes."),
    Column("cpu", "CPU", 6, align=_RIGHT, importance=6, describes="What one pod books."),
    Column("cpu.used", "USED", 6, align=_RIGHT, importance=7, describes="The most that one of the pods uses now."),
    Column("cpu.wanted", "BETTER", 6, align=_RIGHT, importance=3, describes="What to book instead."),
    Column("memory", "MEMORY", 6, align=_RIGHT, importance=8, describes="What one pod books."),
    Column("memory.used", "USED", 6, align=_RIGHT, importance=9, describes="The most that one of the pods uses now."),
    Column("memory.wanted", "BETTER", 6, align=_RIGHT, importance=3, describes="What to book instead."),
    Column("cpu.freed", "FREES CPU", 9, align=_RIGHT, hotkey="C", describes="All its pods together."),
    Column("memory.freed", "FREES MEM", 9, align=_RIGHT, importance=1, hotkey="M", describes="All its pods together."),
    Column("by", "KNOWN FROM", 20, 10, importance=2, hotkey="K", describes="Its VPA, or usage now with a margin."),
)


def view(plan: Plan, found: Rightsizing, key: ViewKey, generation: int) -> TableView:
    """All containers, those that would free most first."""
    return TableView(
        key=key,
        title="Rightsizing",
        columns=_COLUMNS,
        rows=tuple(_row(one) for one in found.items),
        generation=generation,
        as_of=plan.snapshot.as_of,
        noun="containers",
        empty="No application has pods on ECS nodes.",
        notes=headlines(plan, found),
    )


def identity(one: Sizing) -> str:
    """Names the row: `Deployment shop/cart: main`."""
    return f"{one.application}: {one.container}"


def _row(one: Sizing) -> Row:
    texts = {"cpu": fmt.cpu, "memory": fmt.size}
    figures = [
        Cell(texts[name](value), value, tone)
        for name in texts
        for value, tone in (
            (one.booked.get(name, 0), Tone.PLAIN),
            (one.most.get(name), Tone.PLAIN),
            (one.wanted.get(name), Tone.ACCENT),
        )
    ]
    freed = [_freed(one.freed(name), texts[name](abs(one.freed(name)))) for name in texts]
    by = {BY_VPA: "its VPA", BY_USAGE: "usage now", BEYOND: "VPA, beyond any node"}.get(one.by, "nothing")
    head = (text_cell(str(one.application)), text_cell(one.container), Cell(fmt.count(len(one.pods)), len(one.pods)))
    return Row(identity(one), (*head, *figures, *freed, text_cell(by)), labels=one.pods[0].labels)


def _freed(amount: int, text: str) -> Cell:
    """What is freed; a minus where it needs more than it books."""
    if not amount:
        return Cell("", 0)
    return Cell(text if amount > 0 else f"-{text}", amount, Tone.GOOD if amount > 0 else Tone.WARNING)


def headlines(plan: Plan, found: Rightsizing) -> tuple[str, ...]:
    """What all of it would free, where, and which nodes could go then."""
    total = [sum(sums[name] for sums in found.groups.values()) for name in ("cpu", "memory")]
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    by_size = sorted(found.groups.items(), key=lambda item: -item[1]["cpu"])
    where = ", ".join(f"{names.get(group, 'no group')} {_amounts(sums.values())}" for group, sums in by_size)
    usage = not plan.snapshot.has("PodMetrics")
    return (
        f"all of it would free {_amounts(total)}{f': {where}' if where else ''}",
        _nodes(found.after.removable),
        f"known from VPAs, else from the highest use now plus {MARGIN} %: a moment, not a history",
        *(("usage could not be read",) if usage else ()),
    )


def _amounts(values: Iterable[int]) -> str:
    cpu, memory = values
    return f"{'-' * (cpu < 0)}{fmt.cpu(abs(cpu))} cpu {'-' * (memory < 0)}{fmt.size(abs(memory))}"


def _nodes(names: Sequence[str]) -> str:
    if not names:
        return "no more nodes could go then than now"
    more = f" and {len(names) - _MOST_NODES} more" if len(names) > _MOST_NODES else ""
    return f"{len(names)} more nodes could go then: {', '.join(names[:_MOST_NODES])}{more}"


def document(plan: Plan, found: Rightsizing) -> dict[str, Any]:
    """For scripts: CPU in millicores, memory in bytes, for one pod; `freed` for all its pods."""
    return {
        "asOf": plan.snapshot.as_of,
        "unavailable": [name for name in ("PodMetrics", "VerticalPodAutoscaler") if not plan.snapshot.has(name)],
        "groups": {group: dict(sums) for group, sums in found.groups.items()},
        "removable": list(found.after.removable),
        "items": [item(one) for one in found.items],
    }


def item(one: Sizing) -> dict[str, Any]:
    """One container for scripts."""
    return {
        "kind": one.application.kind,
        "namespace": one.application.namespace,
        "name": one.application.name,
        "container": one.container,
        "pods": len(one.pods),
        "requests": dict(one.booked),
        "usedMean": dict(one.mean) or None,
        "usedMost": dict(one.most) or None,
        "vpa": dict(one.vpa) or None,
        "wanted": dict(one.wanted),
        "by": one.by or None,
        "freed": {name: one.freed(name) for name in ("cpu", "memory")},
    }


def patches(items: Iterable[Sizing]) -> list[dict[str, Any]]:
    """One strategic merge patch a workload, with what it is for: only the requests that change. Custom resources, whose
    containers the server would replace as a whole, are left out."""
    found: dict[str, dict[str, Any]] = {}
    for one in items:
        version = _APPLICABLE.get(one.application.kind)
        if version is None or not one.wanted:
            continue
        meta = {"namespace": one.application.namespace, "name": one.application.name}
        fresh = {"apiVersion": version, "kind": one.application.kind, "metadata": meta}
        spec: dict[str, Any] = {"template": {"spec": {"containers": []}}}
        document = found.setdefault(str(one.application), {**fresh, "spec": spec})
        requests = {name: _quantity(name, amount) for name, amount in one.wanted.items()}
        document["spec"]["template"]["spec"]["containers"].append(
            {"name": one.container, "resources": {"requests": requests}}
        )
    return list(found.values())


def _quantity(name: str, amount: int) -> str:
    return f"{amount}m" if name == "cpu" else f"{-(-amount // 2**20)}Mi"
