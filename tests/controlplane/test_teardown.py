"""However a control plane ends, no process, no listening port and no folder of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane.cluster import Cluster
from tests.controlplane.processes import wait_until

_OWNER = """
import sys
from tests.controlplane.cluster import Cluster
with Cluster() as cluster:
    print(cluster.process_group, cluster.folder, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_its_owner(programs: None, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        group, folder = owner.stdout.readline().split()
        assert len(_members(int(group))) == 7
        assert Path(folder).is_dir()
        os.kill(owner.pid, ending)
        owner.wait(20)
    wait_until(lambda: not _members(int(group)), 20, "no process left")
    wait_until(lambda: not Path(folder).exists(), 5, "no folder left")


def test_close_leaves_nothing_even_of_what_is_paused(programs: None) -> None:
    with Cluster() as cluster:
        cluster.program("kube-scheduler").pause()
        group = cluster.process_group
        assert len(_members(group)) == 7
    assert _members(group) == []
    assert not cluster.folder.exists()
    cluster.close()


def _members(group: int) -> list[str]:
    """Living processes of a process group."""
    rows = subprocess.run(["ps", "-e", "-o", "pgid=,stat=,comm="], capture_output=True, text=True, check=True).stdout
    found = (row.split(maxsplit=2) for row in rows.splitlines())
    return [name for number, state, name in found if int(number) == group and not state.startswith("Z")]
