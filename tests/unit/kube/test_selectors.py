"""Label selectors, from objects and from text."""

import pytest

from core.errors import InputError
from core.kube.selectors import LabelSelector, Requirement, matches, parse

LABELS = {"pool": "web", "gen": "7", "empty": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("pool=web", True),
        ("pool==web", True),
        ("pool!=web", False),
        ("none!=web", True),
        ("pool in (web, gpu)", True),
        ("pool notin (web)", False),
        ("none notin (web)", True),
        ("pool", True),
        ("!pool", False),
        ("!none,pool=web", True),
        ("empty=", True),
        ("pool=web,gen=8", False),
    ],
)
def test_selector_text(text: str, expected: bool) -> None:
    assert matches(parse(text), LABELS) is expected


@pytest.mark.parametrize("text", ["=", "a in web", "a in (b", "a=b c", "a,,b", "(", "a=b,!"])
def test_unreadable_selectors_say_where(text: str) -> None:
    with pytest.raises(InputError, match="cannot read"):
        parse(text)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("Gt", ("6",), True),
        ("Gt", ("7",), False),
        ("Lt", ("8",), True),
        ("Gt", ("x",), False),
        ("Gt", (), False),
        ("Bad", (), False),
    ],
)
def test_comparisons_are_of_integers(operator: str, values: tuple[str, ...], expected: bool) -> None:
    assert Requirement("gen", operator, values).matches(LABELS) is expected


def test_an_empty_selector_matches_everything() -> None:
    assert LabelSelector().matches({})
    assert not LabelSelector(match_labels={"a": "b"}).matches({})
