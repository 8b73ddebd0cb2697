"""`vacancy plan`: everything that the planner decides, as one document or in a few sentences."""

import argparse

from cli import output
from cli.reading import read
from cli.where import add_source_options
from core.session import decide, prices_or_why
from core.views import candidates, pending
from core.views import plan as plan_view
from core.views.text import sanitise

FORMATS = ("table", "json", "yaml", "csv")
EXAMPLES = """examples:
  vacancy plan                              what the autoscaler would do next, in a few sentences
  vacancy plan -o json | jq .scaleIn.now    the nodes that would go
  vacancy plan --from dump.json --exit-code   code 5 when pods are stuck
"""
FINDINGS = 5


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "What the autoscaler would do next, pod by pod and node by node, and why."
    parser.epilog = EXAMPLES
    parser.add_argument("-o", "--output", choices=FORMATS, default="table", help="default: table")
    parser.add_argument("--exit-code", action="store_true", help="exit with 5 when pods are stuck")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    reading = read(args, cloud_need="plan")
    plan = decide(reading.snapshot)
    if args.output == "table":
        now = reading.snapshot.as_of
        waiting = pending.headlines(plan, pending.classes(plan), now) or ("no pod waits",)
        lines = (*waiting, *candidates.headlines(plan, now, prices_or_why()))
        output.write("".join(f"{sanitise(line)}\n" for line in lines))
    elif args.output == "csv":
        output.write(output.as_csv(plan_view.flat(plan)))
    else:
        document = plan_view.document(plan)
        output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
    stuck = any(verdict.verdict == "stuck" for verdict in plan.pending.pods)
    return FINDINGS if args.exit_code and stuck else 0
