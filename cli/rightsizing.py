"""`vacancy rightsizing`: what containers book and don't use, what to book instead, and the patches for it."""

import argparse

from cli import decided, output
from core.errors import InputError
from core.session import decide, rightsize
from core.views import manifests, rightsizing
from core.views.table import ViewKey
from core.views.text import sanitise

EXAMPLES = """examples:
  vacancy rightsizing                   what would free most first
  vacancy rightsizing --prometheus http://prometheus:9090 --window 14d
  vacancy rightsizing --by vpa --patches shop/cart > patch.yaml
  kubectl patch deploy cart -n shop --patch-file patch.yaml --dry-run=server
  vacancy rightsizing --kubectl shop/   the same as kubectl commands, one a line
  vacancy rightsizing --vpas shop/ | kubectl apply -f -
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = (
        "Requests against VPA recommendations, days of usage (--prometheus) and usage now, and what others would free."
    )
    parser.epilog = EXAMPLES
    known = "only what is known from this; default: the VPA, else Prometheus, else usage now"
    parser.add_argument("--by", choices=rightsizing.SOURCES, default="", help=known)
    parser.add_argument("--margin", type=int, default=rightsizing.MARGIN, metavar="PERCENT", help="above usage (20)")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--patches", action="store_true", help="print patches (YAML) for the rows that are left")
    shape.add_argument("--kubectl", action="store_true", help="print the patches as kubectl commands")
    shape.add_argument("--vpas", action="store_true", help="print VPAs with updateMode Off where there are none")
    decided.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the containers, their patches, or VPAs for them."""
    if not 0 <= args.margin <= 1_000:
        raise InputError(f"--margin {args.margin}: write a percentage from 0 to 1000")
    plan = decide(decided.read(args, history=True).snapshot)
    found = rightsize(plan, args.margin, args.by)
    view = rightsizing.view(plan, found, ViewKey("rightsizing"), 0)
    rows = decided.kept(args, view)
    by_name = {rightsizing.identity(one): one for one in found.items}
    kept = [by_name[row.id] for row in rows]
    items = [rightsizing.item(one) for one in kept]
    if args.patches or args.kubectl:
        patches = manifests.patches(plan.snapshot, kept)
        output.write(_commands(patches) if args.kubectl else _documents(patches))
    elif args.vpas:
        output.write(output.as_documents(manifests.vpas(plan.snapshot, (one.application for one in kept))))
    elif args.output == "table":
        decided.write_table(view, rows)
    elif args.output == "name":
        names = (f"{item['kind'].lower()}/{item['namespace']}/{item['name']}" for item in items)
        output.write(output.as_names(dict.fromkeys(names)))
    elif args.output == "csv":
        output.write(output.as_csv(_flat(item) for item in items))
    else:
        decided.write_document(args, {**rightsizing.document(plan, found), "items": items}, "Rightsizing")
    return 0


def _documents(patches: list[manifests.Patch]) -> str:
    """Each after the command that takes it."""
    parts = (f"# {sanitise(one.head)} --patch-file FILE\n{output.as_yaml(one.body)}" for one in patches)
    return "---\n".join(parts)


def _commands(patches: list[manifests.Patch]) -> str:
    return "".join(f"{sanitise(one.kubectl)}\n" for one in patches)


def _flat(item: dict[str, object]) -> dict[str, object]:
    """Amounts by resource, each a column of its own."""
    flat: dict[str, object] = {}
    for name, value in item.items():
        if name in ("requests", "usedMean", "usedMost", "past", "vpa", "wanted", "by", "freed"):
            amounts = value if isinstance(value, dict) else {}
            more = ("seconds",) if name == "past" else ()
            flat |= {f"{name}_{part}": amounts.get(part) for part in ("cpu", "memory", *more)}
        else:
            flat[name] = " ".join(value) if isinstance(value, list) else value
    return flat
