"""`vacancy untaint [NODE...]`: take an autoscaler's leftover taints off nodes, where no autoscaler runs any more."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy untaint --dry-run              all nodes that carry such a taint
  vacancy untaint --write cn-hangzhou.10.0.3.18

The taints are ToBeDeletedByClusterAutoscaler, DeletionCandidateOfClusterAutoscaler and goatscaler.io/node-terminating.
Refused while an autoscaler runs, or while that can't be seen (exit code 4). Other taints stay.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Take off nodes the taints that an autoscaler left behind."
    parser.epilog = EXAMPLES
    parser.add_argument("nodes", nargs="*", metavar="NODE", help="default: all that carry one")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    return acting.run(args, PlanAction("", "untaint", tuple(args.nodes), max_nodes=args.max_nodes, why=args.why))
