"""`vacancy uncordon NODE...`: let nodes take new pods again, on record."""

import argparse

from cli import acting


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Let these nodes take new pods again."
    parser.epilog = "example:\n  vacancy uncordon --write cn-hangzhou.10.0.3.18\n"
    parser.add_argument("nodes", nargs="+", metavar="NODE")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    return acting.run(args, PlanAction("", "uncordon", tuple(args.nodes), max_nodes=args.max_nodes, why=args.why))
