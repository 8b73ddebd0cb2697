"""`vacancy unmute OWNER`: its pods on ECI count again."""

import argparse

from cli import acting


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Take a mute away before its time."
    parser.epilog = "example:\n  vacancy unmute --write deployment/test/load-gen\n"
    parser.add_argument("owner", metavar="KIND/NAMESPACE/NAME")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    return acting.run(args, PlanAction("", "unmute", (args.owner,), why=args.why))
