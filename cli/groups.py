"""`vacancy groups`: scaling groups and node pools: their sizes and limits, what moves them, what is wrong with them."""

import argparse
import sys
import time

from cli import output
from cli.reading import read
from cli.where import add_source_options
from core.errors import SourceUnreachable
from core.session import decide
from core.views import group_list, groups
from core.views.filter import parse_filter
from core.views.node_records import of_snapshot
from core.views.order import arranged, parse_sort

EXAMPLES = """examples:
  vacancy groups                        every group of this cluster, with its room and its problems
  vacancy groups --sort=room            the fullest first
  vacancy groups web -o json            one pool with links, template, rules, machines and activities
  vacancy groups --profile ops --region cn-hangzhou
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Scaling groups and node pools, as ESS and the ACK API have them."
    parser.epilog = EXAMPLES
    parser.add_argument("filter", nargs="*", help="only groups whose row holds these words; !word leaves out")
    parser.add_argument("-o", "--output", choices=output.FORMATS, default="table", help="default: table")
    parser.add_argument("--sort", default="", metavar="COLUMN", help="a column, - before it for descending")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the groups."""
    sort = parse_sort(args.sort, groups.columns(wide=True)) if args.sort else None
    matches = parse_filter(" ".join(args.filter))
    reading = read(args, cloud_need="all" if args.output in ("json", "yaml") else "groups")
    snapshot, now = reading.snapshot, reading.snapshot.as_of
    records = groups.with_plan(groups.of_snapshot(snapshot, of_snapshot(snapshot)), decide(snapshot))
    if not records and (why := groups.missing(snapshot.unavailable)):
        raise SourceUnreachable(f"{reading.context}: {why[0]}")
    for note in groups.strangers(records.values(), len(snapshot.table("ScalingGroup"))):
        print(f"vacancy: {note}", file=sys.stderr)
    whole = groups.view(records.values(), now, 0, wide=True)
    kept = [records[name] for name in arranged(whole.rows, whole.columns, sort, matches=matches)]
    if args.output in ("table", "wide"):
        shown = groups.view(kept, now, 0, wide=args.output == "wide")
        output.write(output.as_table(shown, shown.rows))
    elif args.output == "name":
        output.write(output.as_names(f"group/{record.id}" for record in kept))
    elif args.output == "csv":
        output.write(output.as_csv(group_list.flat(record) for record in kept))
    else:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        document = group_list.document(kept, snapshot.unavailable, moment)
        output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
    return 0
