"""`vacancy drain NODE...`: empty nodes, safely: checked first, evicted through their budgets, on record."""

import argparse

from cli import acting

EXAMPLES = """examples:
  vacancy drain --dry-run cn-hangzhou.10.0.3.18         the plan as JSON: who leaves, where to, what stands in the way
  vacancy drain --write cn-hangzhou.10.0.3.18           the same, asked for confirmation, and done
  vacancy drain --write --yes --parallel 2 n1 n2 n3     several, two at a time, all cordoned first

Nothing is cordoned when the preflight finds that it can't succeed (exit code 4). DaemonSet and static pods stay.
Budgets hold: pods are evicted, never deleted. Ctrl-C stops at the next safe point; vacancy journal has the record.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Cordon nodes and evict what is on them, after a preflight that changes nothing."
    parser.epilog = EXAMPLES
    parser.add_argument("nodes", nargs="+", metavar="NODE")
    acting.add_drain_options(parser)
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Drain them."""
    return acting.run(args, acting.emptying(args, "drain"))
