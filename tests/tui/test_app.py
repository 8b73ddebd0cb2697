"""The app under keys and updates: loading, filter, groups, pause, detail, errors, help, leaving."""

import asyncio

import msgspec
import pytest
from textual.events import MouseScrollDown
from textual.theme import BUILTIN_THEMES

from core.errors import InputError, SourceUnreachable
from core.views.link import Failure, Link, Retry
from core.views.status import Connection, Progress, Source, Status
from core.views.table import Bar, TableChange, ViewKey
from tests.tui.conftest import Stage, Start
from tests.tui.fleet import KEY, NOW, STATUS, FakeLink, detail, flat, fleet, group, node, pooled
from tui.app import VacancyApp
from tui.screens.detail_screen import DetailScreen
from tui.screens.groups import GroupsScreen
from tui.screens.help import HelpScreen
from tui.screens.nodes import NodesScreen
from tui.screens.sort_menu import SortMenu
from tui.widgets.facts import FactsPanel, TabLine
from tui.widgets.header_line import HeaderLine
from tui.widgets.key_line import KeyLine


def header(stage: Stage) -> str:
    return stage.app.screen.query_one(HeaderLine).render().plain


def name(index: int) -> str:
    return f"cn-hangzhou.10.0.0.{index}"


async def test_an_empty_frame_comes_before_the_session() -> None:
    opened = asyncio.Event()
    link = FakeLink()

    async def slow() -> Link:
        await opened.wait()
        return link

    app = VacancyApp(slow)
    async with app.run_test() as pilot:
        stage = Stage(app, pilot, link, [NOW])
        assert stage.panel == "Starting …"
        assert link.subscribed == []
        await pilot.press("down", "enter", "space", "C", "slash", "escape", "b", "p", "p", "ctrl+r")
        opened.set()
        await stage.send(STATUS, flat(3))
        assert stage.panel == ""
        assert link.subscribed[0] == KEY


async def test_loading_says_how_far_it_is(start: Start) -> None:
    connecting = Status("prod", sources=(Source("kubernetes", Connection.CONNECTING, NOW, "asking 10.0.0.1:6443"),))
    async with start(says=(connecting,)) as stage:
        assert stage.panel == "Connecting to prod …\nasking 10.0.0.1:6443"
        await stage.send(msgspec.structs.replace(connecting, progress=Progress("Reading pods", 1500, 6000)))
        assert stage.panel == "Reading pods … 1,500 of 6,000\n" + "━" * 10 + "─" * 30
        await stage.send(msgspec.structs.replace(connecting, progress=Progress("Reading pods", 9)))
        assert stage.panel == "Reading pods … 9"
        await stage.send(STATUS, fleet())
        assert stage.panel == "No nodes: add a node pool."
        await stage.send(flat(1, generation=2))
        assert stage.panel == ""


async def test_updates_reach_the_rows_and_a_gap_asks_for_the_whole_view(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(3))
        await stage.send(TableChange(KEY, 1, 2, NOW, (node(1, cpu=Bar(0.99, 0.01)),), notes=("metrics are off",)))
        assert "  99   1" in stage.lines()[2]
        assert stage.below.endswith("metrics are off")
        asked = len(stage.link.subscribed)
        await stage.send(TableChange(KEY, 7, 8, NOW, (node(1, cpu=Bar(0.5)),)))
        assert "  99   1" in stage.lines()[2]
        await stage.send(TableChange(KEY, 8, 9, NOW, (node(1, cpu=Bar(0.5)),)))
        assert stage.link.subscribed[asked:] == [KEY], "asked for once, however many changes are missed"
        await stage.send(flat(2))
        assert len(stage.names()) == 2
        await stage.send(TableChange(KEY, 1, 2, NOW, (node(1, cpu=Bar(0.77)),)))
        assert "  77   -" in stage.lines()[2]


async def test_the_filter_narrows_while_it_is_typed(start: Start) -> None:
    async with start() as stage:
        await stage.send(pooled(web=12, gpu=3))
        await stage.press("slash", *"gpu")
        assert stage.names() == ["gpu", *(name(index) for index in (14, 15, 16))]
        await stage.press("enter", "down")
        assert stage.below.startswith("3 of 15 nodes · filter gpu")
        assert stage.app.focused is stage.table
        await stage.press("escape")
        assert len(stage.names()) == 17
        await stage.press("slash", *"-l pool=web", "enter")
        assert stage.below.startswith("12 of 15 nodes · filter -l pool=web")
        await stage.press("slash", *" =,", "enter")
        assert stage.below.startswith("label selector")
        assert "12 of 15 nodes · filter -l pool=web " in stage.below
        await stage.press("escape")
        assert stage.below.startswith("15 nodes")
        await stage.press("slash", *"nothing like it", "enter")
        assert stage.panel == "No nodes match nothing like it\n\nescape clears the filter"
        await stage.press("escape")
        assert stage.panel == ""


async def test_marks_count_and_escape_takes_them_away(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(5))
        await stage.press("space", "space")
        assert "2 marked" in stage.below
        await stage.press("escape")
        assert "marked" not in stage.below


async def test_grouping_asks_for_another_view(start: Start) -> None:
    async with start() as stage:
        await stage.send(pooled(web=2))
        by_zone = ViewKey("nodes", group_by="zone")
        stage.link.views[by_zone] = fleet(group("zone-h", 1), node(1, "zone-h"), key=by_zone)
        await stage.press("b")
        await stage.send()
        assert stage.link.unsubscribed == [KEY]
        assert stage.names() == ["zone-h", name(1)]
        await stage.send(pooled(web=5))
        assert stage.names() == ["zone-h", name(1)], "a view that nobody follows is not shown"


async def test_a_pause_freezes_the_rows_and_not_the_header(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(3))
        await stage.press("p")
        await stage.send(flat(9, generation=2), msgspec.structs.replace(STATUS, nodes=99))
        assert len(stage.names()) == 3
        assert "99 nodes" in header(stage)
        assert header(stage).endswith("PAUSED")
        stage.link.views[KEY] = flat(9, generation=3)
        await stage.press("p")
        await stage.send()
        assert len(stage.names()) == 9


async def test_enter_opens_the_node_and_escape_goes_back(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(5))
        key = ViewKey("node", name(1))
        stage.link.views[key] = detail(name(1))
        await stage.press("down", "enter")
        await stage.send()
        assert isinstance(stage.app.screen, DetailScreen)
        assert stage.link.unsubscribed == [KEY]
        assert stage.names() == ["cart-0", "pg-0"]
        facts = stage.app.screen.query_one(FactsPanel).render().plain
        assert "State" in facts
        assert "cn-hangzhou-h" in facts
        assert stage.app.screen.query_one(TabLine).render().plain == "[Pods 2]  Taints 1 "
        await stage.send(detail(name(1), generation=2, pod_names=("a/b", "c/d", "e/f")))
        assert len(stage.names()) == 3
        await stage.press("tab")
        assert stage.lines()[1].startswith("▌  gpu=yes:NoSchedule")
        await stage.press("shift+tab", "escape")
        assert isinstance(stage.app.screen, NodesScreen)
        assert stage.link.unsubscribed[-1] == key
        assert stage.table.cursor_id == node(1).id


async def test_a_node_that_is_gone_says_so(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(5))
        await stage.press("enter")
        await stage.send(msgspec.structs.replace(detail(name(0)), gone=True))
        assert "gone" in str(stage.app.screen.query_one(".-object").render())
        await stage.press("escape", "down", "enter")
        await stage.send(Failure(ViewKey("node", name(1)), "pods: forbidden; ask for list on pods"))
        assert stage.panel.startswith("pods: forbidden; ask for list on pods")


async def test_a_failure_of_a_view_and_its_end(start: Start) -> None:
    async with start() as stage:
        await stage.send(Failure(KEY, "nodes: forbidden for [you]"))
        assert stage.panel == "nodes: forbidden for [you]\n\nctrl+r tries again   q leaves"
        await stage.press("ctrl+r")
        assert stage.link.intents == [Retry()]
        await stage.send(flat(2))
        assert stage.panel == ""


@pytest.mark.parametrize("error", [SourceUnreachable("kubeconfig: no such context x"), RuntimeError("boom")])
async def test_a_session_that_ends_says_why_and_can_be_started_again(start: Start, error: Exception) -> None:
    async with start() as stage:
        stage.link.send(error)
        await stage.send()
        assert str(error) in stage.panel
        await stage.press("ctrl+r")
        await stage.send(STATUS, flat(2))
        assert stage.panel == ""
        stage.link.send(error)
        await stage.send()
        assert stage.panel == ""
        assert str(error) in stage.below
        assert len(stage.names()) == 2


async def test_unreadable_input_leaves_at_once_and_lost_sources_leave_with_their_error() -> None:
    async def unreadable() -> Link:
        raise InputError("dump.json: not JSON; give a file that kubectl wrote")

    app = VacancyApp(unreadable)
    async with app.run_test() as pilot:
        await pilot.pause()
    assert isinstance(app.ended, InputError)

    async def lost() -> Link:
        raise SourceUnreachable("10.0.0.1:6443: connection refused")

    app = VacancyApp(lost)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert Stage(app, pilot, FakeLink(), [NOW]).panel.startswith("10.0.0.1:6443: connection refused")
        await pilot.press("q")
    assert isinstance(app.ended, SourceUnreachable)


async def test_the_session_s_general_failure_shows(start: Start) -> None:
    async with start() as stage:
        await stage.send(Failure(None, "nothing to be had"))
        assert stage.panel.startswith("nothing to be had")


async def test_the_help_is_made_from_the_bindings(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(2))
        bindings = [active.binding for active in stage.screen.active_bindings.values() if active.binding.id]
        await stage.press("question_mark")
        assert isinstance(stage.app.screen, HelpScreen)
        text = " ".join("\n".join(line.plain for line in stage.app.screen._lines()).split())
        for binding in bindings:
            assert (binding.tooltip or binding.description) in text
        assert "░ booked only" in text
        await stage.press("escape")
        assert isinstance(stage.app.screen, NodesScreen)


async def test_every_binding_of_ours_says_what_it_does(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(2))
        for active in stage.screen.active_bindings.values():
            if active.binding.id:
                assert active.binding.tooltip or active.binding.description
        assert "/ filter" in stage.screen.query_one(KeyLine).render().plain


async def test_the_sort_menu_sorts(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(20))
        await stage.press("S")
        assert isinstance(stage.app.screen, SortMenu)
        await stage.press("j", "j", "enter")
        assert "by POOL" in stage.below
        await stage.press("S", "escape")
        assert "by POOL" in stage.below


async def test_the_palette_finds_sorts_and_groups(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(20))
        await stage.press("colon", *"sort: cpu.used down")
        await stage.pilot.pause(0.5)
        await stage.press("enter")
        await stage.pilot.pause(0.2)
        assert "by CPU used down" in stage.below


async def test_digits_switch_views_and_two_interrupts_leave(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(2))
        await stage.press("4")
        assert isinstance(stage.app.screen, GroupsScreen)
        assert stage.link.subscribed[-1] == ViewKey("groups")
        assert stage.link.unsubscribed == [KEY]
        await stage.press("1")
        assert isinstance(stage.app.screen, NodesScreen)
        await stage.press("ctrl+c")
        stage.clock[0] += 10
        await stage.press("ctrl+c")
        assert stage.app.is_running
        assert stage.app.return_code is None
        await stage.press("ctrl+c")
        assert stage.app.return_code == 0


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (15, 4), (300, 100)])
async def test_any_size_draws(start: Start, size: tuple[int, int]) -> None:
    async with start(size=size) as stage:
        await stage.send(pooled(web=12, gpu=3))
        await stage.press("G", "space", "C", "ctrl+w", "right", "question_mark", "escape", "S", "escape")
        stage.link.views[ViewKey("node", name(1))] = detail(name(1))
        await stage.press("g", "down", "enter", "escape")
        await stage.pilot.resize_terminal(120, 36)
        await stage.pilot.pause()
        assert len(stage.names()) == 17


async def test_every_theme_draws_and_the_marks_read_without_colour(start: Start) -> None:
    async with start() as stage:
        await stage.send(pooled(web=3))
        await stage.press("down", "space", "k")
        drawn = set()
        for theme in BUILTIN_THEMES:
            stage.app.theme = theme
            await stage.pilot.pause()
            drawn.add("\n".join(stage.lines()))
        assert len(drawn) == 1
        assert "▌●  cn-hangzhou" in drawn.pop()


async def test_the_wheel_scrolls_and_leaves_the_cursor(start: Start) -> None:
    async with start() as stage:
        await stage.send(flat(200))
        first = stage.table.cursor_id
        wheel = MouseScrollDown(stage.table, 10, 5, 0, 1, 0, False, False, False)
        for _ in range(5):
            stage.table.post_message(wheel)
        await stage.pilot.pause(0.3)
        assert stage.table.scroll_offset.y >= 5
        assert stage.table.cursor_id == first
        await stage.press("down")
        assert stage.table.scroll_offset.y <= 1
