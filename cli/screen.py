"""`vacancy` without a command: the dashboard. What comes after the first paint is imported behind it, in a thread."""

import argparse
import asyncio
from importlib import import_module

from cli.where import where
from core.views.link import Link


def run(args: argparse.Namespace) -> int:
    """Open the screens on the source that the options name."""
    from tui.app import VacancyApp

    source = where(args)

    async def open_link() -> Link:
        session: Link = (await asyncio.to_thread(import_module, "core.session")).Session(source)
        return session

    app = VacancyApp(open_link)
    app.run()
    if app.ended is not None:
        raise app.ended
    return app.return_code or 0
