"""The help: every key that works on the screen below, made from its bindings, and what its marks and columns mean."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from core.views.format import bar_with_figures
from core.views.table import Bar, Column
from tui.widgets.fleet_table import FleetTable

MARKS = (
    (bar_with_figures(Bar(0.61, 0.18)), "booked 61 %, used 18 % of allocatable: █ used, ░ booked only, · free"),
    (bar_with_figures(Bar(0.5, 0.71)), "▒ used beyond what was booked: a neighbour's risk"),
    (bar_with_figures(Bar(1.04)), "booked beyond allocatable; usage unknown"),
    ("▌ ● ▾ ▸", "the cursor, a marked row, an open and a folded group"),
)
KEY_CELLS = 20
MOST_CELLS, FRAME_CELLS = 100, 7
"""The box at its widest, and what its border, padding and scrollbar take (styles/dialogs.tcss)."""


class HelpScreen(ModalScreen[None]):
    """Shows the keys of the screen it was called from."""

    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "back", id="help.back", tooltip="Back to the screen"),
    ]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = list(below.active_bindings.values())
        tables = list(below.query(FleetTable))
        self._columns = tables[0].model.columns if tables else ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="-dialog"):
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> Iterable[Content]:
        cells = min(MOST_CELLS, self.app.size.width * 9 // 10) - FRAME_CELLS
        for title, bindings in grouped(self._below).items():
            yield _heading(title)
            for binding in bindings:
                yield _line(self._keys(binding), binding.tooltip or binding.description, cells)
        if self._columns:
            yield from _legend(self._columns, cells)

    def _keys(self, binding: Binding) -> str:
        same = [active.binding for active in self._below if active.binding.action == binding.action]
        return " ".join(dict.fromkeys(self.app.get_key_display(one) for one in same))


def grouped(bindings: Iterable[ActiveBinding]) -> dict[str, list[Binding]]:
    """The first binding of each action, under the title of whatever it belongs to; Textual's own are left out."""
    groups: dict[str, dict[str, Binding]] = {}
    for active in bindings:
        title = active.node.BINDING_GROUP_TITLE
        if title and active.enabled and active.binding.id:
            groups.setdefault(title, {}).setdefault(active.binding.action, active.binding)
    return {title: list(actions.values()) for title, actions in groups.items()}


def _legend(columns: Iterable[Column], cells: int) -> Iterable[Content]:
    yield _heading("Marks")
    for mark, meaning in MARKS:
        yield _line(mark, meaning, cells)
    yield _heading("Columns; the letter sorts, again the other way")
    for column in columns:
        if column.hotkey or column.describes:
            yield _line(f"{column.hotkey:<2} {column.title}", column.describes, cells)


def _heading(text: str) -> Content:
    return Content.styled(f"\n{text}", "$text-accent bold")


def _line(left: str, right: str, cells: int) -> Content:
    """What is beyond `cells` stands below its beginning."""
    beside = wrap(right, max(cells - KEY_CELLS - 2, KEY_CELLS), break_on_hyphens=False)
    meaning = f"\n{' ' * (KEY_CELLS + 2)}".join(beside)
    return Content.assemble((f"  {left:<{KEY_CELLS}}", "bold"), (meaning, "$foreground-muted"))
