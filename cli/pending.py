"""`vacancy pending`: who waits, in classes, and what every group says to them."""

import argparse

from cli import decided, output
from core.session import decide
from core.views import pending
from core.views import plan as plan_view
from core.views.pending_words import SAYS

EXAMPLES = """examples:
  vacancy pending                       classes of waiting pods, and why nobody lets them in
  vacancy pending shop -o json          with every group's reasons, pod by pod
  vacancy pending -o csv --from dump.json
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Pending pods: which group's new node would take them, and why not the others."
    parser.epilog = EXAMPLES
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the classes."""
    reading = decided.read(args)
    plan = decide(reading.snapshot)
    view = pending.view(plan, reading.snapshot.as_of, 0)
    rows = decided.kept(args, view)
    if args.output == "table":
        decided.write_table(view, rows, leave_out=(SAYS,))
        return 0
    wanted = {row.id for row in rows}
    pods = {verdict.pod.key for one in pending.classes(plan) if one.id in wanted for verdict in one.verdicts}
    document = plan_view.pending(plan.pending)
    items = [item for item in document["pending"] if item["pod"] in pods]
    if args.output == "name":
        output.write(output.as_names(f"pod/{item['pod']}" for item in items))
    elif args.output == "csv":
        columns = ("pod", "verdict", "node", "ignoredBecause", "explanation")
        output.write(output.as_csv({name: item[name] for name in columns} for item in items))
    else:
        decided.write_document(args, {**plan_view.head(plan), **document, "pending": items}, "PendingList")
    return 0
