"""How a tone looks where text is not drawn by the fleet table: theme variables, one for each meaning."""

from collections.abc import Iterable
from typing import Final

from textual.content import Content

from core.views.table import Tone

STYLES: Final = {
    Tone.PLAIN: "",
    Tone.GOOD: "$text-success",
    Tone.WARNING: "$text-warning",
    Tone.DANGER: "$text-error bold",
    Tone.MUTED: "$foreground-muted",
    Tone.ACCENT: "$text-accent bold",
}


def styled(parts: Iterable[tuple[str, Tone]]) -> Content:
    """Texts (already sanitised) in their tones; nothing in them is read as markup."""
    return Content.assemble(*((text, STYLES[tone]) for text, tone in parts))
