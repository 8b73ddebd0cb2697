"""The footer: the keys that matter here, as many as fit, from the bindings that are active. All stand in the help."""

from collections.abc import Mapping

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

YIELDS = ("app.command", "table.mark", "view.group", "view.sort", "view.filter")
"""Bindings that give way to others where there isn't room for all, in this order: they work on every table."""
STAYS = "app.help"
"""The way to all that isn't shown."""


class KeyLine(Widget):
    """One line at the bottom: key and word; a click does what the key does."""

    DEFAULT_CSS = """
    KeyLine {
        height: 1; padding: 0 1; background: $panel; color: $foreground-muted;
        link-style: none; link-color: $foreground-muted; link-background: $panel;
        link-style-hover: bold; link-color-hover: $foreground; link-background-hover: $panel;
    }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        keys = self._keys()
        while len(keys) > 1 and _width(keys) > self.app.size.width - 2:
            del keys[_next_to_go(list(keys))]
        return Content("  ").join(keys.values())

    def _keys(self) -> dict[str, Content]:
        """Each binding to show by its id, the focused widget's first: key and word, to click on."""
        keys: dict[str, Content] = {}
        actions: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in actions:
                actions.add(binding.action)
                place = "app." if active.node is self.app else "screen." if active.node is self.screen else "focused."
                key = self.app.get_key_display(binding)
                part = Content.assemble((key, "$text-accent bold"), f" {binding.description}")
                keys[binding.id or binding.action] = part.stylize(f"@click={place}{binding.action}")
        return keys


def _width(keys: Mapping[str, Content]) -> int:
    return sum(part.cell_length + 2 for part in keys.values()) - 2


def _next_to_go(shown: list[str]) -> str:
    """Which of these gives way next: what works everywhere, then the last, but never the help."""
    common = next((binding for binding in YIELDS if binding in shown), "")
    return common or [binding for binding in shown if binding != STAYS][-1]
