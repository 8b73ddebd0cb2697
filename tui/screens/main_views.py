"""The main views in the order of their digits. A new one is one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen

from tui.screens.decisions import ChecksScreen, PendingScreen, RightsizingScreen, ScaleInScreen
from tui.screens.eci import EciScreen
from tui.screens.groups import GroupsScreen
from tui.screens.journal import JournalScreen
from tui.screens.nodes import NodesScreen


@dataclass(frozen=True, slots=True)
class MainView:
    """A view that a digit and a name lead to."""

    kind: str
    title: str
    screen: Callable[[], Screen[Any]]


MAIN_VIEWS: tuple[MainView, ...] = (
    MainView("nodes", "Nodes", NodesScreen),
    MainView("pending", "Pending", PendingScreen),
    MainView("scale-in", "Scale-in", ScaleInScreen),
    MainView("groups", "Groups", GroupsScreen),
    MainView("eci", "ECI", EciScreen),
    MainView("checks", "Checks", ChecksScreen),
    MainView("rightsizing", "Rightsizing", RightsizingScreen),
    MainView("journal", "Journal", JournalScreen),
)
