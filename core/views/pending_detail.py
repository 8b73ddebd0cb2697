"""One class of waiting pods in full: why it waits, what every group says, and its pods."""

from collections.abc import Iterator

from core.analysis import autoscaler_events
from core.analysis.planning import Plan
from core.scheduling.refusal import Refusal
from core.views import format as fmt
from core.views import reasons
from core.views.detail import DetailView, Fact
from core.views.pending import PendingClass, asks, classes
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell


def find(plan: Plan, pod: str) -> PendingClass | None:
    """The class that a pod (`namespace/name`) is in."""
    return next((one for one in classes(plan) if any(verdict.pod.key == pod for verdict in one.verdicts)), None)


def view(plan: Plan, one: PendingClass, now: float, generation: int) -> DetailView:
    """The class at this moment."""
    return DetailView(
        key=ViewKey("pending-class", one.id),
        title=one.application,
        generation=generation,
        as_of=now,
        facts=(*_facts(one, now), *_autoscaler(plan, one, now), judged(plan)),
        tables=(_groups(plan, one, now), _pods(one, now)),
    )


def judged(plan: Plan) -> Fact:
    """By whose rules, and who really decides."""
    return Fact("Judged", text_cell(reasons.judged_by(plan.policy.rule_set, plan.running), Tone.MUTED), wide=True)


def _facts(one: PendingClass, now: float) -> tuple[Fact, ...]:
    shape, said = one.first.pod.shape, one.first.pod.unscheduled
    return (
        Fact("Verdict", text_cell(one.first.verdict)),
        Fact("Why", text_cell(one.explanation), wide=True),
        Fact("Scheduler", text_cell(said.message if said is not None else "has not said anything yet"), wide=True),
        Fact(
            "Waiting",
            text_cell(f"{len(one.verdicts)} pod{'s' * (len(one.verdicts) != 1)}, since {_ago(one.since, now)}"),
        ),
        Fact("Asks", text_cell(asks(shape.requests))),
        Fact(
            "Priority", text_cell(f"{shape.priority if shape.priority is not None else 'none'} {shape.priority_class}")
        ),
        Fact("Selector", text_cell(", ".join(f"{k}={v}" for k, v in (shape.node_selector or {}).items()) or "none")),
    )


def _autoscaler(plan: Plan, one: PendingClass, now: float) -> Iterator[Fact]:
    """What the running autoscaler said about one of these pods, the newest word."""
    pods = {verdict.pod.key for verdict in one.verdicts}
    about = (said for said in plan.running.activities if said.about_kind == "Pod" and said.about in pods)
    if (last := next(about, None)) is not None:
        parts = [f"{_of_groups(number)}{reasons.meaning(why)}" for number, why in autoscaler_events.rejections(last)]
        told = " ".join(("It added no node.", *parts)) if parts else f"{last.reason}: {last.message}"
        yield Fact("Autoscaler", text_cell(f"{fmt.duration(now - last.at)} ago: {told}"), wide=True)


def _of_groups(number: int) -> str:
    return "" if not number else "1 group: " if number == 1 else f"{number} groups: "


def _ago(moment: int | None, now: float) -> str:
    return "an unknown time" if moment is None else fmt.duration(now - moment)


def _groups(plan: Plan, one: PendingClass, now: float) -> TableView:
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    passed_over = {option.group: option.skipped or option.rejected for option in plan.pending.groups}
    columns = (
        Column("group", "GROUP", 24, 12),
        Column("fits", "FITS", 5),
        Column("plugin", "RULE", 20, 10, importance=2),
        Column("reasons", "WHY", 50, 16, grow=True),
        Column("skipped", "CAN IT GROW", 40, 12, grow=True, importance=1),
    )
    rows = []
    for group, refusal in one.first.groups.items():
        passed, opens = passed_over.get(group), ViewKey("group", group)
        growth = text_cell("yes", Tone.GOOD) if passed is None else text_cell(reasons.meaning(passed), Tone.WARNING)
        rows.append(Row(group, (text_cell(names.get(group, group)), *_answer(refusal), growth), opens=opens))
        for machine, said in one.first.types.get(group, {}).items():
            cells = (text_cell(f"  as {machine}"), *_answer(said), text_cell(""))
            rows.append(Row(f"{group}/{machine}", cells, opens=opens))
    empty = "No group is asked: it needs none, or none is known."
    return TableView(ViewKey("groups"), "Groups", columns, tuple(rows), 0, now, noun="groups", empty=empty)


def _answer(refusal: Refusal | None) -> tuple[Cell, Cell, Cell]:
    """Whether it fits, which rule says no, and in which words."""
    if refusal is None:
        return Cell("✓ yes", 0, Tone.GOOD), text_cell(""), text_cell("")
    fits = Cell("✗ no" if refusal.known else "? unknown", 1)
    return fits, text_cell(refusal.plugin), text_cell("; ".join(refusal.reasons))


def _pods(one: PendingClass, now: float) -> TableView:
    columns = (
        Column("name", "POD", 48, 20, grow=True),
        Column("age", "AGE", 6, align=Align.RIGHT),
        Column("node", "FITS TODAY", 32, 12, grow=True, importance=1),
        Column("reason", "SCHEDULER SAYS", 40, 16, grow=True, importance=2),
    )
    rows = []
    for verdict in one.verdicts:
        pod = verdict.pod
        age = None if pod.created is None else now - pod.created
        said = pod.unscheduled.message if pod.unscheduled else ""
        cells = (text_cell(pod.key), Cell(fmt.age(age), age), text_cell(verdict.node or ""), text_cell(said))
        rows.append(Row(pod.key, cells, labels=pod.labels, opens=ViewKey("pod", pod.key)))
    return TableView(ViewKey("pods"), "Pods", columns, tuple(rows), 0, now, noun="pods", empty="No pods.")
