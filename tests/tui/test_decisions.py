"""The screens about decisions: lines above the table, and for pods that wait the plain sentences below it."""

from core.views.detail import DetailView, Fact
from core.views.pending_words import SAYS
from core.views.table import Cell, Column, Row, TableView, ViewKey, difference, text_cell
from tests.tui.conftest import Stage, Start
from tests.tui.fleet import NOW
from tui.widgets.facts import FactsPanel

PENDING = ViewKey("pending")
COLUMNS = (
    Column("name", "WAITING", 20, grow=True),
    Column("verdict", "VERDICT", 20, importance=1, grow=True),
    Column(SAYS, "SCHEDULER SAYS", 60, importance=98),
)


def row(name: str, verdict: str, says: str = "") -> Row:
    return Row(name, (text_cell(name), Cell(verdict), text_cell(says)))


def view(*rows: Row, notes: tuple[str, ...] = (), generation: int = 1) -> TableView:
    return TableView(
        PENDING, "Pending", COLUMNS, rows, generation, NOW, noun="classes", empty="No pod waits.", notes=notes
    )


def text(stage: Stage, selector: str) -> str:
    found = stage.app.screen.query_one(selector)
    return str(found.render()) if found.display else ""


STUCK = row("shop/cart", "stuck: No group's node would take it [x]\x1b[31m.", "0/3 nodes are available")
GROWS = row("shop/web", "scale-out: Gets a node when web grows.")


async def test_the_lines_above_stay_text_and_leave_the_line_below_alone(start: Start) -> None:
    async with start() as stage:
        stage.link.views[PENDING] = view(STUCK, notes=("2 pods wait", "last trouble: [red]\x1b[31msold out"))
        await stage.press("2")
        await stage.send()
        assert text(stage, ".-headlines") == "2 pods wait\nlast trouble: [red]␛[31msold out"
        assert stage.below == "1 class"


async def test_the_lines_above_follow_a_change_of_rows(start: Start) -> None:
    async with start() as stage:
        before, after = view(STUCK, notes=("2 pods wait",)), view(STUCK, GROWS, notes=("3 pods wait",), generation=2)
        stage.link.views[PENDING] = before
        await stage.press("2")
        await stage.send()
        await stage.send(difference(before, after))
        assert text(stage, ".-headlines") == "3 pods wait"
        assert "pods wait" not in stage.below
        await stage.send(difference(after, view(STUCK, GROWS, generation=3)))
        assert text(stage, ".-headlines") == ""


async def test_the_row_under_the_cursor_is_explained(start: Start) -> None:
    async with start() as stage:
        stage.link.views[PENDING] = view(STUCK, GROWS)
        await stage.press("2")
        await stage.send()
        assert text(stage, ".-why") == (
            "why  shop/cart (stuck): No group's node would take it [x]␛[31m. "
            "The scheduler says: 0/3 nodes are available"
        )
        await stage.press("down")
        assert text(stage, ".-why") == "why  shop/web (scale-out): Gets a node when web grows."


async def test_the_explanation_follows_the_data_and_leaves_with_it(start: Start) -> None:
    async with start() as stage:
        stage.link.views[PENDING] = view(STUCK)
        await stage.press("2")
        await stage.send()
        await stage.send(view(row("shop/cart", "fits-existing: Fits n1 as it is."), generation=2))
        assert text(stage, ".-why") == "why  shop/cart (fits-existing): Fits n1 as it is."
        await stage.send(view(generation=3))
        assert text(stage, ".-why") == ""
        assert stage.panel == "No pod waits."


async def test_a_small_terminal_keeps_the_table_in_sight(start: Start) -> None:
    async with start(size=(60, 18)) as stage:
        long = row("shop/cart", "stuck: " + "no room anywhere " * 30)
        stage.link.views[PENDING] = view(long, GROWS, notes=("many words " * 40,))
        await stage.press("2")
        await stage.send()
        assert stage.table.size.height >= 5
        assert "shop/cart" in stage.lines()[1]


async def test_sentences_of_a_detail_get_lines_of_their_own(start: Start) -> None:
    async with start(size=(80, 24)) as stage:
        key = ViewKey("pending-class", "a/b")
        opened = Row("a/b", (text_cell("x"), Cell("stuck: x"), text_cell("")), opens=key)
        stage.link.views[PENDING] = view(opened)
        long = "0/30 nodes are available: " + "node(s) had an untolerated taint, " * 12
        facts = (Fact("Verdict", text_cell("stuck")), Fact("Why", text_cell("Nothing fits [x]."), wide=True),
                 Fact("Scheduler", text_cell(long), wide=True), Fact("Asks", text_cell("2 cpu")))  # fmt: skip
        stage.link.views[key] = DetailView(key, "Deployment a/x", 1, NOW, facts, (view(),))
        await stage.press("2")
        await stage.send()
        await stage.press("enter")
        await stage.send()
        panel = stage.app.screen.query_one(FactsPanel)
        lines = panel.render().plain.splitlines()
        assert lines[0].rstrip() == "Why        Nothing fits [x]."
        assert lines[1].startswith("Scheduler  0/30 nodes are available: node(s)")
        assert lines[3].rstrip().endswith("…")
        assert lines[4].split() == ["Verdict", "stuck", "Asks", "2", "cpu"]
        assert panel.size.height == len(lines) == 5
