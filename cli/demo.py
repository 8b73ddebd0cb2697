"""`vacancy --demo`: a simulated cluster in a child process, and the way to it. The simulator itself is in sim/."""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import VacancyError
from core.where import Where

READY_WITHIN = 60.0
"""Seconds for the simulator to be ready."""


class Demo:
    """A running simulator."""

    def __init__(self, folder: Path) -> None:
        self._env, self._log = folder / "env", folder / "log"
        words = [sys.executable, "-m", "sim", "--env", str(self._env), "--parent", str(os.getpid())]
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def where(self) -> Where:
        """Wait until it is ready; then it is what the environment points at, and the program is armed."""
        deadline = time.monotonic() + READY_WITHIN
        while not self._env.exists():
            if self._child.poll() is not None:
                raise VacancyError(f"the simulator ended at once: {self._last_words()}; try vacancy sim --env FILE")
            if time.monotonic() > deadline:
                raise VacancyError(
                    f"the simulator was not ready within {READY_WITHIN:.0f} s; is the machine very busy?"
                )
            time.sleep(0.05)
        os.environ.pop("ALIBABA_CLOUD_SECURITY_TOKEN", None)  # of an account of this shell: it would go with our keys
        os.environ.update(_settings(self._env.read_text()))
        return Where(kubeconfig=os.environ["KUBECONFIG"], write=True)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._child.returncode}"

    def stop(self) -> None:
        """End it, kindly at first."""
        self._child.terminate()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@contextlib.contextmanager
def running() -> Iterator[Demo]:
    """A simulator for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="vacancy-demo-") as folder:
        demo = Demo(Path(folder))
        try:
            yield demo
        finally:
            demo.stop()


def _settings(text: str) -> dict[str, str]:
    """The variables in lines such as `export NAME=value`."""
    words = (word for word in shlex.split(text, comments=True) if "=" in word)
    return {name: value for name, _, value in (word.partition("=") for word in words)}
