"""`vacancy mute OWNER`: its pods on ECI don't count as overdue for a while, with a reason that everybody sees."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy mute --write --reason "load test until the sale" --until 14d deployment/test/load-gen
  vacancy mute --write --reason "moves in January" --until 2027-01-10 cloneset/pay/fraud-model
  vacancy unmute --write deployment/test/load-gen

The mute is the annotation vacancy/eci-mute of the owner; vacancy eci shows it, and it ends by itself.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Let an owner's pods be on ECI for a while without counting as overdue."
    parser.epilog = EXAMPLES
    parser.add_argument("owner", metavar="KIND/NAMESPACE/NAME")
    parser.add_argument("--until", default="14d", metavar="SPAN|DATE", help="how long; default: 14d")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for all to see")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    wish = {"until": args.until, "reason": args.reason}
    return acting.run(args, PlanAction("", "mute", (args.owner,), why=args.why, args=wish))
