"""Secrets that come by in reasons, errors and objects are not in the journal, nor in what the commands print of it."""

from pathlib import Path

import pytest

from cli.main import main
from core.actions import journal
from sim.kube.faults import Fault
from tests.wire.actions.stage import Stage

MARK = "hunter2hunter2"


async def test_no_secret_in_the_journal(stage: Stage, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    message = f"webhook refused: Authorization: Bearer {MARK} password={MARK} https://robot:{MARK}@example.org"
    stage.sim.server.faults.add(Fault(path=r"/eviction\?(?!.*dryRun)", status=503, message=message, times=1))
    made = await stage.plan("a")
    run, drain = stage.start(made)
    await run.journal.begin(made)
    await run.journal.note("why", f"rotating secret={MARK}")
    await drain.go()
    run.journal.close()
    assert run.progress.outcome == "done"
    text = run.journal.path.read_text()
    assert "webhook refused" in text
    assert MARK not in text
    assert run.journal.path.stat().st_mode & 0o077 == 0
    assert journal.folder().is_relative_to(home)
    main(["journal", "show", made.id])
    assert MARK not in capsys.readouterr().out
