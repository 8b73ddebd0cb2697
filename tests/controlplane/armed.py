"""vacancy armed, as a program of its own with a state directory of its own: what it says, and what its journal says."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.cluster import Cluster
from tests.controlplane.identities import ADMIN
from tests.controlplane.kinds import Json
from tests.controlplane.program import COMMAND, ROOT


@dataclass(frozen=True)
class Armed:
    """One person's machine: `home` holds the journal and the guards."""

    cluster: Cluster
    home: Path
    context: str = ADMIN

    def words(self, *words: str) -> list[str]:
        """A command line on the control plane."""
        where = ("--no-cloud", f"--kubeconfig={self.cluster.kubeconfig}", f"--context={self.context}")
        return [*COMMAND, *words, *where]

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config")}

    def run(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.words(*words), capture_output=True, text=True, check=False, cwd=ROOT, env=self.env, timeout=seconds
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start it, its words on pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self.words(*words), stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=self.env)

    def drain(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Drain, armed and without a question."""
        return self.run("drain", "--write", "--yes", *words)

    def plan(self, *words: str) -> Json:
        """The plan that --dry-run prints, armed so that the server is asked."""
        found: Json = json.loads(self.run("drain", "--write", "--dry-run", *words).stdout)
        return found

    def journal(self) -> list[Json]:
        """The lines of the newest journal."""
        newest = max((self.home / "vacancy" / "journal").glob("*.jsonl"))
        return [json.loads(line) for line in newest.read_text().splitlines()]


def findings(plan: Json, level: str = "refusal") -> set[tuple[str, str]]:
    """(code, about) of the findings of a level."""
    return {(one["code"], one["about"]) for one in plan["findings"] if one["level"] == level}
