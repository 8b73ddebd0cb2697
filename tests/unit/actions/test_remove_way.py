"""What the journal of a removal that was left in the middle says about each node."""

from pathlib import Path
from typing import Any

from core.actions.journal_reading import UNFINISHED, Entry
from core.actions.remove.remove_way import ENDED_WITH, RUNS_AS, Known, known


def read(*lines: dict[str, Any]) -> Known:
    return known(Entry("x", Path("x"), UNFINISHED, None, lines=list(lines)))


def intent(number: int, step: str, about: str = "n1") -> dict[str, Any]:
    return {"event": "intent", "number": number, "step": step, "about": about}


def result(number: int, ok: bool = True, status: int | None = None) -> dict[str, Any]:
    return {"event": "result", "number": number, "ok": ok, "after": {} if ok else {"status": status}}


def note(text: str) -> dict[str, Any]:
    return {"event": "note", "about": "n1", "text": text}


def test_a_node_that_was_only_drained_is_not_past_it() -> None:
    found = read(intent(1, "cordon"), result(1), intent(2, "evict", "default/web"), result(2))
    assert found == Known()


def test_what_was_refused_left_nothing_behind() -> None:
    found = read(intent(1, "detach"), result(1, ok=False, status=403))
    assert found.past == {"n1"}
    assert found.sent == {"n1": []}


def test_what_may_have_taken_effect_counts() -> None:
    for end in ([], [result(1, ok=False, status=502)], [result(1, ok=False, status=None)]):
        assert read(intent(1, "detach"), *end).sent == {"n1": ["detach"]}


def test_numbers_begin_anew_when_it_was_resumed() -> None:
    found = read(intent(1, "detach"), {"event": "resume"}, intent(1, "delete"), result(1, ok=False, status=403))
    assert found.sent == {"n1": ["detach"]}


def test_a_reset_is_followed_or_tried_again() -> None:
    assert read(note(f"{RUNS_AS}t-1")).invocation == {"n1": "t-1"}
    failed = read(note(f"{RUNS_AS}t-1"), note(f"{ENDED_WITH}1 (no such file): output"))
    assert (failed.invocation, failed.resets, failed.wiped) == ({}, {"n1": 1}, set())
    assert read(note(f"{ENDED_WITH}nothing: ")).resets == {"n1": 1}
    assert read(note(f"{RUNS_AS}t-1"), note(f"{ENDED_WITH}0: ok")).wiped == {"n1"}
