"""One node in full: its facts, its resources, the pods on it, taints, conditions, labels and events."""

from collections.abc import Iterable, Mapping, Sequence

from core.kube.event import Event
from core.kube.metrics import PodMetrics
from core.kube.pod import Pod
from core.views import format as fmt
from core.views.detail import DetailView, Fact
from core.views.nodes import NodeRecord, state
from core.views.table import UNKNOWN, Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell

_RIGHT = Align.RIGHT
_POD_COLUMNS = (
    Column("name", "POD", 30, 16, grow=True, describes="Namespace and name."),
    Column("status", "STATUS", 16, 8, importance=3),
    Column("cpu.requested", "CPU REQ", 7, align=_RIGHT, importance=1, describes="CPU requested."),
    Column("cpu.limits", "LIMIT", 6, align=_RIGHT, importance=5),
    Column("cpu.used", "USED", 6, align=_RIGHT, importance=2, describes="CPU measured."),
    Column("memory.requested", "MEM REQ", 7, align=_RIGHT, importance=1),
    Column("memory.limits", "LIMIT", 6, align=_RIGHT, importance=5),
    Column("memory.used", "USED", 6, align=_RIGHT, importance=2),
    Column("restarts", "RESTARTS", 8, align=_RIGHT, importance=6),
    Column("age", "AGE", 5, align=_RIGHT, importance=4),
    Column("owner", "OWNER", 24, 12, importance=7),
)
_RESOURCE_COLUMNS = (
    Column("name", "RESOURCE", 20, 10, grow=True),
    *(
        Column(part, part.upper(), 11, align=_RIGHT, importance=importance)
        for part, importance in (
            ("capacity", 4), ("allocatable", 0), ("requested", 0), ("limits", 2), ("used", 0), ("daemonsets", 3),
            ("headroom", 1),
        )
    ),
)  # fmt: skip
_GIVEN = ("capacity", "allocatable", "headroom")
"""What a node that may not be read doesn't tell."""
_BAD = ("CrashLoopBackOff", "Error", "ImagePullBackOff", "ErrImagePull", "OOMKilled", "Failed", "Evicted")


def view(
    record: NodeRecord,
    pods: Iterable[Pod] | None,
    usage: Mapping[str, PodMetrics],
    events: Sequence[Event] | None,
    now: float,
    generation: int,
) -> DetailView:
    """The node at this moment. `pods` or `events` None: they could not be read."""
    key = ViewKey("node", record.node.name)
    return DetailView(
        key=key,
        title=f"Node {record.node.name}",
        generation=generation,
        as_of=now,
        facts=tuple(_facts(record, now)),
        tables=(
            _pods(pods, usage, now),
            _resources(record, now),
            _conditions(record, now),
            _taints(record, now),
            events_table(events, now),
            _labels(record, now),
        ),
    )


def _table(
    kind: str, title: str, columns: tuple[Column, ...], rows: list[Row], now: float, empty: str = ""
) -> TableView:
    return TableView(ViewKey(kind), title, columns, tuple(rows), 0, now, noun=kind, empty=empty or f"No {kind}.")


def _facts(record: NodeRecord, now: float) -> Iterable[Fact]:
    node = record.node
    words, tone = state(node) if record.readable else ("not readable", Tone.MUTED)
    yield Fact("State", text_cell(words, tone))
    yield Fact("Pool", text_cell(record.pool or "none"))
    yield Fact("Scaling group", text_cell(record.group or "unknown"))
    yield Fact("Instance", text_cell(f"{node.instance_id or 'unknown'}  {node.instance_type}".strip()))
    yield Fact("Zone", text_cell(node.zone or "unknown"))
    yield Fact("Charge type", text_cell(node.charge_type or "unknown"))
    yield Fact("Origin", text_cell(record.origin + (f" ({record.origin_evidence})" if record.origin_evidence else "")))
    yield Fact("Joined", text_cell("unknown" if node.created is None else f"{fmt.duration(now - node.created)} ago"))
    yield Fact("Address", text_cell(next((value for kind, value in node.addresses if kind == "InternalIP"), "-")))
    yield Fact("System", text_cell(f"{node.os_image} {node.kernel_version} {node.architecture}".strip() or "-"))
    yield Fact("Kubelet", text_cell(f"{node.kubelet_version} {node.container_runtime}".strip() or "-"))


def _amount(name: str, value: int | None) -> Cell:
    if value is None:
        return UNKNOWN
    return Cell(amount(name, value), value)


def amount(resource: str, value: float | None) -> str:
    """An amount of a resource in the unit a person expects."""
    if resource == "cpu":
        return fmt.cpu(value)
    return (
        fmt.size(value) if resource in ("memory", "ephemeral-storage") or "hugepages" in resource else fmt.count(value)
    )


def _pod_row(pod: Pod, measured: PodMetrics | None, now: float) -> Row:
    requests, limits, usage = pod.shape.requests, pod.shape.limits, measured.usage if measured else {}
    tone = Tone.DANGER if pod.status in _BAD else Tone.MUTED if pod.terminated else Tone.PLAIN
    cells = (
        text_cell(pod.key),
        text_cell(pod.status, tone),
        *(
            _amount(name, part.get(name, absent))
            for name in ("cpu", "memory")
            for part, absent in ((requests, 0), (limits, None), (usage, None))
        ),
        Cell(str(pod.restarts), pod.restarts, Tone.WARNING if pod.restarts else Tone.MUTED),
        UNKNOWN if pod.created is None else Cell(fmt.age(now - pod.created), now - pod.created),
        text_cell(f"{pod.owner.kind}/{pod.owner.name}" if pod.owner else "none"),
    )
    return Row(pod.key, cells, labels=pod.labels, opens=ViewKey("pod", pod.key))


def _pods(pods: Iterable[Pod] | None, usage: Mapping[str, PodMetrics], now: float) -> TableView:
    rows = [_pod_row(pod, usage.get(pod.key), now) for pod in pods or ()]
    return _table("pods", "Pods", _POD_COLUMNS, rows, now, "Pods could not be read." if pods is None else "")


def _resources(record: NodeRecord, now: float) -> TableView:
    rows, unknown = [], () if record.readable else _GIVEN
    for name, figures in record.reservation.items():
        parts = (column.id for column in _RESOURCE_COLUMNS[1:])
        amounts = (None if part in unknown else getattr(figures, part) for part in parts)
        rows.append(Row(name, (text_cell(name), *(_amount(name, value) for value in amounts))))
    return _table("resources", "Resources", _RESOURCE_COLUMNS, rows, now)


def _conditions(record: NodeRecord, now: float) -> TableView:
    columns = (
        Column("type", "CONDITION", 20, 10),
        Column("status", "STATUS", 8),
        Column("since", "SINCE", 6, align=_RIGHT),
        Column("reason", "REASON", 26, 10, importance=1),
        Column("message", "MESSAGE", 40, 10, importance=2, grow=True),
    )
    rows = []
    for condition in record.node.conditions:
        good = condition.status == ("True" if condition.type == "Ready" else "False")
        since = UNKNOWN if condition.since is None else Cell(fmt.age(now - condition.since), now - condition.since)
        status = text_cell(condition.status, Tone.GOOD if good else Tone.DANGER)
        cells = (text_cell(condition.type), status, since, text_cell(condition.reason), text_cell(condition.message))
        rows.append(Row(condition.type, cells))
    return _table("conditions", "Conditions", columns, rows, now)


def _taints(record: NodeRecord, now: float) -> TableView:
    columns = (
        Column("key", "TAINT", 40, 16, grow=True),
        Column("value", "VALUE", 20, 8),
        Column("effect", "EFFECT", 16),
    )
    rows = [
        Row(f"{taint.key}:{taint.effect}", (text_cell(taint.key), text_cell(taint.value), text_cell(taint.effect)))
        for taint in record.node.taints
    ]
    return _table("taints", "Taints", columns, rows, now, "No taints.")


def _labels(record: NodeRecord, now: float) -> TableView:
    columns = (Column("key", "LABEL", 48, 16, grow=True), Column("value", "VALUE", 40, 10, grow=True))
    rows = [Row(key, (text_cell(key), text_cell(value))) for key, value in sorted(record.node.labels.items())]
    return _table("labels", "Labels", columns, rows, now)


def events_table(events: Sequence[Event] | None, now: float) -> TableView:
    """What happened to an object, the newest first; None: events could not be read."""
    columns = (
        Column("last", "LAST", 6, align=_RIGHT),
        Column("type", "TYPE", 8, importance=1),
        Column("reason", "REASON", 24, 10),
        Column("count", "COUNT", 5, align=_RIGHT, importance=2),
        Column("message", "MESSAGE", 60, 16, grow=True),
    )
    rows = []
    for event in sorted(events or (), key=lambda event: -(event.last or 0)):
        last = UNKNOWN if event.last is None else Cell(fmt.age(now - event.last), now - event.last)
        kind = text_cell(event.type, Tone.WARNING if event.type == "Warning" else Tone.PLAIN)
        count = Cell(str(event.count), event.count)
        rows.append(Row(event.key, (last, kind, text_cell(event.reason), count, text_cell(event.message))))
    empty = "Events could not be read." if events is None else "No recent events."
    return _table("events", "Events", columns, rows, now, empty)
