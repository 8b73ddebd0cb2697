"""The journal of actions as a table, and one action's record in full. The files are read in core/actions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.actions.journal_reading import UNFINISHED, Entry
from core.views.action import Line
from core.views.detail import DetailView, Fact
from core.views.table import Cell, Column, Elide, Row, TableView, Tone, ViewKey, text_cell

COLUMNS = (
    Column("began", "BEGAN", 14, describes="When it was begun, in UTC"),
    Column("action", "ACTION", 9, describes="What was done"),
    Column("about", "ABOUT", 30, min_width=16, grow=True, elide=Elide.START, describes="To what"),
    Column("state", "STATE", 12, describes="How it ended; unfinished: a process ended in the middle"),
    Column("result", "RESULT", 40, min_width=20, grow=True, describes="What came of it, in words"),
    Column("who", "WHO", 24, min_width=12, importance=1, describes="Who began it"),
    Column("context", "CONTEXT", 16, importance=2, describes="Where"),
    Column("id", "ID", 22, importance=1, describes="The action's name, for vacancy journal"),
)
STEPS = (
    Column("at", "AT", 14, describes="When, in UTC."),
    Column("event", "EVENT", 8, importance=1, describes="An intent is on disk before it is sent."),
    Column("step", "STEP", 24, min_width=10, grow=True, describes="What is done."),
    Column("about", "ABOUT", 24, min_width=14, importance=2, elide=Elide.START, grow=True, describes="To what."),
    Column("outcome", "OUTCOME", 40, min_width=24, grow=True, describes="What came of it, or what was seen."),
)


def view(entries: Sequence[Entry], now: float, generation: int, here: Mapping[str, str] | None = None) -> TableView:
    """One row for each action, the newest first. `here`: those that this session runs, and by what name."""
    known = here or {}
    return TableView(
        key=ViewKey("journal"),
        title="Journal",
        columns=COLUMNS,
        rows=tuple(_row(entry, known.get(entry.id, "")) for entry in entries),
        generation=generation,
        as_of=now,
        noun="actions",
        empty="Nothing was done from here yet.",
        notes=_notes(entries),
    )


def _notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    left = [entry for entry in entries if entry.open]
    if not left:
        return ()
    return (f"{len(left)} left in the middle: resume, undo or close (vacancy journal resume --write {left[0].id})",)


def _row(entry: Entry, here: str) -> Row:
    plan = entry.plan
    cells = (
        Cell(short_moment(entry.began), entry.began),
        text_cell(plan.action if plan else ""),
        text_cell(about(entry)),
        text_cell(entry.state, tone(entry)),
        text_cell(result(entry)),
        text_cell(plan.who if plan else ""),
        text_cell(plan.context if plan else ""),
        text_cell(entry.id),
    )
    return Row(entry.id, cells, opens=ViewKey("action", here) if here else ViewKey("journal-entry", entry.id))


def short_moment(text: str) -> str:
    """`2026-11-22T11:39:55.212Z` as `11-22 11:39:55`: the year is in the id."""
    return text[5:19].replace("T", " ")


HOW = {
    "resume": "go on with it: everything is looked at anew, and what took effect is not sent again",
    "undo": "take back what can be taken back",
    "close": "leave everything as it is: only its claims are given up",
}
"""The ways out of the middle."""


def recovery(entry: Entry, how: str, now: Sequence[str]) -> Iterator[Line]:
    """What it would mean, and what is there now."""
    yield HOW[how], Tone.PLAIN
    yield f"begun {entry.began} by {entry.plan.who if entry.plan else '-'}", Tone.MUTED
    yield from ((f"now: {line}", Tone.PLAIN) for line in now)


def tone(entry: Entry) -> Tone:
    """Green is done, red wants a hand."""
    if entry.state == "done":
        return Tone.GOOD
    return Tone.DANGER if entry.state in (UNFINISHED, "failed", "partly done") else Tone.PLAIN


def about(entry: Entry) -> str:
    """What the action touches."""
    if entry.plan is None:
        return ""
    names = [node.name for node in entry.plan.nodes] or [entry.plan.subject]
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def result(entry: Entry) -> str:
    """What came of it, as its last line says."""
    last = entry.lines[-1] if entry.lines else {}
    return str((last.get("summary") or {}).get("text") or last.get("text") or "")


def detail(entry: Entry, now: float, generation: int) -> DetailView:
    """One action, line by line as it stands on disk."""
    facts = (
        Fact("State", Cell(entry.state, tone=tone(entry))),
        Fact("About", Cell(about(entry))),
        Fact("Began", Cell(entry.began)),
        Fact("Ended", Cell(entry.ended or "-")),
        Fact("Who", Cell(entry.plan.who if entry.plan else "-")),
        Fact("Why", Cell((entry.plan.why if entry.plan else "") or "-")),
        Fact("Where", Cell(entry.plan.server if entry.plan else "-")),
        Fact("Result", Cell(result(entry) or "-"), wide=True),
        Fact("File", Cell(str(entry.path)), wide=True),
    )
    key = ViewKey("journal-entry", entry.id)
    rows = tuple(Row(str(number), _cells(line)) for number, line in enumerate(entry.lines))
    steps = TableView(ViewKey("record"), "Record", STEPS, rows, generation, now, noun="lines")
    name = f"{entry.plan.action} {entry.id}" if entry.plan else entry.id
    return DetailView(key, name, generation, now, facts, (steps,))


def _cells(line: dict[str, Any]) -> tuple[Cell, ...]:
    event = str(line.get("event"))
    after = line.get("after") or {}
    outcome = ""
    if event == "result":
        outcome = "ok" if line.get("ok") else str(after.get("error") or "failed")
    elif event == "end":
        outcome = f"{line.get('outcome')}: {(line.get('summary') or {}).get('text', '')}"
    step = str(line.get("step") or (f"of {line.get('number')}" if event == "result" else ""))
    told = str(line.get("about") or line.get("request") or line.get("who") or "")
    words = (short_moment(str(line.get("at"))), event, step, told, outcome or str(line.get("text") or ""))
    return tuple(text_cell(word) for word in words)


def document(entry: Entry) -> dict[str, Any]:
    """One action as plain data."""
    return {
        "id": entry.id,
        "state": entry.state,
        "action": entry.plan.action if entry.plan else None,
        "nodes": [node.name for node in entry.plan.nodes] if entry.plan else [],
        "began": entry.began,
        "ended": entry.ended or None,
        "who": entry.plan.who if entry.plan else None,
        "why": (entry.plan.why if entry.plan else "") or None,
        "context": entry.plan.context if entry.plan else None,
        "result": result(entry),
    }


def flat(entry: Entry) -> dict[str, Any]:
    """The same in one line, for CSV: the nodes, or whatever else it was about, in one field."""
    whole = document(entry)
    return {**whole, "nodes": " ".join(whole["nodes"]) or about(entry)}
