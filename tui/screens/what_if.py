"""The what-if screen: what would be different if somebody did this, in plain sentences, and what exactly. Nothing is
changed by it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from core.views import format as fmt
from core.views.detail import Fact
from core.views.table import Tone
from core.views.text import sanitise
from core.views.wish import Wish, stepped, view_key, wishes_of
from tui.screens.detail_screen import DetailScreen
from tui.tones import styled
from tui.widgets import state_panel
from tui.widgets.facts import TabLine


class WhatIfScreen(DetailScreen):
    """Follows one what-if. The number of nodes that a group grows by can be changed on the spot."""

    BINDING_GROUP_TITLE = "What if"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "step(1)", "more nodes", id="whatif.more", tooltip="Try one node more"),
        Binding("minus", "step(-1)", "fewer", show=False, id="whatif.fewer", tooltip="Try one node fewer"),
    ]

    def __init__(self, wishes: tuple[Wish, ...]) -> None:
        super().__init__(view_key(wishes))

    def compose_head(self) -> ComposeResult:
        yield Static(classes="-object")
        yield Static(classes="-sentences")
        yield TabLine()

    def show_facts(self, facts: tuple[Fact, ...]) -> None:
        parts = [(f"{sanitise(fact.value.text)}\n", fact.value.tone) for fact in facts]
        self.query_one(".-sentences", Static).update(styled(parts).rstrip())

    def show_title(self) -> None:
        if self.detail is not None:
            asof = f"  tried out on a copy of {fmt.clock(self.detail.as_of)}"
            self.query_one(".-object", Static).update(
                styled([(sanitise(self.detail.title), Tone.ACCENT), (asof, Tone.MUTED)])
            )

    def _instead(self, failure: str) -> state_panel.Parts:
        if self.view is None and not failure and self.app.status is not None:
            return [("Trying it out on a copy …", Tone.MUTED)]
        return super()._instead(failure)

    def action_step(self, by: int) -> None:
        """Ask again with one node more or fewer."""
        wishes = tuple(stepped(wish, by) or wish for wish in wishes_of(self.key.name))
        if (key := view_key(wishes)) != self.key:
            self.app.updates.leave(self.key)
            self.key = key
            self.query_one(".-object", Static).update(styled([("Trying it out on a copy …", Tone.MUTED)]))
            self.app.updates.follow(self.key, self.receive)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "step":
            return any(stepped(wish, 1) for wish in wishes_of(self.key.name))
        return super().check_action(action, parameters)
