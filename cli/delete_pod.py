"""`vacancy delete-pod POD`: one pod deleted through its budgets, and its successor looked for."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy delete-pod --dry-run shop/recommend-train-6d9-x2x     the plan as JSON: where its successor would land
  vacancy delete-pod --write shop/recommend-train-6d9-x2x       the same, asked for confirmation, and done
  vacancy delete-pod --write --delete shop/cart-0               even when its budget doesn't let it go

It is that very pod (by its UID) that goes, by eviction. A pod that nobody starts anew is gone for good.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Delete one pod, and say where another comes in its place."
    parser.epilog = EXAMPLES
    parser.add_argument("pod", metavar="NAMESPACE/NAME")
    parser.add_argument("--delete", action="store_true", help="delete it where its budgets don't let it be evicted")
    parser.add_argument("--grace-period", type=int, metavar="SECONDS", help="default: the pod's own")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="until it has to be gone; 300")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    asked = PlanAction(
        "",
        "delete-pod",
        (args.pod,),
        grace_period=args.grace_period,
        timeout=args.timeout,
        why=args.why,
        args={"delete": True} if args.delete else {},
    )
    return acting.run(args, asked)
