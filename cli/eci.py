"""`vacancy eci`: pods on virtual nodes by owner, how long they have been there, what they cost, what to do."""

import argparse
from typing import Any

from cli import decided, output
from core.errors import InputError
from core.session import audit_eci, decide
from core.views import eci, eci_document
from core.views.table import ViewKey

EXAMPLES = """examples:
  vacancy eci                           every owner, oldest first
  vacancy eci --group-by namespace      with a sum for each namespace
  vacancy eci --sort=-month             the dearest first
  vacancy eci --limit 1d --exit-code    5 when somebody is there for longer than a day
  vacancy eci --prices my-prices.toml   what you pay instead of list prices
"""
FOUND = 5


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Pods on virtual nodes (ECI): age, owner, costs, and whether ECS nodes could take them."
    parser.epilog = EXAMPLES
    parser.add_argument("--limit", metavar="SPAN", default="3d", help="how long they may stay: 12h, 7d, none (3d)")
    parser.add_argument(
        "--prices", metavar="FILE", help="a price table; default: $VACANCY_PRICES, else the shipped one"
    )
    parser.add_argument("--group-by", choices=[name for name in eci.GROUPS if name], default="", help="sums by these")
    parser.add_argument("--exit-code", action="store_true", help="exit with 5 when pods are overdue")
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the owners."""
    limit = eci.seconds(args.limit)
    if limit is None:
        raise InputError(f"--limit {args.limit[:20]!r}: write a span such as 12h, 3d or none")
    plan = decide(decided.read(args).snapshot)
    audit = audit_eci(plan, args.prices, limit)
    view = eci.view(plan, audit, ViewKey("eci", group_by=args.group_by), 0)
    rows = decided.kept(args, view)
    shown = {row.id for row in rows}
    document = eci_document.document(plan, audit)
    items: list[dict[str, Any]] = [item for item in document["items"] if _name(item) in shown]
    if args.output == "table":
        decided.write_table(view, rows)
    elif args.output == "name":
        output.write(output.as_names(f"{item['kind'].lower()}/{item['namespace']}/{item['name']}" for item in items))
    elif args.output == "csv":
        output.write(output.as_csv(_flat(item) for item in items))
    else:
        decided.write_document(args, {**document, "items": items}, "EciAudit")
    return FOUND if args.exit_code and any(item["overdue"] for item in items) else 0


def _name(item: dict[str, Any]) -> str:
    return f"{item['kind']} {item['namespace']}/{item['name']}"


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    names = ("kind", "namespace", "name", "team", "verdict", "overdue", "oldestSeconds", "limitSeconds", "because")
    return {
        **{name: item[name] for name in names},
        "pods": len(item["pods"]),
        **item["costs"],
        "fitsNow": item["fitsNow"],
        **{f"expansion_{name}": (item["expansion"] or {}).get(name) for name in ("group", "nodes", "pods")},
    }
