"""Which screen shows which object: what Enter on a row leads to."""

from typing import Any

from textual.screen import Screen

from core.views.table import ViewKey
from tui.screens.detail_screen import DetailScreen


def screen_for(key: ViewKey) -> Screen[Any]:
    """The screen that shows `key` in full."""
    return DetailScreen(key)
