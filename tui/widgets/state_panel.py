"""What stands where a table would be: still loading, nothing there, or why it can't be shown and what to do."""

from textual.content import Content
from textual.widget import Widget

from core.views.format import count, size_in_words
from core.views.status import Connection, Progress, Status
from core.views.table import Tone
from core.views.text import sanitise
from tui.tones import styled

Parts = list[tuple[str, Tone]]
"""Texts, sanitised, and their tones."""
BAR_CELLS = 40


def loading(status: Status | None) -> Parts:
    """What a screen says before its first data: what is being done, and how far it is."""
    if status is None:
        return [("Starting …", Tone.MUTED)]
    main = status.sources[0] if status.sources else None
    if main is not None and main.state in (Connection.OFF, Connection.FAILED):
        return failed(f"{status.context}: {main.detail}")
    if main is not None and main.state in (Connection.LIVE, Connection.STATIC):
        return [("Loading …", Tone.MUTED)]
    if status.progress is None:
        details = [sanitise(source.detail) for source in status.sources if source.detail]
        return [("\n".join([f"Connecting to {sanitise(status.context)} …", *details]), Tone.MUTED)]
    return _progress(status.progress)


def _progress(progress: Progress) -> Parts:
    if not progress.done and not progress.total:
        return [(f"{sanitise(progress.doing)} …", Tone.PLAIN)]
    amount = size_in_words if progress.in_bytes else count
    doing = f"{sanitise(progress.doing)} … {amount(progress.done)}"
    if not progress.total:
        return [(doing, Tone.PLAIN)]
    done = min(max(progress.done * BAR_CELLS // progress.total, 0), BAR_CELLS)
    bar = [("━" * done, Tone.ACCENT), ("─" * (BAR_CELLS - done), Tone.MUTED)]
    return [(f"{doing} of {amount(progress.total)}\n", Tone.PLAIN), *bar]


def failed(message: str, back: bool = False) -> Parts:
    """One clear line, and the way on: `back` to the screen before, or out."""
    leave = "escape goes back" if back else "q leaves"
    return [(sanitise(message), Tone.DANGER), (f"\n\nctrl+r tries again   {leave}", Tone.MUTED)]


def plain(message: str) -> Parts:
    """Nothing is wrong, there is just nothing to show."""
    return [("\n".join(map(sanitise, message.splitlines())), Tone.PLAIN)]


class StatePanel(Widget):
    """Covers the table while it has something to say."""

    DEFAULT_CSS = """
    StatePanel {
        layer: over;
        width: 1fr;
        height: 1fr;
        padding: 1 2;
        content-align: center middle;
        text-align: center;
        background: $background;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: Parts = loading(None)

    def say(self, parts: Parts) -> None:
        """Say this in place of the table; nothing: let the table show."""
        if parts != self._parts:
            self._parts = parts
            self.display = bool(parts)
            self.refresh(layout=True)

    def render(self) -> Content:
        return styled(self._parts)
