"""`vacancy join-script`: the script by which machines join a registered cluster (ACK One): what is set, is it right,
set it, mend it, make one."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from cli import acting, output
from cli.where import add_source_options, where
from core.errors import InputError
from core.views.text import sanitise

EXAMPLES = """examples:
  vacancy join-script                              the address that is set
  vacancy join-script lint                         what the script there is worth; also with a file or an address
  vacancy join-script lint --add join.sh -O new.sh the same script with what it lacks
  vacancy join-script generate > join.sh           a new one for this cluster; the join token is left to you
  vacancy join-script generate --write -O join.sh  with a join token that does not expire
  vacancy join-script set --write https://oss.example.com/join.sh

The sample that generate makes serves systems with YUM, and no GPU nodes.
"""
FINDINGS = 5
FORMATS = ("table", "json", "yaml")


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options, a parser for each thing that it does: options may stand before and after the name."""
    parser.description = "The script by which new machines join a registered cluster (ACK One)."
    parser.epilog = EXAMPLES
    parser.add_argument("-o", "--output", choices=FORMATS, default="table")
    add_source_options(parser)
    parser.set_defaults(do="show")
    ways = parser.add_subparsers(metavar="what", title="what to do")
    show = ways.add_parser("show", help="the address that is set")
    show.add_argument("-o", "--output", choices=FORMATS, default="table")
    add_source_options(show)
    _fill_lint(ways.add_parser("lint", help="what a script is worth; or print it with what it lacks"))
    _fill_set(ways.add_parser("set", help="set the address"))
    _fill_generate(ways.add_parser("generate", help="make a script for this cluster"))


def _fill_lint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", nargs="?", default="", help="a file, an address, or - ; default: the one that is set")
    parser.add_argument("-o", "--output", choices=FORMATS, default="table")
    parser.add_argument("-O", "--out", default="", metavar="FILE", help="with --add: write it there")
    parser.add_argument("--add", action="store_true", help="print the script with what it lacks")
    parser.add_argument("--tokens", action="store_true", help="ask the cluster about the join tokens in it")
    parser.add_argument("--exit-code", action="store_true", help="5 when it would not do")
    add_source_options(parser)
    parser.set_defaults(do="lint")


def _fill_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="URL", help="where machines in the VPC find the script")
    parser.add_argument("--force", action="store_true", help="even a script that would not do")
    acting.add_options(parser)
    parser.set_defaults(do="set")


def _fill_generate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-O", "--out", default="", metavar="FILE", help="write it there")
    parser.add_argument("--runtime", choices=("containerd", "docker"), default="", help="default: as the nodes")
    parser.add_argument("--server", default="", metavar="HOST:PORT", help="the API server, as machines find it")
    acting.add_options(parser)
    parser.set_defaults(do="generate")


def run(args: argparse.Namespace) -> int:
    """Show, judge, set or make it."""
    match args.do:
        case "lint" if args.add:
            return _mend(args)
        case "lint":
            return _lint(args)
        case "set":
            return _set(args)
        case "generate":
            return _generate(args)
    return _show(args)


def _show(args: argparse.Namespace) -> int:
    from core.session import join_script

    found = asyncio.run(join_script.setting(where(args)))
    if args.output != "table":
        document = {
            "registered": found.registered,
            "addNodeScriptPath": found.address or None,
            "was": found.was or None,
        }
        _write(args, {"apiVersion": "vacancy/v1", "kind": "JoinScript", **document, "setBy": found.by or None})
    elif not found.registered:
        output.write("this is no registered cluster: it has no kube-system/ack-agent-config\n")
    elif not found.address:
        output.write("addNodeScriptPath is not set: expansions of node pools fail; vacancy join-script set URL\n")
    else:
        before = f"\nbefore that: {sanitise(found.was)} (action {sanitise(found.by)})" if found.was else ""
        output.write(f"{sanitise(found.address)}{before}\n")
    return 0


def _lint(args: argparse.Namespace) -> int:
    from core.session import join_script
    from core.views import join_script as view

    found = asyncio.run(join_script.look(where(args), args.place, args.tokens))
    document = view.document(found.place, found.report, found.tokens)
    if args.output == "table":
        table = view.table(found.report)
        told = view.lines([*found.report.findings, *found.tokens])
        head = f"{sanitise(view.headline(found.place, found.report))}\n\n"
        output.write(head + output.as_table(table, table.rows) + "\n" + "".join(f"{sanitise(one)}\n" for one in told))
    else:
        _write(args, document)
    return FINDINGS if args.exit_code and not document["good"] else 0


def _mend(args: argparse.Namespace) -> int:
    from core.session import join_script
    from core.views import join_script as view

    if not args.place:
        raise InputError("join-script lint --add: name the script, a file or an address")
    added = asyncio.run(join_script.mended(args.place))
    _put(args.out, added.text)
    names = ", ".join(one.flag for one in added.variables)
    _say([f"added before line {added.before.insert}: {names}" if names else "nothing was lacking: it is as it was"])
    _say(list(view.lines(added.after.findings)))
    return FINDINGS if args.exit_code and not added.after.good else 0


def _set(args: argparse.Namespace) -> int:
    from core.views.link import PlanAction

    return acting.run(args, PlanAction("", "join-script", (args.place,), force=args.force, why=args.why))


def _generate(args: argparse.Namespace) -> int:
    from core.session import join_script
    from core.views.link import PlanAction

    if where(args).write or args.dry_run:
        if not args.out:
            raise InputError("join-script generate --write: the script will hold a join token; say -O FILE")
        chosen = {"runtime": args.runtime, "server": args.server}
        return acting.run(args, PlanAction("", "join-token", (args.out,), why=args.why, args=chosen))
    _put(args.out, asyncio.run(join_script.made(where(args), args.runtime, args.server)))
    _say(["it holds a placeholder: put in what kubeadm token create --ttl 0 prints, or make one with --write -O FILE"])
    _say([f"it does not serve {text}" for text in join_script.NOT_SERVED])
    return 0


def _put(path: str, text: str) -> None:
    """The script, byte for byte; to a file for its owner alone, which must not be there yet."""
    raw = text.encode(errors="surrogateescape")
    if not path:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    try:
        handle = os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(raw)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _say(lines: list[str]) -> None:
    print("\n".join(sanitise(line) for line in lines), file=sys.stderr, flush=True)


def _write(args: argparse.Namespace, document: dict[str, object]) -> None:
    output.write(output.as_json(document) if args.output == "json" else output.as_yaml(document))
