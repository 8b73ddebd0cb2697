"""Mutes as the audit reads them: they hold until their end, and nothing that is written there breaks it."""

import json

import pytest

from core.analysis.serverless.mutes import LONGEST, Mute, parse, written

UNTIL = 1_800_000_000


def test_what_is_written_is_read() -> None:
    mute = Mute(UNTIL, 'load "test"; until=never', "me@here as admin")
    assert parse(written(mute)) == mute


@pytest.mark.parametrize(
    "text",
    [None, "", "yes", "[]", "{", '{"until": 5}', '{"until": "soon"}', '{"reason": "no end"}', "[" * 100_000, "\ud800"],
)
def test_what_can_not_be_read_mutes_nothing(text: str | None) -> None:
    assert parse(text) is None


def test_words_are_bounded() -> None:
    found = parse(json.dumps({"until": "2027-01-15T08:00:00Z", "reason": "x" * 100_000, "by": "y" * 100_000}))
    assert found is not None
    assert len(found.reason) == len(found.by) == LONGEST
