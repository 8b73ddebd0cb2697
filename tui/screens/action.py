"""The action screen: the plan in sentences, typed to confirm, then how far it is. It can be left at any time and found
again in the journal; what runs goes on."""

import secrets
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from core.views import action
from core.views.action import ActionView
from core.views.link import CancelAction, PlanAction, PlanAgain, RunAction, Update
from core.views.table import Tone, ViewKey
from core.views.text import sanitise
from tui.screens.table_screen import TableScreen
from tui.shell import Shell
from tui.tones import styled
from tui.widgets import state_panel


class ActionScreen(TableScreen):
    """Follows one action, from its plan to its end."""

    AUTO_FOCUS = ""
    over = True
    BINDING_GROUP_TITLE = "Action"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="action.leave", tooltip="Leave; a plan is dropped, a run goes on"),
        Binding("o", "plan_again", "all the same", id="action.again", tooltip="Plan it with the options it asks for"),
        Binding("ctrl+down", "scroll(1)", "read on", id="action.down", tooltip="Read on, where the words don't fit"),
        Binding("ctrl+up", "scroll(-1)", "read back", show=False, id="action.up", tooltip="Read what stands before"),
        Binding("ctrl+x", "stop", "stop it", id="action.stop", tooltip="Stop the run at the next safe point"),
    ]

    def __init__(self, key: ViewKey) -> None:
        super().__init__(key)
        self.shown: ActionView | None = None

    @classmethod
    def planning(cls, app: Shell, what: str, subjects: list[str], args: dict[str, Any] | None = None) -> "ActionScreen":
        """The screen of a new action on these nodes, or whatever it is about, whose plan is asked for."""
        name = secrets.token_hex(4)
        app.intend(PlanAction(name, what, tuple(subjects), args=args or {}))
        return cls(ViewKey(action.KIND, name))

    def compose_head(self) -> ComposeResult:
        yield Static(classes="-object")
        with VerticalScroll(classes="-words", can_focus=False):
            yield Static(classes="-sentences")
        yield Input(classes="-confirm", disabled=True)

    def receive(self, update: Update) -> None:
        if isinstance(update, ActionView):
            self._failed = ""
            self._show(update)
        else:
            super().receive(update)

    def _show(self, shown: ActionView) -> None:
        before, self.shown = self.shown, shown
        self.query_one(".-object", Static).update(styled([(sanitise(shown.title), Tone.ACCENT)]))
        parts = [(f"{sanitise(text)}\n", tone) for text, tone in shown.lines]
        self.query_one(".-sentences", Static).update(styled(parts).rstrip())
        self.set_class(shown.table is None, "-bare")
        if shown.table is not None:
            self.show_table(shown.table)
        if before is None or before.phase != shown.phase:
            self._ask(shown)
            self.refresh_bindings()
            self.call_after_refresh(self.refresh_bindings)  # whether all of it fits is known then
        self._say()

    def _ask(self, shown: ActionView) -> None:
        """Let a person type what confirms it, while it asks."""
        prompt = self.query_one(Input)
        prompt.disabled = shown.phase != action.ASKS
        prompt.display = shown.phase == action.ASKS
        prompt.placeholder = shown.question
        if shown.phase == action.ASKS:
            prompt.focus()
        else:
            self.table.focus()

    @on(Input.Submitted, ".-confirm")
    def _confirmed(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(Input).clear()
        self.app.intend(RunAction(self.key.name, event.value))

    def action_leave(self) -> None:
        if self.shown is None or self.shown.phase not in (action.RUNNING, action.ENDED):
            self.app.intend(CancelAction(self.key.name))
        elif self.shown.phase == action.RUNNING:
            self.app.notify("It goes on; the journal leads back to it.", timeout=4)
        self.dismiss()

    def action_plan_again(self) -> None:
        self.app.intend(PlanAgain(self.key.name))

    def action_stop(self) -> None:
        self.app.intend(CancelAction(self.key.name))
        self.app.notify("Stopping at the next safe point: what was sent is waited for.", timeout=4)

    def action_scroll(self, pages: int) -> None:
        words = self.query_one(".-words")
        words.scroll_relative(y=pages * max(words.size.height - 1, 1), animate=False)

    def _instead(self, failure: str) -> state_panel.Parts:
        if self.shown is not None and self.shown.table is None and not failure:
            return [("", Tone.MUTED)]
        return super()._instead(failure)

    def check_action(self, action_name: str, parameters: tuple[object, ...]) -> bool | None:
        if action_name == "plan_again":
            return self.shown is not None and bool(self.shown.offers)
        if action_name == "scroll":
            return self.is_mounted and self.query_one(".-words").max_scroll_y > 0
        if action_name == "stop":
            return self.shown is not None and self.shown.phase == action.RUNNING
        return super().check_action(action_name, parameters)
