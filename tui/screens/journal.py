"""The Journal screen: what was done from here, what runs, and what was left in the middle."""

from core.views.table import ViewKey
from tui.screens.decisions import DecisionScreen


class JournalScreen(DecisionScreen):
    """All actions, the newest first. Enter shows one line by line, or leads back to one that runs."""

    opens = "journal-entry"

    def __init__(self) -> None:
        super().__init__(ViewKey("journal"))
