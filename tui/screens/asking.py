"""An action that wants to know something before it can be planned: asked on the screen on which its plan will stand.
What is asked is in the screens that build on this (expand, remove)."""

import secrets
from typing import ClassVar

from textual import on
from textual.widgets import Input, Static

from core.views import action
from core.views.link import PlanAction
from core.views.table import Tone, ViewKey
from core.views.text import sanitise
from tui.screens.action import ActionScreen
from tui.tones import styled
from tui.widgets import state_panel


class AskingScreen(ActionScreen):
    """Follows nothing until the question is answered; then its plan is asked for."""

    QUESTION: ClassVar[str]
    """What stands in the empty line."""
    FIRST: ClassVar[str]
    """What is said before anything was answered."""
    AGAIN: ClassVar[str]
    """What is said to an answer that makes no sense."""

    def __init__(self, heading: str) -> None:
        super().__init__(ViewKey(action.KIND, secrets.token_hex(4)))
        self._heading, self._planned = heading, False

    def asked(self, text: str) -> PlanAction | None:
        """The plan that is wished for by this answer, under this screen's id; None for one that makes no sense."""
        raise NotImplementedError

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(".-object", Static).update(styled([(sanitise(self._heading), Tone.ACCENT)]))
        self._tell(self.FIRST, Tone.MUTED)
        prompt = self.query_one(Input)
        prompt.disabled, prompt.display, prompt.placeholder = False, True, self.QUESTION
        prompt.focus()

    def on_screen_resume(self) -> None:
        if self._planned:
            super().on_screen_resume()

    @on(Input.Submitted, ".-confirm")
    def _answered(self, event: Input.Submitted) -> None:
        """The answer, while it is asked for; a confirmation later on."""
        if self._planned:
            return
        event.stop()
        event.prevent_default()
        wanted = self.asked(event.value)
        if wanted is None:
            self._tell(self.AGAIN, Tone.WARNING)
            return
        self._planned = True
        self.query_one(Input).clear()
        self.query_one(Input).disabled = True
        self.app.intend(wanted)
        self.app.updates.follow(self.key, self.receive)

    def _tell(self, text: str, tone: Tone) -> None:
        self.query_one(".-sentences", Static).update(styled([(text, tone)]))

    def _instead(self, failure: str) -> state_panel.Parts:
        return super()._instead(failure) if self._planned else [("", Tone.MUTED)]
