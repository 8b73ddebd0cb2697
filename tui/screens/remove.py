"""The remove screen: asks what becomes of the machines, then it is an action like any other."""

import secrets
from typing import Any

from textual import on
from textual.widgets import Input, Static

from core.views import action
from core.views.link import PlanAction
from core.views.table import Tone, ViewKey
from core.views.text import sanitise
from tui.screens.action import ActionScreen
from tui.tones import styled
from tui.widgets import state_panel

QUESTION = "enter: keep machines   release: give them back   anyway REASON: see above"
WORDS = ("keep", "release", "keep-desired", "keep-userdata", "no-reset", "dead")
DOORS = ("attached", "expanded", "pool", "external")
HELP = f"""\
Write any of these, or nothing, and enter:
  keep           machines stay, and are paid for: as without any word
  release        machines are given back, with what is on their disks
  keep-desired   groups keep their desired size: others are bought instead
  keep-userdata  userdata stays: a kept machine may join again when it boots
  no-reset       no kubeadm reset on a kept machine
  dead           don't wait for the pods of nodes that are not ready
  door=NAME      where nobody knows how it came in: {", ".join(DOORS)}
  anyway REASON  though an autoscaler made it; last, up to the end of the line"""


class RemoveScreen(ActionScreen):
    """Follows nothing until it is said what becomes of the machines; then the plan is asked for."""

    def __init__(self, nodes: list[str]) -> None:
        super().__init__(ViewKey(action.KIND, secrets.token_hex(4)))
        self._names, self._planned = tuple(nodes), False

    def on_mount(self) -> None:
        super().on_mount()
        names = ", ".join(self._names) if len(self._names) <= 2 else f"{len(self._names)} nodes"
        self.query_one(".-object", Static).update(styled([(sanitise(f"Remove {names}"), Tone.ACCENT)]))
        self._tell(f"Nothing is touched yet: first the plan.\n\n{HELP}", Tone.MUTED)
        prompt = self.query_one(Input)
        prompt.disabled, prompt.display, prompt.placeholder = False, True, QUESTION
        prompt.focus()

    def on_screen_resume(self) -> None:
        if self._planned:
            super().on_screen_resume()

    @on(Input.Submitted, ".-confirm")
    def _told(self, event: Input.Submitted) -> None:
        """What becomes of them, while it is asked for; a confirmation later on."""
        if self._planned:
            return
        event.stop()
        event.prevent_default()
        wanted = read(event.value)
        if wanted is None:
            self._tell(HELP, Tone.WARNING)
            return
        self._planned = True
        args, why = wanted
        self.query_one(Input).clear()
        self.query_one(Input).disabled = True
        self.app.intend(PlanAction(self.key.name, "remove", self._names, why=why, args=args))
        self.app.updates.follow(self.key, self.receive)

    def _tell(self, text: str, tone: Tone) -> None:
        self.query_one(".-sentences", Static).update(styled([(text, tone)]))

    def _instead(self, failure: str) -> state_panel.Parts:
        return super()._instead(failure) if self._planned else [("", Tone.MUTED)]


def read(text: str) -> tuple[dict[str, Any], str] | None:
    """The arguments of the removal, and the reason; None for words that mean nothing."""
    before, anyway, why = text.strip().partition("anyway")
    words = before.replace(",", " ").split()
    doors = [word.removeprefix("door=") for word in words if word.startswith("door=")]
    named = {word for word in words if not word.startswith("door=")}
    if not named <= set(WORDS) or {"keep", "release"} <= named or not set(doors) <= set(DOORS) or len(doors) > 1:
        return None
    args: dict[str, Any] = {word.replace("-", "_"): True for word in sorted(named) if word != "keep"}
    args |= {"door": doors[0]} if doors else {}
    return args | ({"anyway": True} if anyway else {}), why.strip(" :,")
