"""`vacancy` without a command: the dashboard."""

import argparse

from cli.reading import where


def run(args: argparse.Namespace) -> int:
    """Open the screens on the source that the options name."""
    from tui.app import run as run_app

    return run_app(where(args))
