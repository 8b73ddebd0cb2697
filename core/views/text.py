"""Text from a cluster made fit for a terminal: harmless, and as wide as it claims. Numbers become text in `format`."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from core.views.table import Align, Elide

ELLIPSIS = "…"
_UNSAFE = "\ufffd"
_NEWLINES = "\n\r\x0b\x0c\x85\u2028\u2029"
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_COMBINING = frozenset({"Mn", "Me", "Mc"})
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_DROPPED = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
"""Joiners and skin tones: terminals disagree on what they do to the width of their neighbours."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_JOINING_JAMO = re.compile("[\u1161-\u11ff\ud7b0-\ud7ff]")
MAX_MARKS = 2
"""Combining marks kept on one letter: more of them spill over the neighbouring lines."""


def sanitise(text: str) -> str:
    """`text` on one line with nothing in it that acts on a terminal, and nothing whose width terminals disagree on.

    Control characters show as their Unicode pictures, line ends as ⏎, and what would reorder or hide text (bidi
    overrides, tags, unassigned code points, lone surrogates) as a replacement character.
    """
    return text if text.isascii() and text.isprintable() else _sanitise(text)


@lru_cache(maxsize=8192)
def _sanitise(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for char in _VARIATION.sub("", text.replace("\r\n", "\n")):
        marks = marks + 1 if unicodedata.category(char) in _COMBINING else 0
        if marks <= MAX_MARKS:
            shown.append(_visible(char, first=not shown))
    return "".join(shown)


def _visible(char: str, first: bool) -> str:
    if char in _NEWLINES:
        return "⏎"
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if char in _DROPPED:
        return ""
    category = unicodedata.category(char)
    if category in _INVISIBLE or char in _FILLERS or (first and category in _COMBINING):
        return _UNSAFE
    return " " if category == "Zs" else char


def width(text: str) -> int:
    """Terminal cells that a sanitised text takes."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in _COMBINING or _JOINING_JAMO.match(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def widest(texts: Iterable[str]) -> int:
    """Terminal cells of the widest of these texts once they are sanitised."""
    return max(
        (len(text) if text.isascii() and text.isprintable() else width(sanitise(text)) for text in texts), default=0
    )


def truncate(text: str, limit: int, elide: Elide = Elide.END) -> str:
    """`text` cut to at most `limit` cells, with … where it was cut. A wide glyph is never halved."""
    if len(text) <= limit and (text.isascii() or width(text) <= limit):
        return text
    if limit <= 1:
        return ELLIPSIS[: max(limit, 0)]
    if elide is Elide.START:
        return ELLIPSIS + _head(text[::-1], limit - 1)[::-1]
    return _head(text, limit - 1) + ELLIPSIS


def _head(text: str, limit: int) -> str:
    if text.isascii():
        return text[:limit]
    taken = 0
    for index, char in enumerate(text):
        taken += _char_width(char)
        if taken > limit:
            return text[:index]
    return text


def fit(text: str, cells: int, align: Align = Align.LEFT, elide: Elide = Elide.END) -> str:
    """`text` in exactly `cells` cells: cut where too long, padded where too short."""
    shown = truncate(text, cells, elide)
    padding = " " * (cells - width(shown))
    return padding + shown if align is Align.RIGHT else shown + padding
