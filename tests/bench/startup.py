"""From process start to the first paint, on a real pseudo terminal: this program beside a bare Textual app.

`python -m tests.bench.startup` prints one JSON object, in milliseconds. The first paint is the moment at which the
first words of the frame arrive at the terminal's end.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

BARE = """
from textual.app import App
from textual.widgets import Footer, Header
class Bare(App):
    TITLE = "first words"
    def compose(self):
        yield Header()
        yield Footer()
Bare().run()
"""
EMPTY = '{"apiVersion": "v1", "kind": "List", "items": []}'


def first_paint(arguments: list[str], words: bytes, timeout: float = 20.0) -> float:
    """Milliseconds from the start of `python ARGUMENTS` to the arrival of `words`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    seen = b""
    try:
        while words not in seen:
            if not select.select([master], [], [], start + timeout - time.perf_counter())[0]:
                raise TimeoutError(f"no {words!r} in {timeout} s, but {seen[-400:]!r}")
            seen += os.read(master, 65536)
        return (time.perf_counter() - start) * 1000
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        os.close(master)


def measure(runs: int) -> dict[str, dict[str, float]]:
    """Medians and minima, the two programs taking turns."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as dump:
        dump.write(EMPTY)
        dump.flush()
        ours, bare = ["-m", "cli", "--from", dump.name], ["-c", BARE]
        return _taking_turns({"vacancy": (ours, b"Starting"), "bare Textual": (bare, b"first words")}, runs)


def _taking_turns(apps: dict[str, tuple[list[str], bytes]], runs: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in apps}
    for turn in range(runs + 1):
        for name, (arguments, words) in apps.items():
            took = first_paint(arguments, words)
            if turn:  # the first turn only warms the file cache
                times[name].append(took)
    return {name: {"p50": statistics.median(all_), "min": min(all_)} for name, all_ in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    result = measure(parser.parse_args().runs)
    print(json.dumps({name: {k: round(v) for k, v in values.items()} for name, values in result.items()}))


if __name__ == "__main__":
    main()
