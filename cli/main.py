"""The program's entry point: reads the command line, runs the command or the screens, and turns errors into one line
and an exit code (DESIGN.md §4.4). Each command is in the module named after it."""

import argparse
import gc
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from cli.where import add_source_options
from core.errors import VacancyError

COMMANDS = {
    "nodes": "booked and used per node, pool, zone or type",
    "plan": "everything that the autoscaler would do next, and why",
    "pending": "pods that wait: which group would take them, and why not the others",
    "scale-in": "nodes that could go, and why the others stay",
    "what-if": "what would be different if somebody did this, tried out on a copy",
    "eci": "pods on virtual nodes: age, costs, and whether ECS could take them",
    "checks": "HPAs, VPAs and spreads that don't do what was meant, and the remedy",
    "rightsizing": "requests against use and VPAs: what other requests would free",
    "groups": "scaling groups and node pools: sizes, limits, problems",
    "expand": "more machines for a group or a pool, followed until they are Ready",
    "attach": "bring an existing machine in; without a name, which machines would do",
    "protect": "keep nodes from scale-in, in ESS and for the autoscaler; or let go of them",
    "suspend": "stop what scaling groups do by themselves; or let them go on",
    "untaint": "take off nodes what an autoscaler that is gone has left on them",
    "drain": "empty nodes: checked first, through their budgets, on record",
    "remove": "take nodes out through the door that they came in by",
    "restart": "a new rollout of an owner, so that its pods on ECI come home",
    "delete-pod": "one pod deleted, through its budgets; where another comes in its place",
    "mute": "an owner's pods on ECI don't count for a while, with a reason",
    "unmute": "they count again",
    "notify": "tell owners about their pods on ECI: one digest each, once a day",
    "cordon": "take no new pods on nodes",
    "uncordon": "let nodes take new pods again",
    "join-script": "the script by which machines join a registered cluster: show, lint, set, generate",
    "journal": "what was done from here; resume, undo or close what was left in the middle",
    "record": "write a dump of the cluster, with secrets masked",
    "sim": "the simulated cluster and cloud alone",
    "completion": "a shell completion script",
}
"""Command -> summary. Each is a module `cli.<command>` with `fill(parser)` and `run(args)`, imported when meant."""

MOST_CHOICES = 200
"""Characters; a longer list of what there is to choose from is left to the help."""
EPILOG = """examples:
  vacancy --demo                       the whole product on a simulated cluster
  vacancy                              the dashboard, on the current kubectl context, read-only
  vacancy --context prod --write       armed: with actions
  vacancy --from dump.json             the dashboard on a dump
  vacancy nodes -o json                the same answers for scripts

exit codes: 0 done, 1 failed, 2 wrong usage or unreadable input, 3 a source could not be reached,
            4 refused by a guard, 5 findings exist (with --exit-code)
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the rest stands, in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        what, listed, choices = message.partition(" (choose from ")
        choices = listed + choices if len(choices) <= MOST_CHOICES else ""
        self.exit(2, f"{self.prog}: {what}{choices}; see {self.prog} --help\n")


def parser(meant: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The command line. Only the commands in `meant` know their options: the dashboard starts without any of them."""
    top = Parser(
        prog=os.path.basename(sys.argv[0]).replace("__main__.py", "vacancy") or "vacancy",
        description="Capacity of an Alibaba Cloud Kubernetes cluster: what is booked, what is used, who could go.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    top.add_argument("--demo", action="store_true", help="a simulated cluster, armed; nothing else is needed")
    top.add_argument("--write", action="store_true", help="arm the actions; without it nothing can be changed")
    add_source_options(top, first=True)
    commands = top.add_subparsers(metavar="command", title="commands", dest="command")
    for name, summary in COMMANDS.items():
        one = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in meant:
            module(name).fill(one)
    return top


def module(command: str) -> ModuleType:
    """The module of a command."""
    return import_module(f"cli.{command.replace('-', '_')}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parser([word for word in words if word in COMMANDS]).parse_args(words)
    except KeyboardInterrupt:
        return 130
    try:
        return _run(args)
    except VacancyError as error:
        return _failed(error, args, error.exit_code)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nobody is to be told
        return 0
    except Exception as error:  # the last resort: a person gets a line, a developer gets it with --debug
        return _failed(error, args, 1)


def _run(args: argparse.Namespace) -> int:
    if args.version:
        from core.session import version

        print(f"vacancy {version()}", flush=True)
        return 0
    if args.command:
        gc.disable()  # a command ends before cycles matter, and looking for them costs a third of a large load
        code: int = module(args.command).run(args)
        sys.stdout.flush()
        return code
    from cli.screen import run

    return run(args)


def _failed(error: Exception, args: argparse.Namespace, code: int) -> int:
    if args.debug:
        raise error
    from core.errors import one_line

    text = str(error) if isinstance(error, VacancyError) else f"unexpected {type(error).__name__}: {error}; see --debug"
    print(f"vacancy: {one_line(text, 400)}", file=sys.stderr)
    return code
