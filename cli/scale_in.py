"""`vacancy scale-in`: which nodes could go, and exactly why the others stay."""

import argparse
from typing import Any

from cli import decided, output
from core.session import decide
from core.views import candidates, scale_in

EXAMPLES = """examples:
  vacancy scale-in                      every node with its verdict
  vacancy scale-in redis                who is held by redis
  vacancy scale-in -o name "could go"   the candidates
  vacancy scale-in -o json --from dump.json
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Scale-in candidates, and the autoscaler's reason for every node that stays."
    parser.epilog = EXAMPLES
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the nodes."""
    reading = decided.read(args)
    plan, now = decide(reading.snapshot), reading.snapshot.as_of
    view = candidates.view(plan, now, 0)
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
        output.write(output.as_csv(_flat(item) for item in items))
    else:
        decided.write_document(args, {**document, "nodes": items}, "ScaleIn")
    return 0


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    blocker = item["drain"].get("blockingPod") or {}
    return {
        **{name: item[name] for name in ("node", "group", "verdict", "reason", "since", "goesAt")},
        "utilization": item["utilization"]["max"],
        "resource": item["utilization"]["resource"],
        "blocking_pod": blocker.get("pod"),
        "blocking_reason": blocker.get("reason"),
        "explanation": item["explanation"],
    }
