"""Wrong usage: one line that says what is wrong and where the rest stands."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.main import main
from core.actions.action_plan import ActionPlan, TargetNode
from core.actions.journal_reading import Entry


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nodez"], "argument command: invalid choice: 'nodez'; see"),
        (["nodes", "--bogus"], "unrecognized arguments: --bogus; see"),
        (["drain"], "the following arguments are required: NODE; see"),
        (["nodes", "-o", "xml"], "'name'); see"),
    ],
)
def test_it_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert line in said.err


def test_the_journal_as_csv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plan = ActionPlan("1", "expand", "prod", "https://k", "me", 0.0, subject="web")
    nodes = tuple(TargetNode(name, name) for name in ("n1", "n2", "n3"))
    found = [Entry("1", Path("1"), "done", plan), Entry("2", Path("2"), "failed", replace(plan, nodes=nodes))]
    monkeypatch.setattr("core.session.acting.entries", lambda: found)
    assert main(["journal", "-o", "csv"]) == 0
    head, *lines = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert [line[head.index("nodes")] for line in lines] == ["web", "n1 n2 n3"]
