"""The Groups screen: which groups could grow, which may not, and what they did last."""

from core.views.table import ViewKey
from tui.screens.table_screen import TableScreen


class GroupsScreen(TableScreen):
    """All scaling groups and node pools. A row that opens nothing else opens its group."""

    opens = "group"

    def __init__(self) -> None:
        super().__init__(ViewKey("groups"))
