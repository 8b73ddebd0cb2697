"""Scale-in for one node in full: what holds it, and where each of its pods would go; every row leads to what it names.
The verdicts of all nodes are in candidates."""

from collections.abc import Iterator

from core.analysis.scale_in.result import NodeVerdict
from core.views import candidates, reasons
from core.views.table import Column, Row, TableView, Tone, ViewKey, text_cell

_COLUMNS = (
    Column("what", "WHAT", 34, 16, grow=True, describes="What holds it, or what would have to move."),
    Column("becomes", "WHAT BECOMES OF IT", 40, 20, grow=True, describes="Where it would go, or why it does not."),
)


def table(verdict: NodeVerdict, now: float) -> TableView:
    """Of one node. The object behind the verdict stands first."""
    rows = tuple(_rows(verdict))
    empty = "Nothing holds it, and nothing would have to move."
    return TableView(ViewKey("scale-in"), "Scale-in", _COLUMNS, rows, 0, now, noun="rows", empty=empty)


def _rows(verdict: NodeVerdict) -> Iterator[Row]:
    drain, blocker = verdict.drain, verdict.drain.blocking_pod
    cause = candidates.cause(verdict)
    if cause.kind == "group":
        why = reasons.meaning(verdict.reason or verdict.waits_for or "")
        yield Row("group", (text_cell(f"group {cause.name}"), text_cell(why, Tone.WARNING)), opens=cause)
    if blocker is not None:
        by = f" ({blocker.by})" if blocker.by else ""
        held = f"{blocker.reason}: {reasons.blocking(blocker.reason)}{by}" if blocker.reason else "can't be judged"
        yield _pod(blocker.pod, held, Tone.WARNING)
    if drain.unplaced is not None:
        yield _pod(drain.unplaced, "fits on no other node", Tone.WARNING)
    for pod, node in drain.moves_to.items():
        becomes = text_cell(f"would go to {node}", Tone.GOOD)
        yield Row(pod, (text_cell(pod), becomes), opens=ViewKey("node", node))
    for pod in drain.on_eci:
        yield _pod(f"{pod}", "would run on ECI where no node has room", Tone.MUTED, "eci ")


def _pod(pod: str, becomes: str, tone: Tone, prefix: str = "") -> Row:
    return Row(f"{prefix}{pod}", (text_cell(pod), text_cell(becomes, tone)), opens=ViewKey("pod", pod))
