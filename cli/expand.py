"""`vacancy expand GROUP --by N`: more machines for a scaling group or a node pool, followed until they are Ready."""

import argparse

from cli import acting
from core.errors import InputError

EXAMPLES = """examples:
  vacancy expand --dry-run web --by 2     the plan as JSON: what would land, what it costs, limits, addresses, stock
  vacancy expand --write web --by 2       the same, asked for confirmation, done, and followed until they are Ready
  vacancy expand --write --yes np01 --to 8

GROUP is a scaling group's id, a node pool's id, or a name. A node pool is changed through the ACK API, a group that no
pool owns through ESS. Ctrl-C stops following; what was asked for can't be called back. No undo: see vacancy remove.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "More machines for a scaling group or a node pool."
    parser.epilog = EXAMPLES
    parser.add_argument("group", metavar="GROUP")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--by", type=int, metavar="N", help="so many machines more")
    size.add_argument("--to", type=int, metavar="N", help="to this size in all")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    if args.by is not None and args.by < 1:
        raise InputError("expand --by: at least 1")
    size = {"by": args.by} if args.by is not None else {"to": args.to}
    return acting.run(args, PlanAction("", "expand", (args.group,), max_nodes=args.max_nodes, why=args.why, args=size))
