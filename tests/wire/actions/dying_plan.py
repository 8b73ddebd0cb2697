"""Any action, planned elsewhere, in a process of its own that is killed (SIGKILL) at a line of its journal: before that
line is on disk, or right after. Run as `python -m tests.wire.actions.dying_plan FILE LINE before|after`; FILE is a
plan as JSON, whose cluster is where KUBECONFIG leads."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from core.actions import journal_reading, step
from core.actions.action_plan import ActionPlan
from core.actions.attach import attach, attach_machine, join_log
from core.actions.expand import expand
from core.clients.alibaba import connection
from core.session import acting
from core.where import Where
from tests.wire.actions.dying import die_at


def main(file: str, line: str, moment: str) -> None:
    die_at(int(line), moment)
    hurry()
    asyncio.run(_run(msgspec.json.decode(Path(file).read_bytes(), type=ActionPlan)))


def hurry() -> None:
    """Times cut short, for a simulated cloud that is quicker than any real one."""
    for pace in ("READS_PER_SECOND", "WRITES_PER_SECOND"):
        setattr(connection, pace, 100)
    attach.LOOK = expand.LOOK = step.LOOK = step.FIRST_PAUSE = join_log.LOOK = 0.05
    attach_machine.GOOD_FOR = 30 * 86_400  # its clock runs a hundred times as fast as ours


async def _run(plan: ActionPlan) -> None:
    where = Where(kubeconfig=os.environ["KUBECONFIG"], write=True)
    found = journal_reading.Entry(plan.id, Path(), journal_reading.UNFINISHED, plan)
    async with acting.acting(where, found=found) as actor:
        await acting.execute(actor.start(plan))


if __name__ == "__main__":
    main(*sys.argv[1:])
