"""The Nodes screen: who is booked, who is in, who could go."""

from core.views.table import ViewKey
from tui.screens.table_screen import TableScreen


class NodesScreen(TableScreen):
    """All nodes, rolled up by pool at first. A row that opens nothing else opens its node."""

    opens = "node"

    def __init__(self) -> None:
        super().__init__(ViewKey("nodes", group_by="pool"))
