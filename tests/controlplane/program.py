"""vacancy itself, run as a person or a script runs it: a program of its own, against the control plane."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.controlplane.cluster import Cluster
from tests.controlplane.identities import ON_CALL
from tests.controlplane.kinds import Json

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "cli")


def vacancy(*words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False, cwd=ROOT, timeout=seconds)


def asked(cluster: Cluster, *words: str, context: str = ON_CALL) -> subprocess.CompletedProcess[str]:
    """The same, on the control plane as `context`."""
    return vacancy(*words, "--no-cloud", f"--kubeconfig={cluster.kubeconfig}", f"--context={context}")


def document(cluster: Cluster, *words: str, context: str = ON_CALL) -> Json:
    """The JSON that a command prints; it must succeed."""
    done = asked(cluster, *words, "-o", "json", context=context)
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found
