"""What the filter bar lets through: words, their absence, and labels."""

import pytest

from core.errors import InputError
from core.views.filter import parse_filter
from core.views.table import Row, text_cell

ROWS = {
    "web-1": Row("web-1", (text_cell("Web-1"), text_cell("Ready")), labels={"pool": "web"}),
    "web-2": Row("web-2", (text_cell("web-2"), text_cell("NotReady")), labels={"pool": "web", "gpu": "yes"}),
    "db-1": Row("db-1", (text_cell("db-1"), text_cell("Ready")), labels={"pool": "db"}),
    "group": Row("group", (text_cell("web"),), group=True),
}


def found(text: str) -> set[str]:
    matches = parse_filter(text)
    return {name for name, row in ROWS.items() if matches is None or matches(row)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set(ROWS)),
        ("  ! ", set(ROWS)),
        ("WEB", {"web-1", "web-2", "group"}),
        ("!web", {"db-1"}),
        ("ready !notready", {"web-1", "db-1"}),
        ("-l pool=web", {"web-1", "web-2"}),
        ("-l pool=web,!gpu", {"web-1"}),
        ("web -l pool in (web, db)", {"web-1", "web-2"}),
        ("[red]", set()),
    ],
)
def test_filter(text: str, names: set[str]) -> None:
    assert found(text) == names


def test_a_selector_that_cannot_be_read_says_so() -> None:
    with pytest.raises(InputError, match="label selector"):
        parse_filter("-l =,=")
