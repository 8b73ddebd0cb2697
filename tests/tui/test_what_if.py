"""The key `w`: what it asks about on each view, how the answer shows, how to change the number, how to leave."""

import pytest

from core.views.detail import DetailView, Fact
from core.views.link import Failure
from core.views.table import Cell, Column, Row, TableView, Tone, ViewKey, text_cell
from core.views.wish import view_key, wishes_of
from tests.tui.conftest import Stage, Start
from tests.tui.fleet import NOW, pods, pooled
from tui.screens.what_if import WhatIfScreen
from tui.widgets.key_line import KeyLine

HOSTILE = "[red]n1\x1b[31m\n界"


def table(kind: str, *ids: str) -> TableView:
    """A view of that kind with these rows."""
    rows = tuple(Row(one, (text_cell(one),)) for one in ids)
    return TableView(ViewKey(kind), kind, (Column("name", "NAME", 20, grow=True),), rows, 1, NOW)


def answer(key: ViewKey, *sentences: str, generation: int = 1) -> DetailView:
    facts = tuple(Fact("", Cell(sentence, tone=Tone.GOOD)) for sentence in sentences)
    return DetailView(key, "What if g grew", generation, NOW, facts, (pods("shop/cart-0"),))


def asked(stage: Stage) -> tuple[tuple[str, ...], ...]:
    """What the session was asked last."""
    return wishes_of(stage.link.subscribed[-1].name)


@pytest.mark.parametrize(
    ("digit", "kind", "wish"),
    [
        ("3", "scale-in", ("drain", "one")),
        ("4", "groups", ("expand", "one", "1")),
        ("2", "pending", ("expand-for", "one", "1")),
    ],
)
async def test_the_row_under_the_cursor_is_asked_about(
    start: Start, digit: str, kind: str, wish: tuple[str, ...]
) -> None:
    async with start() as stage:
        stage.link.views[ViewKey(kind)] = table(kind, "one", "two")
        await stage.press(digit)
        await stage.send()
        await stage.press("w")
        assert isinstance(stage.app.screen, WhatIfScreen)
        assert asked(stage) == (wish,)
        assert stage.panel == "Trying it out on a copy …"
        await stage.press("escape")
        assert not isinstance(stage.app.screen, WhatIfScreen)


async def test_marked_nodes_are_asked_about_together_and_a_pool_is_not(start: Start) -> None:
    async with start() as stage:
        await stage.send(pooled(web=2))
        await stage.press("w")
        assert not isinstance(stage.app.screen, WhatIfScreen), "a pool is no node"
        await stage.press("down", "space", "space", "w")
        ((verb, *nodes),) = asked(stage)
        assert (verb, len(nodes)) == ("drain", 2)


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        ("node", ("drain", HOSTILE)),
        ("group", ("expand", HOSTILE, "1")),
        ("pending-class", ("expand-for", HOSTILE, "1")),
    ],
)
async def test_an_open_object_is_asked_about_whatever_its_name(start: Start, kind: str, wish: tuple[str, ...]) -> None:
    async with start() as stage:
        key = ViewKey("scale-in")
        row = Row("r", (text_cell(HOSTILE),), opens=ViewKey(kind, HOSTILE))
        stage.link.views[key] = TableView(key, "x", (Column("name", "NAME", 20),), (row,), 1, NOW)
        await stage.press("3")
        await stage.send()
        await stage.press("enter", "w")
        assert asked(stage) == (wish,)


async def test_a_pod_is_not_asked_about(start: Start) -> None:
    async with start() as stage:
        key = ViewKey("scale-in")
        row = Row("r", (text_cell("x"),), opens=ViewKey("pod", "a/b"))
        stage.link.views[key] = TableView(key, "x", (Column("name", "NAME", 20),), (row,), 1, NOW)
        await stage.press("3")
        await stage.send()
        await stage.press("enter", "w")
        assert not isinstance(stage.app.screen, WhatIfScreen)


async def test_sentences_wrap_and_stay_text(start: Start) -> None:
    async with start(size=(60, 24)) as stage:
        screen = WhatIfScreen((("drain", "n1"),))
        await stage.app.push_screen(screen)
        await stage.send(answer(screen.key, "word " * 20 + "end.", HOSTILE))
        said = screen.query_one(".-sentences")
        assert "[red]n1" in str(said.render())
        assert "\x1b" not in str(said.render())
        assert said.size.height == 3
        assert "shop/cart-0" in stage.lines()[1]


async def test_plus_and_minus_try_another_number(start: Start) -> None:
    async with start() as stage:
        screen = WhatIfScreen((("expand", "g", "1"),))
        await stage.app.push_screen(screen)
        await stage.send(answer(screen.key, "ok"))
        assert "more nodes" in screen.query_one(KeyLine).render().plain
        await stage.press("plus", "plus")
        assert asked(stage) == (("expand", "g", "3"),)
        assert stage.link.unsubscribed[-1] == view_key((("expand", "g", "2"),))
        await stage.press("minus", "minus", "minus", "minus")
        assert asked(stage) == (("expand", "g", "1"),)


async def test_a_drain_has_no_number(start: Start) -> None:
    async with start() as stage:
        screen = WhatIfScreen((("drain", "n1"),))
        await stage.app.push_screen(screen)
        await stage.send(answer(screen.key, "ok"))
        asked_before = len(stage.link.subscribed)
        await stage.press("plus", "minus")
        assert len(stage.link.subscribed) == asked_before
        assert "more nodes" not in screen.query_one(KeyLine).render().plain


async def test_what_cannot_be_tried_says_why(start: Start) -> None:
    async with start() as stage:
        screen = WhatIfScreen((("expand", "g", "1"),))
        await stage.app.push_screen(screen)
        await stage.send(Failure(screen.key, "group g: there is none"))
        assert stage.panel == "group g: there is none\n\nctrl+r tries again   escape goes back"
