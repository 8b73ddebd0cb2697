"""A process that has everything imported and gives birth to others at no cost, each of which runs a plan and
is killed (SIGKILL) at a line of its journal: before that line is on disk, or right after it. Run as `python -m
tests.wire.actions.nursery KUBECONFIG`; orders come as JSON lines and are answered with how each ended."""

import asyncio
import os
import select
import signal
import sys
from typing import Any

import msgspec

from core.actions.action_plan import ActionPlan
from core.actions.journal import Journal
from core.session import acting
from core.session.cloud_door import cloud_of_plan
from core.where import Where
from tests.wire.actions.quick import cut_short, import_sdks

_append = Journal._append


class Order(msgspec.Struct):
    """Die at the line of the journal that is about this `event` and `step`, `before` it is on disk or after."""

    plan: ActionPlan
    event: str
    step: str
    before: bool


class Ended(msgspec.Struct):
    """The plan's id, and the signal that ended its process; 0: it came to its end."""

    plan: str
    signal: int


def main(kubeconfig: str) -> None:
    cut_short()
    import_sdks()
    print("ready", flush=True)
    living: dict[int, str] = {}
    orders = os.fdopen(sys.stdin.fileno(), "rb", buffering=0)
    while True:
        if select.select([orders], [], [], 0.02)[0]:
            line = orders.readline()
            if not line:
                return
            order = msgspec.json.decode(line, type=Order)
            if not (child := os.fork()):
                live(kubeconfig, order)
            living[child] = order.plan.id
        tell_the_dead(living)


def tell_the_dead(living: dict[int, str]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        ended = Ended(living.pop(pid), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
        print(msgspec.json.encode(ended).decode(), flush=True)


def live(kubeconfig: str, order: Order) -> None:
    """And die."""
    steps: dict[int, str] = {}

    def append(self: Journal, entry: dict[str, Any]) -> None:
        there = (entry["event"], step_of(entry, steps)) == (order.event, order.step)
        if there and order.before:
            os.kill(os.getpid(), signal.SIGKILL)
        _append(self, entry)
        if there:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal._append = append  # type: ignore[method-assign]
    try:
        asyncio.run(run(Where(kubeconfig=kubeconfig, write=True), order.plan))
    finally:
        os._exit(0)


def step_of(entry: dict[str, Any], steps: dict[int, str]) -> str:
    """Which step a line is about; `steps` remembers them by number. A note begins with what it is about."""
    if entry["event"] == "intent":
        steps[entry["number"]] = str(entry["step"])
    if entry["event"] == "note":
        return " ".join(str(entry["text"]).split()[:3])
    return steps.get(entry.get("number", 0), "")


async def run(where: Where, plan: ActionPlan) -> None:
    async with acting.acting(where) as actor:
        actor.cloud = cloud_of_plan(where, plan)
        await acting.execute(actor.start(plan))


if __name__ == "__main__":
    main(sys.argv[1])
