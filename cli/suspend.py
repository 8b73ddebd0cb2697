"""`vacancy suspend GROUP...`: processes of scaling groups stop; `--off` lets them go on."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy suspend --write batch                          it keeps its size: neither ScaleIn nor ScaleOut
  vacancy suspend --write batch --process HealthCheck    unhealthy machines stay
  vacancy suspend --write --off batch                    everything that is suspended goes on

GROUP is a scaling group's id, a node pool's id, or a name. vacancy journal undo takes back only what was changed.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Suspend what scaling groups do by themselves, or resume it."
    parser.epilog = EXAMPLES
    parser.add_argument("groups", nargs="+", metavar="GROUP")
    parser.add_argument("--off", action="store_true", help="resume them")
    parser.add_argument(
        "--process",
        action="append",
        default=[],
        metavar="NAME",
        help="ScaleIn, ScaleOut, HealthCheck, AlarmNotification or ScheduledAction; as often as needed; default: the "
        "first two, with --off all that are suspended",
    )
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    action = "unsuspend" if args.off else "suspend"
    processes = {"processes": args.process} if args.process else {}
    return acting.run(args, PlanAction("", action, tuple(args.groups), why=args.why, args=processes))
