"""`vacancy remove NODE...`: take nodes out through the door that they came in by, emptied first, on record."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy remove --dry-run cn-hangzhou.10.0.3.18             the plan as JSON: by which door, who leaves, what is lost
  vacancy remove --write cn-hangzhou.10.0.3.18               emptied and taken out; the machine is kept
  vacancy remove --write --release n1 n2                     two, and their machines are given back
  vacancy remove --write --anyway --why "bad disk" n1        one that the autoscaler would have to take

The door is told by the node's origin (vacancy nodes): attached machines are wiped of the cluster and stay; what ESS
made leaves its scaling group; what is in a node pool goes through the ACK API. Desired sizes go down with the nodes, so
that nothing is bought in their place. Subscription machines are never released (exit code 4).
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Drain nodes, then take them out of their group and their cluster."
    parser.epilog = EXAMPLES
    parser.add_argument("nodes", nargs="+", metavar="NODE")
    machine = parser.add_mutually_exclusive_group()
    machine.add_argument("--release", action="store_true", help="give the machines back, with what is on their disks")
    machine.add_argument("--keep", dest="release", action="store_false", help="keep the machines (default)")
    parser.add_argument(
        "--keep-desired", action="store_true", help="leave desired sizes as they are: other machines are bought"
    )
    parser.add_argument("--anyway", action="store_true", help="also nodes that an autoscaler made; needs --why")
    parser.add_argument(
        "--door",
        default="",
        metavar="DOOR",
        help="where nobody knows it: attached, expanded, pool or external; pool also for attached ones that ACK lists",
    )
    parser.add_argument("--keep-userdata", action="store_true", help="leave the userdata of kept machines alone")
    parser.add_argument("--no-reset", action="store_true", help="don't run kubeadm reset on kept machines")
    parser.add_argument(
        "--dead", action="store_true", help="don't wait for the pods of nodes that are not ready: nobody would end them"
    )
    acting.add_drain_options(parser)
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Remove them."""
    names = ("release", "keep_desired", "anyway", "door", "keep_userdata", "no_reset", "dead")
    return acting.run(args, acting.emptying(args, "remove", **{name: getattr(args, name) for name in names}))
