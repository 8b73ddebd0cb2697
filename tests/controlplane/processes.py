"""Runs programs: free ports, one log file each, stop, start again, pause; all in one process group under the guard.

Knows nothing of Kubernetes.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PORTS = range(20_000, 32_000)  # below every system's ephemeral range, so that a stopped server finds its port free


class StartError(RuntimeError):
    """A program did not start or become ready; the message ends with its last log lines."""


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that nobody listens on."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StartError("no free loopback ports between 20000 and 32000")


def wait_until(ready: Callable[[], bool], seconds: float, what: str, pause: float = 0.05) -> None:
    """Poll `ready` until it is true; TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)


class Guard:
    """The process group's leader: kills the group and removes `folder` when this process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("guard.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(script), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._process.stdout.close()
        self.group = self._process.pid

    def close(self) -> None:
        """Have the whole group killed and the folder removed; returns when that is done."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Program:
    """One server process with its command line, which can be stopped and started again unchanged."""

    def __init__(self, name: str, command: list[str], log: Path, group: int, cwd: Path) -> None:
        self.name, self.command, self.log = name, command, log
        self._group, self._cwd = group, cwd
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                process_group=self._group,
            )

    def stop(self, kill: bool = False, seconds: float = 10) -> None:
        """End it: by SIGTERM and, if still there after `seconds`, by SIGKILL; at once by SIGKILL with `kill`."""
        if self._process is None or not self.running:
            return
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Freeze it: connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def check(self) -> None:
        """StartError if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise StartError(f"{self.name} ended with code {self._process.returncode}; {self.tail()}")

    def tail(self, lines: int = 5) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"log {self.log}: " + " | ".join(text.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is None:
            raise StartError(f"{self.name} is not running")
        os.kill(self.pid, number)
