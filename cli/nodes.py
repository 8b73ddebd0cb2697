"""`vacancy nodes`: booked and used per node, per pool, zone or type, and in total."""

import argparse
import time
from collections.abc import Mapping

from cli import output
from cli.reading import read
from cli.where import add_source_options
from core.errors import InputError
from core.kube import selectors
from core.views import node_list, nodes
from core.views.filter import parse_filter
from core.views.node_records import of_snapshot
from core.views.nodes import NodeRecord
from core.views.order import arranged, parse_sort

EXAMPLES = """examples:
  vacancy nodes                                  what every node books and uses
  vacancy nodes --group-by pool --sort=-cpu      pools, the most booked first
  vacancy nodes -l pool=web -o wide              with plain figures, limits and headroom
  kubectl get nodes,pods -A -o json | vacancy nodes --from - -o csv
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Reservation (requests / allocatable) against usage, per node."
    parser.epilog = EXAMPLES
    parser.add_argument("filter", nargs="*", help="only nodes whose row holds these words; !word leaves out")
    parser.add_argument("-o", "--output", choices=output.FORMATS, default="table", help="default: table")
    parser.add_argument("-l", "--selector", default="", help="only nodes with these labels, as kubectl takes it")
    parser.add_argument(
        "--sort", default="", metavar="COLUMN", help="a column, - before it for descending: --sort=-cpu.used"
    )
    parser.add_argument("--group-by", choices=nodes.GROUPINGS[1:], default="", help="add a roll-up for each")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the nodes."""
    wanted = selectors.parse(args.selector)
    sort = parse_sort(args.sort, nodes.columns(wide=True)) if args.sort else None
    matches = parse_filter(" ".join(args.filter))
    reading = read(args, cloud_need="origins")
    if not reading.snapshot.has("Node") and (args.dump is not None or not reading.snapshot.has("Pod")):
        raise InputError(f"{reading.context}: nodes could not be read: {reading.snapshot.unavailable['Node']}")
    records = {
        name: record
        for name, record in of_snapshot(reading.snapshot).items()
        if selectors.matches(wanted, record.node.labels)
    }
    now, wide = reading.snapshot.as_of, args.output != "table"
    view = nodes.view(records, now, 0, args.group_by, wide=wide)
    order = arranged(view.rows, view.columns, sort, matches=matches)
    kept = {name: records[name] for name in order if name in records}
    if args.output in ("table", "wide"):
        shown = nodes.view(kept, now, 0, args.group_by, wide=wide)
        rows = {row.id: row for row in shown.rows}
        left_out = () if any(_verdicts(kept)) else ("scale-in",)
        output.write(output.as_table(shown, [rows[i] for i in order if i in rows], left_out))
        return 0
    _write_data(args, kept, reading.snapshot.unavailable, now)
    return 0


def _verdicts(records: Mapping[str, NodeRecord]) -> list[str]:
    return [record.verdict.text for record in records.values() if record.verdict.text]


def _write_data(
    args: argparse.Namespace, records: Mapping[str, NodeRecord], unavailable: Mapping[str, str], now: float
) -> None:
    if args.output == "name":
        output.write(output.as_names(f"node/{name}" for name in records))
    elif args.output == "csv":
        output.write(output.as_csv(node_list.flat(record) for record in records.values()))
    else:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        document = node_list.document(records.values(), unavailable, moment, args.group_by)
        output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
