"""`vacancy checks`: what is wrong with HPAs, VPAs, WorkloadSpreads and ElasticWorkloads, and what puts it right."""

import argparse

from cli import decided, output
from core.session import check, decide
from core.views import checks, manifests
from core.views.table import ViewKey

EXAMPLES = """examples:
  vacancy checks                        everything that was found
  vacancy checks --group-by check       by what is wrong
  vacancy checks --hpas                 every HPA, and the replicas it wants
  vacancy checks --vpas | kubectl apply -f -   a VPA with updateMode Off wherever one is missing
  vacancy checks --exit-code shop/      5 when there is something in that namespace
"""
FOUND = 5


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Settings of elastic workloads that don't do what was meant, each with its remedy."
    parser.epilog = EXAMPLES
    parser.add_argument("--group-by", choices=[name for name in checks.GROUPS if name], default="", help="together")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--hpas", action="store_true", help="the HPAs instead (table only; JSON always has them)")
    instead.add_argument("--vpas", action="store_true", help="print VPAs with updateMode Off where they are missing")
    parser.add_argument("--exit-code", action="store_true", help="exit with 5 when something was found")
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the findings."""
    snapshot = decided.read(args).snapshot
    findings = check(decide(snapshot))
    view = checks.view(snapshot, findings, ViewKey("checks", group_by=args.group_by), 0)
    if args.hpas:
        view = checks.hpa_view(snapshot)
    rows = decided.kept(args, view)
    shown = {row.id for row in rows}
    kept = [one for one in findings if f"{one.kind} {one.object}: {one.check}" in shown]
    document = {**checks.document(snapshot, findings), "items": [checks.item(one) for one in kept]}
    if args.vpas:
        output.write(output.as_documents(manifests.vpas_for(snapshot, kept)))
    elif args.output == "table":
        decided.write_table(view, rows)
    elif args.output == "name":
        output.write(output.as_names(dict.fromkeys(f"{one.kind.lower()}/{one.object}" for one in kept)))
    elif args.output == "csv":
        output.write(output.as_csv(document["items"]))
    else:
        decided.write_document(args, document, "Checks")
    return FOUND if args.exit_code and kept else 0
