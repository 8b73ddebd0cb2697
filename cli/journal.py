"""`vacancy journal`: what was done from here, by whom and how it ended; and the ways out of what was left in the
middle."""

import argparse
import asyncio
import time

from cli import acting, output
from cli.where import add_source_options, where
from core.errors import InputError

EXAMPLES = """examples:
  vacancy journal                       all actions, the newest first
  vacancy journal show ID               one of them, line by line
  vacancy journal compare ID            what it left in the middle, held against the cluster
  vacancy journal resume --write ID     go on with it; undo: give the nodes back; close: leave it as it is
"""
WAYS = {
    "list": "all actions, the newest first",
    "show": "one of them, line by line",
    "compare": "what it left in the middle, held against the cluster",
    "resume": "go on with it",
    "undo": "take back what can be taken back",
    "close": "leave it as it is",
}


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options, and a parser for each thing that it does: so options may stand before and after the action's id."""
    parser.description = "The record of actions on this machine."
    parser.epilog = EXAMPLES
    parser.set_defaults(do="list", id="", output="table")
    _options(parser)
    ways = parser.add_subparsers(metavar="what", title="what to do")
    for name, summary in WAYS.items():
        one = ways.add_parser(name, help=summary)
        if name != "list":
            one.add_argument("id", help="the action, or the end of its id")
        _options(one)
        one.set_defaults(do=name)


def _options(parser: argparse.ArgumentParser) -> None:
    """Those of all of them; what was said before is not undone by a default."""
    formats = ("table", "json", "yaml", "csv", "name")
    parser.add_argument("-o", "--output", choices=formats, default=argparse.SUPPRESS, help="default: table")
    parser.add_argument("--write", action="store_true", default=argparse.SUPPRESS, help="arm it: really do it")
    add_source_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print it, or put in order what was left in the middle."""
    from core.session.acting import entries, entry
    from core.views import journal

    if args.do == "list":
        found = entries()
        if args.output == "table":
            table = journal.view(found, time.time(), 0)
            output.write("".join(f"{note}\n\n" for note in table.notes) + output.as_table(table, table.rows))
        elif args.output == "csv":
            output.write(output.as_csv(map(journal.flat, found)))
        else:
            _write(args, {"apiVersion": "vacancy/v1", "kind": "Journal", "items": [journal.document(e) for e in found]})
        return 0
    if args.do == "show":
        one = entry(args.id)
        if args.output == "table":
            table = journal.detail(one, time.time(), 0).tables[0]
            output.write(output.as_table(table, table.rows))
        else:
            _write(args, {"apiVersion": "vacancy/v1", "kind": "JournalEntry", "lines": one.lines})
        return 0
    return asyncio.run(_recover(args))


async def _recover(args: argparse.Namespace) -> int:
    from core.session import acting as session
    from core.session.arming import armed

    found = session.entry(args.id)
    async with session.acting(armed(where(args)), found=found) as actor:
        lines = await session.compare(actor, found)
        output.write("".join(f"{line}\n" for line in lines))
        if args.do == "compare":
            return 0
        watcher = acting.Watcher()
        run = watcher.run = actor.reopen(found, watcher.show)
        with acting.interruptible(run):
            await session.recover(run, found, args.do)
        return acting.ending(run)


def _write(args: argparse.Namespace, document: dict[str, object]) -> None:
    if args.output == "csv":
        raise InputError("-o csv is for the list of actions: the lines of one differ; -o json has them")
    if args.output == "name":
        items = document.get("items") or ()
        assert isinstance(items, list)
        output.write("".join(f"{item['id']}\n" for item in items))
    else:
        output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
