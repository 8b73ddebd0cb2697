"""Before the first paint no client, no parser of clusters and nothing heavy is imported."""

import json
import subprocess
import sys

HEAVY = (
    "kubernetes",
    "aiohttp",
    "alibabacloud",
    "numpy",
    "yaml",
    "humanize",
    "core.session",
    "core.clients",
    "core.feeds",
)
SHOW = "import json, sys, tui.app; tui.app.MAIN_VIEWS[0].screen(); print(json.dumps(sorted(sys.modules)))"


def test_the_app_starts_without_clients() -> None:
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", SHOW]))
    assert [name for name in loaded if name.startswith(HEAVY)] == []
