"""Hostile text becomes harmless, one line high, and exactly as wide as it claims."""

import sys
import unicodedata

import pytest
from rich.cells import cell_len

from core.views.table import Align, Elide
from core.views.text import fit, sanitise, truncate, width


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("cn-hangzhou.10.0.3.17", "cn-hangzhou.10.0.3.17"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("\x1b[31mred\x1b]0;title\x07", "␛[31mred␛]0;title␇"),
        ("\x9b31m", "\ufffd31m"),
        ("a\r\nb\nc\u2028d\te", "a⏎b⏎c⏎d␉e"),
        ("safe\u202egnp.exe", "safe\ufffdgnp.exe"),
        ("a\u2066b\u200fc\U000e0041", "a\ufffdb\ufffdc\ufffd"),
        ("a\u200bb\u00adc", "abc"),
        ("e" + "\u0301" * 50, "e\u0301\u0301"),
        ("\u0301x", "\ufffdx"),
        ("👨\u200d👩👍🏽☺\ufe0f", "👨👩👍☺"),
        ("\ud800", "\ufffd"),
        ("a\u00a0b", "a b"),
        ("", ""),
    ],
)
def test_what_acts_on_a_terminal_is_made_visible_or_dropped(hostile: str, shown: str) -> None:
    assert sanitise(hostile) == shown
    shown.encode()


def test_no_code_point_survives_that_controls_or_reorders() -> None:
    harmful = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    for code in range(sys.maxunicode + 1):
        assert not {unicodedata.category(char) for char in sanitise(chr(code))} & harmful, hex(code)


def test_widths_agree_with_the_renderer_for_all_of_unicode() -> None:
    moved_in_unicode_16 = {*range(0x2630, 0x2638), *range(0x268A, 0x2690), *range(0x4DC0, 0x4E00)}
    moved_in_unicode_16 |= set(range(0x1D300, 0x1D37A))
    for code in set(range(sys.maxunicode + 1)) - moved_in_unicode_16:
        text = sanitise("a" + chr(code))
        assert width(text) == cell_len(text), hex(code)


@pytest.mark.parametrize(
    ("text", "limit", "elide", "shown"),
    [
        ("node-1", 6, Elide.END, "node-1"),
        ("node-10", 6, Elide.END, "node-…"),
        ("cn-hangzhou.10.0.3.17", 10, Elide.START, "…10.0.3.17"),
        ("节点节点", 8, Elide.END, "节点节点"),
        ("节点节点", 7, Elide.END, "节点节…"),
        ("节点节点", 6, Elide.END, "节点…"),
        ("节点节点", 6, Elide.START, "…节点"),
        ("abc", 1, Elide.END, "…"),
        ("abc", 0, Elide.END, ""),
    ],
)
def test_a_cut_shows_and_never_halves_a_glyph(text: str, limit: int, elide: Elide, shown: str) -> None:
    assert truncate(text, limit, elide) == shown


@pytest.mark.parametrize("text", ["", "x", "节点节点节点节点", "e\u0301e\u0301", "much too long for this"])
@pytest.mark.parametrize("align", list(Align))
@pytest.mark.parametrize("elide", list(Elide))
def test_fit_fills_exactly_its_cells(text: str, align: Align, elide: Elide) -> None:
    for cells in range(25):
        assert width(fit(text, cells, align, elide)) == cells


def test_fit_aligns() -> None:
    assert fit("7", 3, Align.RIGHT) == "  7"
    assert fit("7", 3) == "7  "
