"""`vacancy rightsizing`: what containers book and don't use, what to book instead, and the patches for it."""

import argparse

from cli import decided, output
from core.errors import InputError
from core.session import decide, rightsize
from core.views import rightsizing
from core.views.table import ViewKey

EXAMPLES = """examples:
  vacancy rightsizing                   what would free most first
  vacancy rightsizing --by vpa          only what VPAs recommend
  vacancy rightsizing --by vpa --patches shop/cart > patch.yaml
  kubectl patch deploy cart -n shop --patch-file patch.yaml --dry-run=server
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = (
        "Requests against usage now and against VPA recommendations, and what other requests would free."
    )
    parser.epilog = EXAMPLES
    parser.add_argument("--by", choices=rightsizing.SOURCES, default="", help="default: the VPA where there is one")
    parser.add_argument("--margin", type=int, default=rightsizing.MARGIN, metavar="PERCENT", help="above usage (20)")
    parser.add_argument("--patches", action="store_true", help="print patches (YAML) for the rows that are left")
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the containers, or their patches."""
    if not 0 <= args.margin <= 1_000:
        raise InputError(f"--margin {args.margin}: write a percentage from 0 to 1000")
    plan = decide(decided.read(args).snapshot)
    found = rightsize(plan, args.margin, args.by)
    view = rightsizing.view(plan, found, ViewKey("rightsizing"), 0)
    rows = decided.kept(args, view)
    by_name = {rightsizing.identity(one): one for one in found.items}
    kept = [by_name[row.id] for row in rows]
    items = [rightsizing.item(one) for one in kept]
    if args.patches:
        output.write("---\n".join(output.as_yaml(patch) for patch in rightsizing.patches(kept)))
    elif args.output == "table":
        decided.write_table(view, rows)
    elif args.output == "name":
        names = (f"{item['kind'].lower()}/{item['namespace']}/{item['name']}\n" for item in items)
        output.write("".join(dict.fromkeys(names)))
    elif args.output == "csv":
        output.write(output.as_csv(_flat(item) for item in items))
    else:
        decided.write_document(args, {**rightsizing.document(plan, found), "items": items}, "Rightsizing")
    return 0


def _flat(item: dict[str, object]) -> dict[str, object]:
    """Amounts by resource, each a column of its own."""
    flat: dict[str, object] = {}
    for name, value in item.items():
        if name in ("requests", "usedMean", "usedMost", "vpa", "wanted", "freed"):
            amounts = value if isinstance(value, dict) else {}
            flat |= {f"{name}_{resource}": amounts.get(resource) for resource in ("cpu", "memory")}
        else:
            flat[name] = value
    return flat
