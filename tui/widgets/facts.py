"""The head of a detail: facts in as many columns as fit, and the line of tabs that chooses among its tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from core.views.detail import Fact
from core.views.format import count
from core.views.table import TableView, Tone
from core.views.text import fit, sanitise, width
from tui.tones import STYLES, styled

MOST_LINES = 3
"""Lines that one sentence may take."""
LEAST_CELLS = 38
"""A column of facts narrower than this says too little."""


class FactsPanel(Widget):
    """Label and value, down the columns."""

    DEFAULT_CSS = """
    FactsPanel { height: auto; max-height: 50%; padding: 0 1; background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[Fact, ...] = ()

    def show(self, facts: tuple[Fact, ...]) -> None:
        """Show these facts."""
        if facts != self._facts:
            self._facts = facts
            self.refresh(layout=True)

    def _columns(self, cells: int, facts: int) -> int:
        return max(1, min(cells // LEAST_CELLS, facts))

    def _wide(self, cells: int) -> list[Content]:
        """The sentences, in lines."""
        wide = [fact for fact in self._facts if fact.wide]
        label = max((width(sanitise(fact.label)) for fact in wide), default=0) + 2
        return [line for fact in wide for line in _lines(fact, label, max(cells, label + 10))]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        short = sum(not fact.wide for fact in self._facts)
        return len(self._wide(width)) + -(-short // self._columns(width, short))

    def render(self) -> Content:
        facts = [fact for fact in self._facts if not fact.wide]
        columns = self._columns(self.size.width, len(facts))
        height = -(-len(facts) // columns)
        parts = [facts[at : at + height] for at in range(0, len(facts), max(height, 1))]
        drawn = [_column(part, self.size.width // columns) for part in parts]
        blank = Content(" " * (self.size.width // columns))
        lines = [[column[row] if row < len(column) else blank for column in drawn] for row in range(height)]
        return Content("\n").join([*self._wide(self.size.width), *(Content("").join(line) for line in lines)])


def _lines(fact: Fact, label: int, cells: int) -> list[Content]:
    """A sentence below its label; what is beyond its lines is elided."""
    found = wrap(sanitise(fact.value.text), cells - label, break_on_hyphens=False) or [""]
    shown = [*found[: MOST_LINES - 1], " ".join(found[MOST_LINES - 1 :])][:MOST_LINES]
    heads = [sanitise(fact.label), *[""] * (len(shown) - 1)]
    return [
        Content.assemble((fit(head, label), STYLES[Tone.MUTED]), (fit(text, cells - label), STYLES[fact.value.tone]))
        for head, text in zip(heads, shown, strict=True)
        if head or text
    ]


def _column(facts: Sequence[Fact], cells: int) -> list[Content]:
    label = max((width(sanitise(fact.label)) for fact in facts), default=0) + 2
    return [
        Content.assemble(
            (fit(sanitise(fact.label), label), STYLES[Tone.MUTED]),
            (fit(sanitise(fact.value.text), max(cells - label - 2, 1)) + "  ", STYLES[fact.value.tone]),
        )
        for fact in facts
    ]


class TabLine(Widget):
    """The tables of a detail by name and size; the one that shows stands out. A click chooses."""

    DEFAULT_CSS = """
    TabLine {
        height: 1; padding: 0 1; background: $surface;
        link-style: none; link-color: $foreground-muted; link-background: $surface;
        link-style-hover: bold; link-color-hover: $foreground; link-background-hover: $surface;
    }
    """

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        kind: str

    def __init__(self) -> None:
        super().__init__()
        self._tabs: list[tuple[str, str, int]] = []
        self._current = ""

    def show(self, tables: Sequence[TableView], current: str) -> None:
        """Show these tabs, `current` being the kind of the one that is open."""
        tabs = [(table.key.kind, table.title, len(table.rows)) for table in tables]
        if (tabs, current) != (self._tabs, self._current):
            self._tabs, self._current = tabs, current
            self.refresh()

    def render(self) -> Content:
        return Content(" ").join(self._tab(*tab) for tab in self._tabs)

    def _tab(self, kind: str, title: str, size: int) -> Content:
        here = kind == self._current
        text = f"[{sanitise(title)} {count(size)}]" if here else f" {sanitise(title)} {count(size)} "
        part = styled([(text, Tone.ACCENT if here else Tone.MUTED)])
        return part.stylize(f"@click=choose('{kind}')") if kind.isidentifier() else part

    def action_choose(self, kind: str) -> None:
        self.post_message(self.Chosen(kind))
