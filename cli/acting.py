"""What the commands that change something share: options, the plan, the question, the progress, the exit code."""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cli import output
from cli.reading import ProgressLine
from cli.where import add_source_options, where
from core.errors import InputError, Refused
from core.views.text import sanitise

if TYPE_CHECKING:
    from core.session.acting import Progress, Run
    from core.views.link import PlanAction

FAILED, REFUSED = 1, 4


def add_options(parser: argparse.ArgumentParser) -> None:
    """--dry-run, --yes and the others that every action has, and where the cluster is."""
    parser.add_argument("--write", action="store_true", default=argparse.SUPPRESS, help="arm it: really do it")
    parser.add_argument("--dry-run", action="store_true", help="print the plan as JSON and do nothing")
    parser.add_argument("--yes", action="store_true", help="don't ask for confirmation")
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason, for the journal")
    parser.add_argument(
        "--max-nodes", type=int, metavar="N", help="the most nodes at once; default: guards.toml, or 10"
    )
    add_source_options(parser)


def add_drain_options(parser: argparse.ArgumentParser) -> None:
    """How to empty nodes."""
    parser.add_argument("--force", action="store_true", help="also pods that no controller starts anew")
    parser.add_argument(
        "--delete-emptydir-data", action="store_true", help="also pods whose local data (emptyDir) is lost with them"
    )
    parser.add_argument("--grace-period", type=int, metavar="SECONDS", help="default: each pod's own")
    parser.add_argument("--timeout", type=float, default=1800.0, metavar="SECONDS", help="for each node; default: 1800")
    parser.add_argument("--parallel", type=int, default=4, metavar="N", help="nodes at a time; default: 4")


def emptying(args: argparse.Namespace, action: str, **only_it_takes: Any) -> "PlanAction":
    """The intent of an action that empties nodes: the options of `add_drain_options`, and what only it takes."""
    from core.views.link import PlanAction

    return PlanAction(
        "",
        action,
        tuple(args.nodes),
        force=args.force,
        delete_local_data=args.delete_emptydir_data,
        grace_period=args.grace_period,
        timeout=args.timeout,
        parallel=args.parallel,
        max_nodes=args.max_nodes,
        why=args.why,
        args=only_it_takes,
    )


def run(args: argparse.Namespace, asked: "PlanAction") -> int:
    """Plan, ask, do; the exit code. Raises VacancyError."""
    if asked.max_nodes is not None and asked.max_nodes < 1:
        raise InputError("--max-nodes: at least 1")
    return asyncio.run(_run(args, asked))


async def _run(args: argparse.Namespace, asked: "PlanAction") -> int:
    from core.session import acting
    from core.session.arming import armed
    from core.views import action_plan

    source = armed(where(args))
    if not (source.write or args.dry_run):
        raise Refused(f"{acting.READ_ONLY}; --dry-run shows the plan")
    bar = ProgressLine()
    async with acting.acting(source) as actor:
        try:
            plan = await acting.plan_action(actor, source, asked, bar.show)
        finally:
            bar.clear()
        if args.dry_run:
            output.write(output.as_json(action_plan.document(plan)))
            return REFUSED if plan.refusals else 0
        _say([action_plan.title(plan), *(f"  {text}" for text, _ in action_plan.sentences(plan))])
        if why := action_plan.refusal(plan):
            raise Refused(why)
        if not args.yes:
            await _confirm(action_plan.question(plan), plan.confirm or "yes")
        watcher = Watcher()
        started = watcher.run = actor.start(plan, watcher.show)
        with interruptible(started):
            await acting.execute(started)
        return ending(started)


def ending(run: "Run") -> int:
    """Say how it ended; the exit code."""
    progress = run.progress
    _say([f"{progress.outcome}: {progress.text}", *_nodes_left(progress), f"journal: {run.plan.id}"])
    return {"done": 0, "undone": 0, "closed": 0, "refused": REFUSED}.get(progress.outcome, FAILED)


def _nodes_left(progress: "Progress") -> Iterator[str]:
    from core.views.action_plan import arrived, node_line

    for one in progress.nodes:
        if not arrived(one):
            yield f"  {node_line(one, progress)}"
            yield from (f"    {pod}: {why}" for pod, why in one.held.items())


async def _confirm(question: str, expected: str) -> None:
    """Ask on the terminal. Raises Refused for any other answer, and where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refused("nobody is there to confirm it; --yes does it without asking")
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    answer = await asyncio.to_thread(sys.stdin.readline)
    if answer.strip() != expected:
        raise Refused("not confirmed: everything is as it was")


@contextlib.contextmanager
def interruptible(run: "Run") -> Iterator[None]:
    """The first Ctrl-C stops the run at the next safe point, the second ends the program."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        _say(["stopping: what was sent is waited for (Ctrl-C again: leave at once)"])
        loop.remove_signal_handler(signal.SIGINT)
        run.cancel()

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


class Watcher:
    """Tells on stderr what changes, a line for each change of a node and now and then how far the whole is."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._phases: dict[str, str] = {}
        self._told, self._aside = 0.0, ""

    def show(self, progress: "Progress") -> None:
        """Say what is new."""
        from core.views.action_plan import node_line, progress_lines

        if self.run is not None and self.run.aside != self._aside:
            self._aside = self.run.aside
            _tell_aside(self._aside)
        for one in progress.nodes:
            if one.phase != self._phases.get(one.name, "waiting"):
                _say([node_line(one, progress)])
            self._phases[one.name] = one.phase
        if not progress.outcome and time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            _say([text for text, _ in progress_lines(progress, time.time())][:1])


def _tell_aside(text: str) -> None:
    """On a terminal, whole, and nowhere that keeps it."""
    if sys.stdout.isatty():
        print(f"\n{sanitise(text)}\n", flush=True)
    else:
        _say(["there is something for your eyes only, and stdout is no terminal: it is not shown"])


def _say(lines: list[str]) -> None:
    print("\n".join(sanitise(line) for line in lines), file=sys.stderr, flush=True)
