"""What a mute needs to know: why, and for how long. Planning and doing it is in core/actions."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.views.text import sanitise

USUAL = "14d"


class MuteScreen(ModalScreen[tuple[str, str] | None]):
    """Asks for reason and end; answers with both, or None."""

    BINDING_GROUP_TITLE = "Mute"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "leave", id="mute.leave", tooltip="Leave it as it is"),
    ]

    def __init__(self, owner: str) -> None:
        super().__init__()
        self._owner = owner

    def compose(self) -> ComposeResult:
        with Vertical(classes="-dialog"):
            yield Static(f"Mute {sanitise(self._owner)}", classes="-title", markup=False)
            yield Static("why, for all to see")
            yield Input(placeholder="load test until the sale", classes="-reason")
            yield Static("how long (14d, 12h) or until which day (2027-01-10)")
            yield Input(USUAL, classes="-until")

    @on(Input.Submitted, ".-reason")
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.query_one(".-until", Input).focus()

    @on(Input.Submitted, ".-until")
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        reason = self.query_one(".-reason", Input).value.strip()
        if reason and event.value.strip():
            self.dismiss((reason, event.value.strip()))
        elif not reason:
            self.query_one(".-reason", Input).focus()
