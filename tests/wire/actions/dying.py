"""An action in a process of its own that is killed (SIGKILL) at a line of its journal: before that line is on disk, or
right after. Run as `python -m tests.wire.actions.dying KUBECONFIG WHAT LINE before|after`; WHAT is a node to drain, or
a PlanAction as JSON."""

import asyncio
import os
import signal
import sys
from typing import Any

import msgspec

from core.actions.journal import Journal
from core.session import acting
from core.views.link import PlanAction
from core.where import Where

_append = Journal._append


def die_at(line: int, moment: str) -> None:
    """Let this process be killed at that line of the journal that it will write."""
    written = 0

    def append(self: Journal, entry: dict[str, Any]) -> None:
        nonlocal written
        written += 1
        if written == line and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        _append(self, entry)
        if written == line:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal._append = append  # type: ignore[method-assign]


def main(kubeconfig: str, what: str, line: str, moment: str) -> None:
    die_at(int(line), moment)
    asyncio.run(_run(Where(kubeconfig=kubeconfig, write=True, cloud=False), _asked(what)))


def _asked(what: str) -> PlanAction:
    if what.startswith("{"):
        return msgspec.json.decode(what, type=PlanAction)
    return PlanAction("", "drain", (what,))


async def _run(where: Where, asked: PlanAction) -> None:
    async with acting.acting(where) as actor:
        plan = await acting.plan_action(actor, where, asked)
        await acting.execute(actor.start(plan))


if __name__ == "__main__":
    main(*sys.argv[1:])
