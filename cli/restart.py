"""`vacancy restart OWNER`: a new rollout, so that pods on ECI come home to ECS; followed, and looked at afterwards."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy restart --dry-run deployment/shop/recommend-train     the plan as JSON: where the new pods would land
  vacancy restart --write deployment/shop/recommend-train       the same, asked for confirmation, and done
  vacancy restart --write --yes cloneset/pay/fraud-model        its CloneSet replaces them, within maxUnavailable

Refused (exit code 4) where a restart moves nothing, because a label or a profile sends the new pods to ECI as well;
--force restarts it all the same. Nothing takes a restart back. Ctrl-C stops following; the rollout goes on by itself.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Restart the rollout of a Deployment, StatefulSet or CloneSet, and see where its pods land."
    parser.epilog = EXAMPLES
    parser.add_argument("owner", metavar="KIND/NAMESPACE/NAME")
    parser.add_argument("--force", action="store_true", help="also when it brings nobody home")
    parser.add_argument("--timeout", type=float, default=1800.0, metavar="SECONDS", help="for the rollout; 1800")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from core.views.link import PlanAction

    asked = PlanAction("", "restart", (args.owner,), force=args.force, timeout=args.timeout, why=args.why)
    return acting.run(args, asked)
