"""`vacancy attach [INSTANCE]`: bring an existing machine in; without one, which machines would do, and why not."""

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING

from cli import acting, output
from cli.reading import ProgressLine
from cli.where import where
from core.errors import InputError, Refused
from core.views.text import sanitise

if TYPE_CHECKING:
    from core.session.attaching import Found

WAYS = ("manual", "userdata", "ack")
EXAMPLES = """examples:
  vacancy attach                                        machines of the VPC: which could become nodes, and why not
  vacancy attach -o json | jq '.items[] | select(.verdict == "suitable") | .id'
  vacancy attach --dry-run i-bp1abc --how ack           the plan as JSON: what is lost, which pods it would take
  vacancy attach --write i-bp1abc --how manual          the one command to run on the machine; --follow waits for it
  vacancy attach --write i-bp1abc --how ack --group web by the ACK API, into a node pool
  vacancy attach --write i-bp1abc --how userdata --group batch      into a scaling group that ESS alone has

userdata and ack replace the system disk: everything on it is lost, so the machine's id is typed to confirm. The
command of manual holds a join token: it is shown on the terminal, and kept nowhere. Ctrl-C stops at the next safe
point; vacancy journal has the record, and resumes what was left in the middle.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Machines that could become nodes; with INSTANCE and --how, make one of them a node."
    parser.epilog = EXAMPLES
    parser.add_argument("instance", nargs="?", metavar="INSTANCE", help="the machine's id; without it they are listed")
    parser.add_argument("--how", choices=WAYS, help="a command to run there; userdata on a new disk; or the ACK API")
    parser.add_argument("--group", default="", metavar="G", help="a node pool or a group; default: the default pool")
    parser.add_argument("--entrusted", action="store_true", help="ESS releases it when it leaves the group")
    parser.add_argument("--follow", action="store_true", help="with manual: wait until it is a node")
    parser.add_argument("--timeout", type=float, default=1200.0, metavar="SECONDS", help="for its node; default: 1200")
    parser.add_argument("-o", "--output", choices=output.FORMATS, default="table", help="of the list; default: table")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """List them, or attach one."""
    if args.instance is None:
        if args.how or args.group or args.follow or args.entrusted:
            raise InputError("attach: name the machine that is meant; without one the machines are listed")
        return _list(args)
    if args.how is None:
        raise InputError(f"attach {args.instance}: say --how: {', '.join(WAYS)}; see --help")
    if args.how == "manual" and not args.dry_run and not sys.stdout.isatty():
        raise Refused("the command holds a join token: it is shown on a terminal only, and stdout is none")
    from core.views.link import PlanAction

    wanted = {"how": args.how, "group": args.group, "entrusted": args.entrusted, "follow": args.follow}
    asked = PlanAction(
        "", "attach", (args.instance,), timeout=args.timeout, max_nodes=args.max_nodes, why=args.why, args=wanted
    )
    return acting.run(args, asked)


def _list(args: argparse.Namespace) -> int:
    from core.session.attaching import machines

    source = where(args)
    if source.dump is not None:
        raise InputError(f"--from {source.dump}: a dump holds no machines that are no nodes; leave --from out")
    bar = ProgressLine()
    try:
        found = asyncio.run(machines(source, bar.show))
    finally:
        bar.clear()
    for note in found.notes:
        print(f"vacancy: {sanitise(note)}", file=sys.stderr)
    output.write(_printed(args.output, found))
    return 0


def _printed(form: str, found: "Found") -> str:
    from core.views import machines

    if form in ("table", "wide"):
        shown = machines.view(found.candidates, found.as_of, 0)
        return output.as_table(shown, shown.rows, () if form == "wide" else ("zone", "charge"))
    if form == "name":
        return output.as_names(f"machine/{one.machine.id}" for one in found.candidates)
    if form == "csv":
        return output.as_csv(machines.flat(one) for one in found.candidates)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found.as_of))
    document = machines.document(found.candidates, found.unavailable, moment)
    return output.as_json(document) if form == "json" else output.as_yaml(document)
