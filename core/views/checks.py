"""The Checks view: what is wrong with elastic workloads, and what puts it right; beside it what each HPA wants. What is
checked is in core/analysis/checks."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from core.analysis.checks import READ, Finding, wanted
from core.cluster.snapshot import Snapshot
from core.kube.generic import Generic
from core.views import format as fmt
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

GROUPS = ("", "check", "namespace")
HPAS = "HPAs"
"""Instead of findings: every HPA."""
HPA = "HorizontalPodAutoscaler"
_SHORT = {HPA: "HPA", "VerticalPodAutoscaler": "VPA"}
"""As everybody calls them; room for what is wrong."""
_COLUMNS = (
    Column("object", "OBJECT", 40, 20, grow=True, hotkey="N", describes="What it is about."),
    Column("check", "WHAT IS WRONG", 46, 20, grow=True, hotkey="C", describes="The check that found it."),
    Column("reason", "SEEN", 48, 16, importance=2, grow=True, describes="What was seen."),
    Column("remedy", "WHAT PUTS IT RIGHT", 42, 18, importance=1, grow=True, describes="What to do."),
)
_HPA_COLUMNS = (
    Column("hpa", "HPA", 30, 16, grow=True),
    Column("target", "SCALES", 34, 16, importance=2, grow=True),
    Column("low", "MIN", 5, align=Align.RIGHT, importance=3),
    Column("high", "MAX", 5, align=Align.RIGHT, importance=4),
    Column("now", "NOW", 5, align=Align.RIGHT),
    Column("wants", "WANTS", 5, align=Align.RIGHT, importance=1),
)


def view(snapshot: Snapshot, findings: Sequence[Finding], key: ViewKey, generation: int) -> TableView:
    """All findings, by object; rolled up by check or namespace where the key says so."""
    if key.group_by == HPAS:
        table = hpa_view(snapshot)
        notes = (_wishes([hpa_item(one) for one in snapshot.table(HPA).values()]),)
        return replace(table, key=key, generation=generation, group_choices=(*GROUPS, HPAS), notes=notes)
    rows = [_row(one) for one in findings]
    if key.group_by in GROUPS[1:]:
        names = [one.check if key.group_by == "check" else one.object.partition("/")[0] for one in findings]
        rows = _rolled(rows, names, key.group_by)
    return TableView(
        key=key,
        title="Checks",
        columns=_COLUMNS,
        rows=tuple(rows),
        generation=generation,
        as_of=snapshot.as_of,
        group_choices=(*GROUPS, HPAS),
        noun="findings",
        empty="Nothing found: no check has anything to say.",
        notes=headlines(snapshot, findings),
    )


def _row(one: Finding) -> Row:
    cells = (
        text_cell(f"{_SHORT.get(one.kind, one.kind)} {one.object}"),
        text_cell(one.check, Tone.WARNING),
        text_cell(one.reason),
        text_cell(one.remedy),
    )
    return Row(identity(one), cells, opens=ViewKey("check", identity(one)))


def identity(one: Finding) -> str:
    """Names the row: `Deployment shop/cart: VPA not Off`."""
    return f"{one.kind} {one.object}: {one.check}"


def _rolled(rows: Sequence[Row], names: Sequence[str], by: str) -> list[Row]:
    members: dict[str, list[Row]] = {}
    for row, name in zip(rows, names, strict=True):
        members.setdefault(name, []).append(row)
    found: list[Row] = []
    for name, inside in members.items():
        parent = f"{by}:{name}"
        count = fmt.counted(len(inside), "findings")
        found.append(Row(parent, (text_cell(name), text_cell(count), Cell(""), Cell("")), group=True))
        found += [Row(row.id, row.cells, parent=parent, depth=1, opens=row.opens) for row in inside]
    return found


def headlines(snapshot: Snapshot, findings: Sequence[Finding]) -> tuple[str, ...]:
    """How many, on how many objects; what could not be looked at."""
    absent = unavailable(snapshot)
    missing = (f"not looked at, because it could not be read: {', '.join(absent)}",) if absent else ()
    objects = len({(one.kind, one.object) for one in findings})
    return (f"{fmt.counted(len(findings), 'findings')} on {fmt.counted(objects, 'objects')}", *missing)


def unavailable(snapshot: Snapshot) -> list[str]:
    """The kinds that checks read and that are not there to read."""
    return [kind for kind in READ if not snapshot.has(kind)]


def hpa_view(snapshot: Snapshot, about: str = "") -> TableView:
    """Every HPA beside the replicas that its last figures ask for; only those of that name, or that scale it, with
    `about` (`namespace/name`)."""
    rows = tuple(_hpa_row(one) for one in snapshot.table(HPA).values() if about in ("", one.key, _scaled(one)))
    key, empty = ViewKey("hpas"), "No HPA scales it." if about else "No HPA was read."
    return TableView(key, "HPAs", _HPA_COLUMNS, rows, 0, snapshot.as_of, noun="HPAs", empty=empty)


def _wishes(items: Sequence[dict[str, Any]]) -> str:
    """How many there are, and how many are not content."""
    other = sum(item["wants"] not in (None, item["currentReplicas"]) for item in items)
    unknown = sum(item["wants"] is None for item in items)
    more = f"; {unknown} without a figure to go by" if unknown else ""
    return f"{fmt.counted(len(items), 'HPAs')}: {other} would have another number of pods than there are{more}"


def _scaled(hpa: Generic) -> str:
    target = hpa.spec.get("scaleTargetRef")
    return f"{hpa.namespace}/{target.get('name', '')}" if isinstance(target, dict) else "?"


def _hpa_row(hpa: Generic) -> Row:
    item = hpa_item(hpa)
    wants, now = item["wants"], item["currentReplicas"]
    figures = (item["minReplicas"], item["maxReplicas"], now, wants)
    tones = (Tone.PLAIN, Tone.PLAIN, Tone.PLAIN, Tone.ACCENT if wants not in (None, now) else Tone.PLAIN)
    numbers = (Cell(fmt.count(value), value, tone) for value, tone in zip(figures, tones, strict=True))
    return Row(hpa.key, (text_cell(hpa.key), text_cell(item["target"] or ""), *numbers), labels=hpa.labels)


def hpa_item(hpa: Generic) -> dict[str, Any]:
    """One HPA for scripts."""
    target = hpa.spec.get("scaleTargetRef")
    reference = target if isinstance(target, dict) else {}
    return {
        "hpa": hpa.key,
        "target": f"{reference.get('kind', '?')} {hpa.namespace}/{reference.get('name', '?')}",
        "minReplicas": _integer(hpa.spec.get("minReplicas", 1)),
        "maxReplicas": _integer(hpa.spec.get("maxReplicas")),
        "currentReplicas": _integer(hpa.status.get("currentReplicas")),
        "wants": wanted(hpa),
    }


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def document(snapshot: Snapshot, findings: Sequence[Finding]) -> dict[str, Any]:
    """For scripts."""
    return {
        "asOf": snapshot.as_of,
        "unavailable": unavailable(snapshot),
        "items": [item(one) for one in findings],
        "autoscalers": [hpa_item(one) for one in snapshot.table(HPA).values()],
    }


def item(one: Finding) -> dict[str, str]:
    """One finding for scripts."""
    namespace, _, name = one.object.partition("/")
    return {
        "kind": one.kind,
        "namespace": namespace,
        "name": name,
        "check": one.check,
        "reason": one.reason,
        "remedy": one.remedy,
    }
