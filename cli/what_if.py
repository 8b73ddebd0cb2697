"""`vacancy what-if`: what would be different if somebody did this, tried out on a copy. Nothing is changed."""

import argparse
from collections.abc import Sequence
from typing import Any

from cli import output
from cli.reading import read
from cli.where import add_source_options
from core.errors import InputError
from core.session import imagine
from core.views import what_if, what_if_detail
from core.views.text import sanitise
from core.views.wish import Wish, view_key

FORMATS = ("table", "json", "yaml", "csv")
EXAMPLES = """changes are made in the order in which they stand, on a copy: the cluster stays as it is.
groups go by name or id; workloads as Deployment/namespace/name, or namespace/name.

examples:
  vacancy what-if --expand web 2                        two more nodes of a group
  vacancy what-if --drain cn-hangzhou.10.0.3.17         where its pods would go, and which stay stuck
  vacancy what-if --remove n1 n2 --expand web 1         several changes, one after the other
  vacancy what-if --attach m1 type=ecs.g7.2xlarge       a machine joins; or group=web, or cpu=8 memory=32Gi,
                                                        with LABEL=VALUE as often as needed
  vacancy what-if --max web 20 --replicas shop/checkout +6
  vacancy what-if --surge Deployment/shop/cart 50%      the pods that a rollout starts beside the old ones
  vacancy what-if --out-of-stock                        the group that would grow first brings no node
  vacancy what-if --drain n1 --from dump.json -o json | jq .displaced
"""
_ROWS_AT_MOST = 40


class _Wished(argparse.Action):
    """Appends (verb, word…) to `wishes`: options of different names keep their order."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: str | Sequence[Any] | None, option: object = None
    ) -> None:
        words = (values,) if isinstance(values, str) else tuple(values or ())
        namespace.wishes = [*(namespace.wishes or ()), (str(option).removeprefix("--"), *words)]


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "What would be different: pods that land, pods that stay stuck, nodes that could go."
    parser.epilog = EXAMPLES
    parser.set_defaults(wishes=[])

    def change(option: str, nargs: int | str, metavar: str | tuple[str, ...], help_text: str) -> None:
        parser.add_argument(option, action=_Wished, nargs=nargs, metavar=metavar, dest="wishes", help=help_text)

    change("--expand", 2, ("GROUP", "N"), "N more nodes of a group")
    change("--drain", "+", "NODE", "cordon these nodes and evict their pods")
    change("--remove", "+", "NODE", "drain these nodes and take them away")
    change("--attach", "+", ("NAME", "WHAT=VALUE"), "a machine joins: type=, group=, cpu=, memory=, labels")
    change("--max", 2, ("GROUP", "N"), "another maximum of a group")
    change("--min", 2, ("GROUP", "N"), "another minimum of a group")
    change("--replicas", 2, ("WORKLOAD", "N"), "N replicas of a workload; +N or -N: more or fewer")
    change("--surge", "+", ("WORKLOAD", "SHARE"), "a rollout of a workload (default: 25%% more pods)")
    change("--out-of-stock", "?", "GROUP", "no node of this group comes; no GROUP: of the first choice")
    parser.add_argument("-o", "--output", choices=FORMATS, default="table", help="default: table")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print what would be different."""
    wishes: list[Wish] = args.wishes
    if not wishes:
        raise InputError("what-if: name a change, for example --drain NODE or --expand GROUP N; see --help")
    reading = read(args, cloud_need="plan")
    found = imagine(reading.snapshot, wishes)
    if args.output == "csv":
        output.write(output.as_csv(what_if.flat(found)))
        return 0
    if args.output != "table":
        document = {**what_if.document(found), "changes": [list(wish) for wish in wishes]}
        output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
        return 0
    view = what_if_detail.view(found, view_key(wishes), wishes, 0)
    lines = (view.title, *(f"  {fact.value.text}" for fact in view.facts))
    output.write("".join(f"{sanitise(line)}\n" for line in lines))
    for table in view.tables:
        if table.rows:
            output.write("\n" + output.as_table(table, table.rows[:_ROWS_AT_MOST]))
            if len(table.rows) > _ROWS_AT_MOST:
                output.write(f"and {len(table.rows) - _ROWS_AT_MOST:,} more: -o json lists all of them\n")
    return 0
