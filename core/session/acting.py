"""The way into core/actions for commands: plan, run, and what is on record. The screens' way is in desk."""

import asyncio
import contextlib
import getpass
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from core.actions import cordon, drain_plan, guards, journal_reading, recovery
from core.actions.action_plan import ActionPlan, Options
from core.actions.drain import Drain
from core.actions.drain_plan import DRAIN, Situation
from core.actions.journal import Journal
from core.actions.journal_reading import Entry
from core.actions.run import Progress, Run
from core.analysis import planning
from core.clients.kubernetes import Clients, connect
from core.clock import Clock
from core.errors import InputError, Refused, VacancyError
from core.session.planner import decide
from core.session.reading import TellProgress, read
from core.views.link import PlanAction
from core.where import Where, target

TellRun = Callable[[Run], None]
"""Told of a run before it starts, so that it can be cancelled."""
READ_ONLY = "read-only: nothing is changed without --write"


@dataclass
class Actor:
    """An open way to one cluster."""

    clients: Clients
    clock: Clock

    @property
    def who(self) -> str:
        """The person, the machine, and who they are to the cluster."""
        return f"{_user()}@{socket.gethostname()} as {self.clients.place.user}"

    async def plan(self, before: planning.Plan, asked: PlanAction) -> ActionPlan:
        """What would be done. Raises VacancyError."""
        limits = guards.load()
        if asked.max_nodes is not None:
            limits = guards.Guards(asked.max_nodes, limits.never_contexts, limits.never_pools)
        clients = self.clients
        situation = Situation(before, clients.reader, clients.writer, self.who, limits, self.clock.now())
        if asked.action == DRAIN:
            return await drain_plan.plan(situation, asked.targets, _options(asked), asked.why)
        return await cordon.plan(situation, asked.action, asked.targets, asked.why)

    def start(self, plan: ActionPlan, tell: Callable[[Progress], None] | None = None) -> Run:
        """A run of this plan, not begun yet. Raises Refused when nothing may be changed or the plan forbids it."""
        if self.clients.writer is None:
            raise Refused(READ_ONLY)
        if plan.refusals:
            first = plan.refusals[0]
            raise Refused(f"{first.about + ': ' if first.about else ''}{first.text}")
        return Run(plan, Journal.of(plan, self.clock), self.clients.reader, self.clients.writer, self.clock, tell)

    def reopen(self, entry: Entry, tell: Callable[[Progress], None] | None = None) -> Run:
        """The run of an action that was left in the middle. Raises Refused."""
        if self.clients.writer is None:
            raise Refused(READ_ONLY)
        if entry.plan is None or not entry.open:
            raise Refused(f"action {entry.id}: it is {entry.state}, so there is nothing to go on with")
        journal = Journal(entry.path, self.clock)
        return Run(entry.plan, journal, self.clients.reader, self.clients.writer, self.clock, tell)


@contextlib.asynccontextmanager
async def acting(where: Where, clock: Clock | None = None) -> AsyncIterator[Actor]:
    """A way to the cluster, with a writer only when `where` is armed."""
    if where.dump is not None:
        raise InputError(f"--from {where.dump}: nothing can be done to a dump; leave --from out")
    clients = await connect(target(where), where.write)
    try:
        yield Actor(clients, clock or Clock())
    finally:
        await clients.close()


async def execute(run: Run) -> None:
    """Run it to its end, which `run.progress` tells."""
    try:
        await run.journal.begin(run.plan)
        await (Drain(run).go() if run.plan.action == DRAIN else cordon.go(run))
    finally:
        run.journal.close()


async def plan_action(actor: Actor, where: Where, asked: PlanAction, tell: TellProgress | None = None) -> ActionPlan:
    """Read the cluster, and plan on what was read."""
    reading = await read(where, tell=tell, cloud_details=True if asked.action == DRAIN and where.cloud else None)
    before = await asyncio.to_thread(decide, reading.snapshot)
    return await actor.plan(before, asked)


def entries() -> list[Entry]:
    """The journal, the newest action first."""
    return journal_reading.entries()


def entry(name: str) -> Entry:
    """One action of the journal, by its id or the end of it. Raises InputError."""
    return journal_reading.find(name)


async def compare(actor: Actor, found: Entry) -> list[str]:
    """What is there now, held against what the journal says. Raises Refused for another cluster's."""
    if found.plan is None:
        raise InputError(f"action {found.id}: its journal can't be read")
    if found.plan.server != actor.clients.place.server:
        raise Refused(f"action {found.id} is about {found.plan.context} ({found.plan.server}); choose that context")
    return await recovery.compare(found, actor.clients.reader)


async def recover(run: Run, found: Entry, how: str) -> None:
    """`resume`, `undo` or `close` what was left in the middle."""
    try:
        match how:
            case "resume":
                await recovery.resume(found, run)
            case "undo":
                await recovery.undo(run)
            case _:
                await recovery.close(run)
    finally:
        run.journal.close()


def _options(asked: PlanAction) -> Options:
    return Options(asked.force, asked.delete_local_data, asked.grace_period, asked.timeout, asked.parallel)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


__all__ = [
    "READ_ONLY",
    "Actor",
    "Progress",
    "Run",
    "VacancyError",
    "acting",
    "compare",
    "entries",
    "entry",
    "execute",
    "plan_action",
    "recover",
]
