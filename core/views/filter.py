"""The filter bar's language: which rows match `web`, `!web` or `-l pool=web,!gpu`. Knows rows, nothing of screens."""

from collections.abc import Callable

from core.kube.selectors import parse
from core.views.table import Row

Matches = Callable[[Row], bool]


def parse_filter(text: str) -> Matches | None:
    """What `text` lets through; None when it lets everything through.

    Plain words must all occur in a row, in any cell, upper or lower case alike; a word after `!` must not occur. After
    `-l` follows a label selector as kubectl takes it. InputError says what can't be read.
    """
    words, _, selector = f" {text} ".partition(" -l ")
    tests = [_word(word) for word in words.casefold().split() if word != "!"]
    if selector.strip():
        tests.append(_labels(selector.strip()))
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def _word(word: str) -> Matches:
    if word.startswith("!"):
        inner = _word(word[1:])
        return lambda row: not inner(row)
    return lambda row: any(word in cell.text.casefold() for cell in row.cells)


def _labels(selector: str) -> Matches:
    requirements = parse(selector)
    return lambda row: not row.group and all(requirement.matches(row.labels) for requirement in requirements)
