"""`vacancy protect NODE...`: keep nodes from scale-in, through every door by which they could go; `--off` lets go."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy protect --dry-run cn-hangzhou.10.0.3.18       through which doors it would be protected, and why
  vacancy protect --write cn-hangzhou.10.0.3.18
  vacancy protect --write --off cn-hangzhou.10.0.3.18   open to scale-in again

A member of a scaling group is protected in ESS (SetInstancesProtection), and by an annotation where an autoscaler runs.
People can still remove it. vacancy journal undo takes it back as it was.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Protect nodes from scale-in."
    parser.epilog = EXAMPLES
    parser.add_argument("nodes", nargs="+", metavar="NODE")
    parser.add_argument("--off", action="store_true", help="no longer protect them")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    action = "unprotect" if args.off else "protect"
    return acting.run(args, PlanAction("", action, tuple(args.nodes), max_nodes=args.max_nodes, why=args.why))
