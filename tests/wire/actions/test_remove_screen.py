"""Removing from the screen: the key only when armed, what becomes of the machine asked first, the name typed, and the
progress to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.widgets import Input

from core.session import Session
from core.views import action
from tests.wire.actions.fleet import Fleet, last
from tests.wire.actions.test_screens import Screens
from tui.app import VacancyApp
from tui.screens.remove import RemoveScreen, read

pytestmark = pytest.mark.thorough


@asynccontextmanager
async def screens(fleet: Fleet, armed: bool = True) -> AsyncIterator[Screens]:
    async def open_link() -> Session:
        return Session(replace(fleet.where(), write=armed))

    app = VacancyApp(open_link)
    async with app.run_test(size=(140, 40)) as pilot:
        made = Screens(app, pilot)
        await made.until(lambda: app.status is not None and app.status.nodes)
        yield made


def origin_known(shown: Screens, node: str) -> bool:
    """The cloud has been read: the node's row knows its group."""
    row = shown.table.model.rows.get(node)
    return row is not None and "batch" in " ".join(cell.text for cell in row.cells)


async def test_a_removal_from_key_to_end(fleet: Fleet) -> None:
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    node = made.nodes[0]
    async with screens(fleet) as shown:
        await shown.point_at(node)
        await shown.until(lambda: origin_known(shown, node))
        await shown.press("R")
        assert isinstance(shown.app.screen, RemoveScreen)
        await shown.press(*"releese", "enter")
        assert "Write any of" in shown.sentences
        shown.app.screen.query_one(Input).value = "release"
        await shown.press("enter")
        await shown.until(lambda: shown.phase() == action.ASKS)
        assert "by ESS, out of its scaling group" in shown.sentences
        assert "(ECS DescribePrice)" in shown.sentences
        assert shown.app.screen.query_one(Input).placeholder == f"type {node} to confirm"
        await shown.press("y", "enter")
        await shown.until(lambda: "that was not it" in shown.sentences)
        assert fleet.changes() == {}
        shown.app.screen.query_one(Input).value = node
        await shown.press("enter")
        await shown.until(lambda: shown.phase() == action.ENDED)
        assert "done: 1 node removed" in shown.sentences
    assert fleet.changes() == {"RemoveInstances": 1}
    assert last().state == "done"
    assert not fleet.has_node(node)


async def test_no_key_for_who_is_not_armed(fleet: Fleet) -> None:
    made = fleet.group("batch", 1)
    await fleet.open_doors()
    async with screens(fleet, armed=False) as shown:
        await shown.point_at(made.nodes[0])
        await shown.press("R")
        assert not isinstance(shown.app.screen, RemoveScreen)
        assert "view.remove" not in {found.binding.id for found in shown.app.screen.active_bindings.values()}


@pytest.mark.parametrize(
    ("text", "args", "why"),
    [
        ("", {}, ""),
        (" keep ", {}, ""),
        ("release keep-desired", {"release": True, "keep_desired": True}, ""),
        ("door=external", {"door": "external"}, ""),
        ("release anyway: bad disk", {"release": True, "anyway": True}, "bad disk"),
    ],
)
def test_what_is_written(text: str, args: dict[str, object], why: str) -> None:
    assert read(text) == (args, why)


@pytest.mark.parametrize("text", ["keep release", "burn", "door=window", "door=pool door=external", "y"])
def test_what_means_nothing(text: str) -> None:
    assert read(text) is None
