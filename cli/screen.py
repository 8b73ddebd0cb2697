"""`vacancy` without a command: the dashboard. What comes after the first paint is imported behind it, in a thread."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from importlib import import_module

from cli.where import where
from core.views.link import Link
from core.where import Where

SWITCH_INTERVAL = 0.001
"""Seconds that a thread keeps the interpreter: Python's 5 ms would let a re-plan hold up the keyboard."""


def run(args: argparse.Namespace) -> int:
    """Open the screens on the source that the options name."""
    if not args.demo:
        return _open(lambda: where(args))
    from cli.demo import running

    with running() as demo:
        return _open(demo.where)


def _open(find: Callable[[], Where]) -> int:
    """`find` may wait: it is asked behind the first paint."""
    from tui.app import VacancyApp

    def make() -> Link:
        session: Link = import_module("core.session").Session(find())
        return session

    async def open_link() -> Link:
        return await asyncio.to_thread(make)

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = VacancyApp(open_link)
    app.run()
    if app.ended is not None:
        raise app.ended
    return app.return_code or 0
