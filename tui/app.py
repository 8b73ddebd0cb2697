"""The app: its views, its keys, its styles. How it lives with the session is the shell's matter."""

from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import Provider

from tui.screens.main_views import MAIN_VIEWS
from tui.shell import Shell

STYLES = Path(__file__).parents[1] / "styles"
INTERRUPT_SECONDS = 2.0


def commands() -> type[Provider]:
    """The palette's provider, imported when the palette is first opened."""
    from tui.commands import VacancyCommands

    return VacancyCommands


class VacancyApp(Shell):
    """The terminal dashboard."""

    TITLE = "vacancy"
    PAUSE_GC_ON_SCROLL = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar = {commands}
    BINDING_GROUP_TITLE = "Everywhere"
    CSS_PATH: ClassVar = [STYLES / f"{name}.tcss" for name in ("global", "table_screen", "detail", "dialogs")]
    MODES: ClassVar = {view.kind: view.screen for view in MAIN_VIEWS}
    DEFAULT_MODE = MAIN_VIEWS[0].kind
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="app.help", tooltip="All keys of this screen"),
        Binding("colon", "command_palette", "command", id="app.command", tooltip="Find a view or a command by name"),
        Binding("p", "pause", "pause", show=False, id="app.pause", tooltip="Let the views stand still, or go on"),
        Binding("ctrl+r", "retry", "retry", show=False, id="app.retry", tooltip="Ask the sources again now"),
        *(
            Binding(str(digit), f"view('{view.kind}')", view.title, show=False, id=f"app.{view.kind}")
            for digit, view in enumerate(MAIN_VIEWS, start=1)
        ),
        Binding("q", "quit", "quit", show=False, id="app.quit", tooltip="Leave"),
        Binding("ctrl+c", "interrupt", "quit", show=False, system=True, id="app.interrupt", tooltip="Twice: leave"),
    ]
    _interrupted = float("-inf")

    def action_view(self, kind: str) -> None:
        """Switch to a main view."""
        self.switch_mode(kind)

    def action_pause(self) -> None:
        self.pause(not self.paused)

    def action_retry(self) -> None:
        self.retry()

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen  # late, for the first paint

        self.push_screen(HelpScreen(self.screen))

    def action_interrupt(self) -> None:
        """Leave on the second of two presses in short order."""
        if self.clock() - self._interrupted <= INTERRUPT_SECONDS:
            self.exit()
        else:
            self._interrupted = self.clock()
            self.notify("Press ctrl+c again to leave.", timeout=INTERRUPT_SECONDS)
