"""One group in full: what it is linked to and why, its sizes, its template part by part, what moves it, its machines
and its activities. The table of all groups is in groups."""

from collections.abc import Iterable

from core.cluster.cloud import Alarm, ScalingRule, ScheduledTask
from core.cluster.group import Group
from core.cluster.user_data import UserData
from core.kube import timestamps
from core.views import format as fmt
from core.views.detail import DetailView, Fact
from core.views.groups import GroupRecord, charge, driven_by, state
from core.views.table import UNKNOWN, Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell


def view(record: GroupRecord, now: float, generation: int) -> DetailView:
    """The group at this moment."""
    tables = [_nodes(record, now)] if record.details is None else _tables(record.details, now)
    return DetailView(
        key=ViewKey("group", record.id),
        title=f"Group {record.name}",
        generation=generation,
        as_of=now,
        facts=tuple(_facts(record, now)),
        tables=tuple(tables),
    )


def _facts(record: GroupRecord, now: float) -> Iterable[Fact]:
    words, tone = state(record)
    group = record.details
    yield Fact("State", Cell(words, words, tone) if words else UNKNOWN)
    for problem in record.problems:
        yield Fact("Problem", text_cell(problem, Tone.WARNING))
    yield Fact("Scaling group", text_cell(record.id))
    yield Fact("Node pool", text_cell(record.pool or "none"))
    yield Fact("Managed by", text_cell(_manager(record.managed_by)))
    because = f": {group.autoscaling_because}" if group is not None else ""
    yield Fact("Driven by", text_cell(driven_by(record) + because))
    yield Fact("Size", text_cell(_size(record)))
    if group is not None and group.scaling is not None:
        yield Fact("Machines", text_cell(_counts(group)))
        yield from _settings(group)
    yield Fact("Charge", text_cell(charge(record) or "unknown"))
    if group is not None:
        yield from _more_facts(group)


def _manager(managed_by: str) -> str:
    words = {"ack": "ACK: change it through the node pool", "ess": "ESS alone", "external": "neither ACK nor ESS"}
    return words.get(managed_by, managed_by or "unknown")


def _size(record: GroupRecord) -> str:
    low, high = (fmt.count(size) for size in (record.min_size, record.max_size))
    return f"{record.size} of {low} to {high}" + (f", {record.room} more possible" if record.room else "")


def _counts(group: Group) -> str:
    assert group.scaling is not None
    names = ("active", "pending", "pending_wait", "protected", "standby", "stopped", "removing", "removing_wait")
    words = {"active": "in service", "pending_wait": "waiting to join", "removing_wait": "waiting to leave"}
    counts = ((name, getattr(group.scaling, name)) for name in names)
    return ", ".join(f"{count} {words.get(name, name)}" for name, count in counts if count) or "none"


def _settings(group: Group) -> Iterable[Fact]:
    scaling = group.scaling
    assert scaling is not None
    if scaling.suspended:
        yield Fact("Suspended", text_cell(", ".join(scaling.suspended), Tone.WARNING))
    yield Fact("Cooldown", text_cell(fmt.duration(scaling.cooldown)))
    yield Fact("On removal", text_cell(scaling.scaling_policy or "unknown"))
    yield Fact("Removes first", text_cell(", ".join(scaling.removal_policies) or "unknown"))
    yield Fact("Zone policy", text_cell(scaling.zone_policy or "unknown"))
    if scaling.deletion_protection:
        yield Fact("Protection", text_cell("the group can't be deleted"))


def _more_facts(group: Group) -> Iterable[Fact]:
    taken = group.ready_time
    if taken is not None:
        words = f"{fmt.duration(taken.median)}, at most {fmt.duration(taken.longest)} ({taken.machines} machines)"
        yield Fact("Trigger to Ready", text_cell(words))
    if group.configuration is not None:
        yield from _user_data(group.configuration.user_data)
    for hook in group.hooks:
        words = f"{hook.name or hook.id}: {hook.transition}, {hook.timeout or '?'} s, then {hook.result}"
        yield Fact("Hook", text_cell(words))


def _user_data(data: UserData) -> Iterable[Fact]:
    if data.empty or not data.readable:
        yield Fact("Userdata", text_cell("empty" if data.empty else "can't be read", Tone.WARNING))
        return
    version = f", script of {data.script_version}" if data.script_version else ""
    marks = ", with the autoscaler's marks" if data.autoscaler else ""
    yield Fact("Userdata", text_cell(f"{data.join.value or 'joins nothing'}{version}{marks}, {data.size} bytes"))
    if data.labels:
        yield Fact("Userdata labels", text_cell(", ".join(f"{key}={value}" for key, value in data.labels.items())))
    if data.taints:
        yield Fact("Userdata taints", text_cell(", ".join(data.taints)))
    yield Fact("Userdata, masked", text_cell(" ⏎ ".join(line for line in data.masked.splitlines() if line.strip())))


def _tables(group: Group, now: float) -> list[TableView]:
    return [
        _table("links", "Belongs to", ("what", "name", "because"),
               [(link.what, link.name, link.because) for link in group.links], now),
        _table("template", "A new node", ("part", "value", "source"),
               [(part.name, part.value or "none", part.source) for part in group.template.parts], now),
        _table("movers", "What else moves it", ("kind", "name", "what", "when", "state"), _movers(group), now),
        _activities(group, now),
        _members(group, now),
    ]  # fmt: skip


def _table(kind: str, title: str, titles: tuple[str, ...], rows: list[tuple[str, ...]], now: float) -> TableView:
    """A table of plain texts; the last column takes what is left."""
    widths = [max([len(name), *(min(len(row[index]), 60) for row in rows)]) for index, name in enumerate(titles)]
    columns = tuple(
        Column(name, name.upper(), size, min(size, 12), grow=index == len(titles) - 1, importance=index)
        for index, (name, size) in enumerate(zip(titles, widths, strict=True))
    )
    lines = tuple(Row(f"{kind}/{index}", tuple(map(text_cell, row))) for index, row in enumerate(rows))
    return TableView(ViewKey(kind), title, columns, lines, 0, now, noun=kind, empty=f"No {kind}.")


def _movers(group: Group) -> list[tuple[str, ...]]:
    by_ari = {rule.ari: rule for rule in group.rules}
    rules = [("rule", rule.name, _rule(rule), "when called", "") for rule in group.rules]
    tasks = [("schedule", task.name, _task(task, by_ari), _when(task), _on(task.enabled)) for task in group.tasks]
    alarms = [
        ("alarm", alarm.name, _fires(alarm, by_ari), _trips(alarm), _on(alarm.enabled, alarm.state))
        for alarm in group.alarms
    ]
    return [*tasks, *alarms, *rules]


def _on(enabled: bool, state: str = "") -> str:
    return (state.lower() or "on") if enabled else "off"


def _rule(rule: ScalingRule) -> str:
    if rule.metric:
        return f"keeps {rule.metric} at {rule.target:g}" if rule.target is not None else f"keeps {rule.metric}"
    words = {
        "QuantityChangeInCapacity": f"{rule.value or 0:+d} machines",
        "PercentChangeInCapacity": f"{rule.value or 0:+d} %",
        "TotalCapacity": f"to {rule.value or 0} machines",
    }
    return words.get(rule.adjustment, rule.type)


def _task(task: ScheduledTask, rules: dict[str, ScalingRule]) -> str:
    if task.action:
        return _rule(rules[task.action]) if task.action in rules else "runs a rule"
    sizes = (("minimum", task.min_size), ("maximum", task.max_size), ("size", task.desired))
    return ", ".join(f"{name} to {size}" for name, size in sizes if size is not None) or "nothing"


def _when(task: ScheduledTask) -> str:
    moment = timestamps.seconds(task.launch)
    once = task.launch if moment is None else fmt.clock(moment)
    return (
        f"{task.recurrence.lower()} {task.recurrence_value}, next {once}" if task.recurrence else f"once, {task.launch}"
    )


def _fires(alarm: Alarm, rules: dict[str, ScalingRule]) -> str:
    return ", ".join(_rule(rules[ari]) if ari in rules else "runs a rule" for ari in alarm.actions) or "nothing"


def _trips(alarm: Alarm) -> str:
    limit = "?" if alarm.threshold is None else f"{alarm.threshold:g}"
    return f"{alarm.metric} {alarm.operator} {limit}, {alarm.count or '?'} times in {alarm.period or '?'} s"


def _activities(group: Group, now: float) -> TableView:
    tones = {"Failed": Tone.DANGER, "Rejected": Tone.DANGER, "Warning": Tone.WARNING, "InProgress": Tone.ACCENT}
    columns = (
        Column("age", "AGO", 5, align=Align.RIGHT),
        Column("status", "STATUS", 11),
        Column("took", "TOOK", 7, align=Align.RIGHT, importance=2),
        Column("trigger", "BY", 8, importance=3),
        Column("what", "WHAT", 30, 16, importance=1),
        Column("why", "WHY, AND HOW IT WENT", 40, 16, grow=True, importance=1),
    )
    rows = []
    for one in group.activities:
        took = one.ended - one.started if one.ended is not None and one.started is not None else None
        failure = ": ".join(filter(None, (one.error_code, one.error_message)))
        cells = (
            UNKNOWN if one.started is None else Cell(fmt.age(now - one.started), now - one.started),
            text_cell(one.status, tones.get(one.status, Tone.GOOD)),
            UNKNOWN if took is None else Cell(fmt.duration(took), took),
            text_cell(one.trigger),
            text_cell(one.description),
            text_cell(failure or one.cause),
        )
        rows.append(Row(one.id, cells))
    return TableView(ViewKey("activities"), "Activities", columns, tuple(rows), 0, now, noun="activities")


def _members(group: Group, now: float) -> TableView:
    columns = (
        Column("instance", "MACHINE", 24, 16),
        Column("node", "NODE", 26, 16, grow=True),
        Column("state", "STATE", 14, importance=1),
        Column("made", "MADE BY", 12, importance=2),
        Column("zone", "ZONE", 14, importance=4),
        Column("age", "AGE", 5, align=Align.RIGHT, importance=3),
    )
    rows = []
    for index, member in enumerate(group.members):
        scaling = member.scaling
        made = {"AutoCreated": "the group", "Attached": "attached", "Managed": "attached"}
        created = timestamps.seconds(scaling.created) if scaling is not None else None
        cells = (
            text_cell(member.instance_id) if member.instance_id else UNKNOWN,
            text_cell(member.node) if member.node else Cell("no node", "", Tone.WARNING),
            text_cell(scaling.state) if scaling is not None else UNKNOWN,
            text_cell(made.get(scaling.creation, scaling.creation)) if scaling is not None else UNKNOWN,
            text_cell(scaling.zone) if scaling is not None else UNKNOWN,
            UNKNOWN if created is None else Cell(fmt.age(now - created), now - created),
        )
        opens = ViewKey("node", member.node) if member.node else None
        rows.append(Row(member.instance_id or f"member/{index}", cells, opens=opens))
    return TableView(ViewKey("members"), "Machines", columns, tuple(rows), 0, now, noun="machines")


def _nodes(record: GroupRecord, now: float) -> TableView:
    rows = tuple(Row(node.name, (text_cell(node.name),), opens=ViewKey("node", node.name)) for node in record.nodes)
    return TableView(ViewKey("members"), "Nodes", (Column("node", "NODE", 30, grow=True),), rows, 0, now, noun="nodes")
