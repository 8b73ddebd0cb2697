"""The expand screen: asks how many machines, then it is an action like any other."""

import secrets

from textual import on
from textual.widgets import Input, Static

from core.views import action
from core.views.link import PlanAction
from core.views.table import Tone, ViewKey
from core.views.text import sanitise
from tui.screens.action import ActionScreen
from tui.tones import styled
from tui.widgets import state_panel

QUESTION = "how many machines more?  2: two more   =8: eight in all"


class ExpandScreen(ActionScreen):
    """Follows nothing until a number is given; then the plan is asked for."""

    def __init__(self, group: str, name: str) -> None:
        super().__init__(ViewKey(action.KIND, secrets.token_hex(4)))
        self._group, self._name = group, name
        self._planned = False

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(".-object", Static).update(styled([(sanitise(f"Expand {self._name}"), Tone.ACCENT)]))
        self._tell("Nothing is asked for yet: first the plan, with what it costs.", Tone.MUTED)
        prompt = self.query_one(Input)
        prompt.disabled, prompt.display, prompt.placeholder = False, True, QUESTION
        prompt.focus()

    def on_screen_resume(self) -> None:
        if self._planned:
            super().on_screen_resume()

    @on(Input.Submitted, ".-confirm")
    def _sized(self, event: Input.Submitted) -> None:
        """The number, while it is asked for; a confirmation later on."""
        if self._planned:
            return
        event.stop()
        event.prevent_default()
        size = sized(event.value)
        if size is None:
            self._tell("That is no number: write 2 for two more, or =8 for eight in all.", Tone.WARNING)
            return
        self._planned = True
        self.query_one(Input).clear()
        self.query_one(Input).disabled = True
        self.app.intend(PlanAction(self.key.name, "expand", (self._group,), args=size))
        self.app.updates.follow(self.key, self.receive)

    def _tell(self, text: str, tone: Tone) -> None:
        self.query_one(".-sentences", Static).update(styled([(text, tone)]))

    def _instead(self, failure: str) -> state_panel.Parts:
        return super()._instead(failure) if self._planned else [("", Tone.MUTED)]


def sized(text: str) -> dict[str, int] | None:
    """`2` or `+2`: so many more; `=8`: so many in all. None for anything else."""
    word, digits = text.strip(), text.strip().lstrip("+=")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4 and len(word) - len(digits) <= 1):
        return None
    number = int(digits)
    if word.startswith("="):
        return {"to": number}
    return {"by": number} if number else None
