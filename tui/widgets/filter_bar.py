"""The line below a table: what it shows in a few words, and the filter while somebody types one."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from core.views.table import Tone
from tui.tones import styled


class FilterBar(Horizontal):
    """One line. `edit` opens the filter; it posts every change, and `Closed` when the typing is over."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        background: $surface;
        & > Static { width: 1fr; height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > .-prompt { width: 2; padding: 0 0 0 1; color: $text-accent; }
        & > Input, & > Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    }
    """

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "keep", "keep", id="filter.keep", tooltip="Keep the filter and go back to the rows"),
        Binding("escape", "drop", "clear", id="filter.drop", tooltip="Let everything through again"),
    ]

    @dataclass
    class Changed(Message):
        """The filter reads like this now."""

        text: str

    class Closed(Message):
        """The typing is over; the filter stays as it was last said."""

    def compose(self) -> ComposeResult:
        yield Static(classes="-summary")

    def say(self, parts: list[tuple[str, Tone]]) -> None:
        """What the line says while nobody types."""
        self.query_one(".-summary", Static).update(styled(parts))

    async def edit(self, text: str) -> None:
        """Let a person type, from `text` on."""
        if not self.query(Input):
            self.query_one(".-summary").display = False
            await self.mount(Static("/", classes="-prompt"), Input(text, select_on_focus=False))
            self.query_one(Input).focus()

    async def _close(self) -> None:
        await self.query(".-prompt, Input").remove()
        self.query_one(".-summary").display = True
        self.post_message(self.Closed())

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        await self._close()

    async def action_drop(self) -> None:
        """Let everything through again."""
        self.post_message(self.Changed(""))
        await self._close()

    async def action_keep(self) -> None:
        await self._close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.query(Input)) if action in ("drop", "keep") else super().check_action(action, parameters)
