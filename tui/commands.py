"""What the command palette offers: the views, the orders and groupings of the table that shows, and the app's own."""

from collections.abc import Callable, Iterable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from core.views.wish import asks_about
from tui.screens.main_views import MAIN_VIEWS
from tui.screens.table_screen import TableScreen


class VacancyCommands(Provider):
    """Commands as `kind: name`, with what they do."""

    async def discover(self) -> Hits:
        for name, action, meaning in self._commands():
            yield DiscoveryHit(name, action, help=meaning)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, action, meaning in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), action, help=meaning)

    def _commands(self) -> Iterable[tuple[str, Callable[[], object], str]]:
        for view in MAIN_VIEWS:
            yield f"view: {view.title.lower()}", partial(self.app.switch_mode, view.kind), "Show this view"
        yield "theme: choose", self.app.action_change_theme, "Other colours"
        yield "quit", self.app.action_quit, "Leave"
        if isinstance(self.screen, TableScreen):
            yield from self._table_commands(self.screen)

    def _table_commands(self, screen: TableScreen) -> Iterable[tuple[str, Callable[[], object], str]]:
        for column in screen.table.model.columns:
            for sort in screen.table.sort_choices(column.id):
                name = f"{column.id}{'.used' if sort.used else ''} {'down' if sort.descending else 'up'}"
                yield f"sort: {name}", partial(screen.table.sort_by, sort), column.describes
        if asks_about(screen.key.kind):
            yield "what if: this row", screen.action_what_if, "What would be different without the node, or with more"
        for group in screen.view.group_choices if screen.view is not None else ():
            yield f"group: by {group or 'nothing'}", partial(screen.group_by, group), "Roll the rows up"
