"""The footer: at most seven keys that matter here, from the bindings that are active. All of them stand in the help."""

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

MOST = 7


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
        shown: list[Content] = []
        room = self.app.size.width - 2
        for key, word, action in self._keys():
            part = Content.assemble((key, "$text-accent bold"), f" {word}").stylize(f"@click={action}")
            room -= part.cell_length + 2
            if room < -2 or len(shown) == MOST:
                break
            shown.append(part)
        return Content("  ").join(shown)

    def _keys(self) -> list[tuple[str, str, str]]:
        """Key, word and namespaced action of each binding to show, the focused widget's first."""
        keys: dict[str, tuple[str, str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in keys:
                place = "app." if active.node is self.app else "screen." if active.node is self.screen else "focused."
                shown = self.app.get_key_display(binding)
                keys[binding.action] = (shown, binding.description, place + binding.action)
        return list(keys.values())
