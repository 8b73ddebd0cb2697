"""`vacancy sim`: the simulated cluster and cloud alone, for any client that speaks to them."""

import argparse

import sim.main

EXAMPLES = """examples:
  vacancy sim --env sim.env & sleep 5; . ./sim.env; kubectl get nodes
  vacancy sim --env sim.env --size 500x15000 --speed 60
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = sim.main.DESCRIPTION
    parser.epilog = EXAMPLES
    sim.main.add_options(parser)
    parser.set_defaults(debug=False)


def run(args: argparse.Namespace) -> int:
    """Run it until it is ended."""
    return sim.main.serve(args)
