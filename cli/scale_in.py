"""`vacancy scale-in`: which nodes could go, and exactly why the others stay."""

import argparse
from typing import Any

from cli import decided, output
from core.session import decide, price_table, prices_or_why
from core.views import candidates, savings, scale_in
from core.views import plan as plan_view

EXAMPLES = """examples:
  vacancy scale-in                      every node with its verdict
  vacancy scale-in redis                who is held by redis
  vacancy scale-in -o name "could go"   the candidates
  vacancy scale-in -o json --from dump.json | jq .saves    what the whole set would save
  vacancy scale-in --prices my-prices.toml                 with what you pay for a machine
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Scale-in candidates, and the autoscaler's reason for every node that stays."
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--prices", metavar="FILE", help="a price table; default: $VACANCY_PRICES, else the shipped one"
    )
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the nodes."""
    reading = decided.read(args)
    plan, now = decide(reading.snapshot), reading.snapshot.as_of
    prices = price_table(args.prices) if args.prices else prices_or_why()
    view = candidates.view(plan, now, 0, prices)
    rows = decided.kept(args, view)
    if args.output == "table":
        decided.write_table(view, rows)
        return 0
    document = scale_in.document(plan.scale_in, now)
    by_name = {item["node"]: item for item in document["nodes"]}
    items = [by_name[row.id] for row in rows]
    if args.output == "name":
        output.write(output.as_names(f"node/{item['node']}" for item in items))
    elif args.output == "csv":
        output.write(output.as_csv(_flat(item, savings.of_node(plan, item["node"], prices)) for item in items))
    else:
        saves = savings.document(candidates.whole_set(plan, prices), prices)
        decided.write_document(args, {**plan_view.head(plan), **document, "nodes": items, "saves": saves}, "ScaleIn")
    return 0


def _flat(item: dict[str, Any], saves: str) -> dict[str, Any]:
    blocker = item["drain"].get("blockingPod") or {}
    return {
        **{name: item[name] for name in ("node", "group", "verdict", "reason", "since", "goesAt")},
        "utilization": item["utilization"]["max"],
        "resource": item["utilization"]["resource"],
        "blocking_pod": blocker.get("pod"),
        "blocking_reason": blocker.get("reason"),
        "saves_an_hour": saves,
        "explanation": item["explanation"],
    }
