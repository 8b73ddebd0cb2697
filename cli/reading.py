"""What all commands share: reading the source once, with progress on stderr. Its options are in where."""

import argparse
import asyncio
import sys
import time

from cli.where import where
from core.session import Reading
from core.session import read as read_session
from core.views.status import Progress
from core.views.text import sanitise
from core.where import CloudNeed

_QUIET_FOR = 1.0
"""Seconds before progress is shown at all: what is quick needs none."""


def read(args: argparse.Namespace, cloud_need: CloudNeed | None = None, history: bool = False) -> Reading:
    """Read it once; what is missing or was left aside is said on stderr. `cloud_need` and `history` as for
    `core.session.read`."""
    bar = ProgressLine()
    try:
        asked = read_session(where(args), tell=bar.show, cloud_need=cloud_need, history=history)
        reading = asyncio.run(asked)
    finally:
        bar.clear()
    for note in reading.notes:
        print(f"vacancy: {sanitise(note)}", file=sys.stderr)
    return reading


class ProgressLine:
    """One line on stderr that says how far it is, where stderr is a terminal and it takes long enough."""

    def __init__(self) -> None:
        self._from = self._shown = time.monotonic()
        self._drawn = False

    def show(self, progress: Progress) -> None:
        """Draw it, ten times a second at most."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._from < _QUIET_FOR or now - self._shown < 0.1:
            return
        self._shown, self._drawn = now, True
        share = f"{100 * progress.done // progress.total} %" if progress.total else f"{progress.done:,}"
        sys.stderr.write(f"\r\x1b[K{sanitise(progress.doing)}  {share if progress.done else '…'}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave no trace."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
