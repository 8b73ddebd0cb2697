"""A drain in a process of its own that is killed (SIGKILL) at a line of its journal: before that line is on disk, or
right after. Run as `python -m tests.wire.actions.dying KUBECONFIG NODE LINE before|after`."""

import asyncio
import os
import signal
import sys
from typing import Any

from core.actions.journal import Journal
from core.session import acting
from core.views.link import PlanAction
from core.where import Where

_append = Journal._append


def main(kubeconfig: str, node: str, line: str, moment: str) -> None:
    written = 0

    def append(self: Journal, entry: dict[str, Any]) -> None:
        nonlocal written
        written += 1
        if written == int(line) and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        _append(self, entry)
        if written == int(line):
            os.kill(os.getpid(), signal.SIGKILL)

    Journal._append = append  # type: ignore[method-assign]
    asyncio.run(_drain(Where(kubeconfig=kubeconfig, write=True, cloud=False), node))


async def _drain(where: Where, node: str) -> None:
    async with acting.acting(where) as actor:
        plan = await acting.plan_action(actor, where, PlanAction("", "drain", (node,)))
        await acting.execute(actor.start(plan))


if __name__ == "__main__":
    main(*sys.argv[1:])
