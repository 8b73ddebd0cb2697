"""The walls between the parts, checked at run time: what really gets imported when the program starts."""

import subprocess
import sys

import pytest

HEAVY = {
    "kubernetes",
    "aiohttp",
    "numpy",
    "yaml",
    "alibabacloud_ess20140828",
    "alibabacloud_ecs20140526",
    "alibabacloud_cs20151215",
    "apprise",
}
SCREENS = {"textual", "rich", "tui", "cli", "sim"}


def loaded(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["core.session", "core.views.live", "core.analysis.reservation", "core.feeds.dump", "core.kube.kinds"]
)
def test_core_knows_no_terminal(module: str) -> None:
    assert not loaded(f"import {module}") & SCREENS


def test_the_command_line_starts_light() -> None:
    assert not loaded("import cli.main; cli.main.parser(())") & (HEAVY | {"textual", "msgspec"})


def test_the_first_paint_needs_no_client() -> None:
    assert not loaded("import tui.app") & HEAVY


def test_a_dump_needs_no_client() -> None:
    assert not loaded("import core.session, core.feeds.dump") & (HEAVY - {"numpy"})
