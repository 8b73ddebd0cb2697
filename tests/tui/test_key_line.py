"""The line of keys: what this screen can do stays where there is little room, and so does the way to the help."""

import msgspec
import pytest

from core.views.action import KIND, REFUSED, ActionView
from core.views.table import Tone, ViewKey
from tests.tui.conftest import Start
from tests.tui.fleet import NOW, STATUS, flat
from tui.screens.action import ActionScreen
from tui.widgets.key_line import KeyLine

ARMED = msgspec.structs.replace(STATUS, read_only=False)
ACTS = ("r drain", "R remove", "c cordon", "a attach", "t protect")


@pytest.mark.parametrize("cells", [80, 100, 160])
async def test_armed_keys_and_the_help_show_in_any_width(start: Start, cells: int) -> None:
    async with start(size=(cells, 24), says=(ARMED,)) as stage:
        await stage.send(flat(2))
        line = stage.screen.query_one(KeyLine).render()
        assert line.cell_length <= cells - 2
        assert [key for key in (*ACTS, "? help") if key not in line.plain] == []


async def test_where_there_is_room_all_of_them_show(start: Start) -> None:
    async with start(size=(160, 24), says=(ARMED,)) as stage:
        await stage.send(flat(2))
        line = stage.screen.query_one(KeyLine).render().plain
        assert line.startswith("⏎ open  space mark  / filter  S sort")
        assert line.endswith("? help  : command")


async def test_where_there_is_hardly_any_the_help_is_left(start: Start) -> None:
    async with start(size=(20, 24), says=(ARMED,)) as stage:
        await stage.send(flat(2))
        assert stage.screen.query_one(KeyLine).render().plain == "⏎ open  ? help"


async def test_words_that_do_not_fit_are_read_on_with_a_key(start: Start) -> None:
    async with start(size=(80, 24), says=(ARMED,)) as stage:
        screen = ActionScreen(ViewKey(KIND, "1"))
        await stage.app.push_screen(screen)
        lines = tuple((f"line {number}", Tone.PLAIN) for number in range(40))
        await stage.send(ActionView(screen.key, "Expand web", REFUSED, 1, NOW, lines))
        assert "read on" in screen.query_one(KeyLine).render().plain
        words = screen.query_one(".-words")
        await stage.press("ctrl+down")
        assert words.scroll_y == words.size.height - 1
        await stage.press("ctrl+down", "ctrl+down")
        assert words.scroll_y == words.max_scroll_y
        await stage.press("ctrl+up", "ctrl+up", "ctrl+up")
        assert words.scroll_y == 0


async def test_words_that_fit_need_no_key(start: Start) -> None:
    async with start(size=(80, 24), says=(ARMED,)) as stage:
        screen = ActionScreen(ViewKey(KIND, "1"))
        await stage.app.push_screen(screen)
        await stage.send(ActionView(screen.key, "Expand web", REFUSED, 1, NOW, (("one line", Tone.PLAIN),)))
        assert "read on" not in screen.query_one(KeyLine).render().plain
