"""A what-if on a screen: the sentences, then every pod, node and group for which something would be different."""

from collections.abc import Iterator, Sequence

from core.analysis.what_if import Comparison
from core.views import candidates, pending, what_if
from core.views.detail import DetailView, Fact
from core.views.table import Align, Cell, Column, Elide, Row, TableView, Tone, ViewKey, text_cell

MOST_ROWS = 2_000
"""Pods in the table at most, the most troubled first: nobody reads more, and the sentences count them all."""


def view(found: Comparison, key: ViewKey, wishes: Sequence[Sequence[str]], generation: int) -> DetailView:
    """The comparison: one fact without a label for each sentence, and tables of what is different."""
    now = found.before.snapshot.as_of
    return DetailView(
        key=key,
        title=what_if.title(wishes, what_if.group_names(found)),
        generation=generation,
        as_of=now,
        facts=tuple(Fact("", Cell(sentence, tone=tone)) for sentence, tone in what_if.said(found)),
        tables=(_moves(found, now), _waits(found, now), _nodes(found, now), _groups(found, now)),
    )


def _moves(found: Comparison, now: float) -> TableView:
    columns = (
        Column("pod", "POD", 28, 18, grow=True, hotkey="P"),
        Column("what", "WHAT", 15, 9, hotkey="T", describes="What becomes of it."),
        Column("from", "NOW ON", 24, 12, importance=2, elide=Elide.START, grow=True),
        Column("to", "THEN ON", 24, 20, importance=1, elide=Elide.START, grow=True),
    )
    rows = []
    for pod, what, tone in list(_changes(found))[:MOST_ROWS]:
        cells = (text_cell(what, tone), text_cell(_node_of(pod, found)), text_cell(found.lands.get(pod, "")))
        rows.append(_pod(pod, found, *cells))
    empty = "No pod would get another place."
    return TableView(ViewKey("moves"), "Pods that move", columns, tuple(rows), 0, now, noun="pods", empty=empty)


def _changes(found: Comparison) -> Iterator[tuple[str, str, Tone]]:
    """Pod, what becomes of it."""
    yield from ((pod, "loses its place", Tone.DANGER) for pod in found.displaced)
    yield from ((pod, "gone for good", Tone.DANGER) for pod in found.lost)
    yield from ((pod, "lands", Tone.GOOD) for pod in found.lands)


def _waits(found: Comparison, now: float) -> TableView:
    columns = (
        Column("pod", "POD", 40, 18, grow=True, hotkey="P"),
        Column("why", "WHY", 60, 20, grow=True, describes="What becomes of it afterwards."),
    )
    found_then = pending.classes(found.after)
    why = {verdict.pod.key: one.explanation for one in found_then for verdict in one.verdicts}
    rows = tuple(_pod(pod, found, text_cell(why.get(pod, ""))) for pod in found.waits[:MOST_ROWS])
    return TableView(ViewKey("waits"), "Pods that wait", columns, rows, 0, now, noun="pods", empty="No pod would wait.")


def _pod(pod: str, found: Comparison, *cells: Cell) -> Row:
    """A pod that exists can be opened."""
    before = found.before.snapshot.pods.get(pod)
    labels = before.labels if before is not None else {}
    opens = ViewKey("pod", pod) if before is not None else None
    return Row(pod, (text_cell(pod), *cells), labels=labels, opens=opens)


def _node_of(pod: str, found: Comparison) -> str:
    before = found.before.snapshot.pods.get(pod)
    return before.node or "" if before is not None else ""


def _nodes(found: Comparison, now: float) -> TableView:
    columns = (
        Column("node", "NODE", 34, 18, grow=True, hotkey="N"),
        Column("what", "WHAT", 24, 12, hotkey="T", describes="What becomes of it."),
        Column("verdict", "THEN", 50, 16, importance=1, grow=True, describes="The verdict on it afterwards."),
    )
    after = {one.node: one for one in found.after.scale_in.nodes}
    changed = (
        *((name, "could not go any more", Tone.WARNING) for name in found.kept),
        *((name, "could go then", Tone.GOOD) for name in found.removable),
    )
    rows = tuple(
        Row(
            name,
            (
                text_cell(name),
                text_cell(what, tone),
                candidates.short(after[name], now) if name in after else text_cell(""),
            ),
            opens=ViewKey("node", name) if name in found.before.snapshot.nodes else None,
        )
        for name, what, tone in changed
    )
    empty = "No node's verdict would be another."
    return TableView(ViewKey("nodes"), "Nodes", columns, rows, 0, now, noun="nodes", empty=empty)


def _groups(found: Comparison, now: float) -> TableView:
    columns = (
        Column("group", "GROUP", 30, 14, grow=True),
        Column("from", "SIZE THEN", 9, align=Align.RIGHT),
        Column("to", "GROWS TO", 8, align=Align.RIGHT),
    )
    names = what_if.group_names(found)
    rows = tuple(
        Row(
            one.group,
            (
                text_cell(names.get(one.group, one.group)),
                Cell(str(one.before), one.before),
                Cell(str(one.after), one.after),
            ),
            opens=ViewKey("group", one.group),
        )
        for one in found.resize
    )
    empty = "The autoscaler would grow no group then."
    return TableView(ViewKey("groups"), "Groups that grow", columns, rows, 0, now, noun="groups", empty=empty)
