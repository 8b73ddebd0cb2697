"""The way into core/actions for commands: plan, run, and what is on record. The screens' way is in desk."""

import asyncio
import contextlib
import getpass
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import msgspec

from core.actions import guards, journal_reading, recovery
from core.actions.action_plan import ActionPlan, Options
from core.actions.cloud import Cloud
from core.actions.journal import Journal
from core.actions.journal_reading import Entry
from core.actions.known import module_of
from core.actions.run import Progress, Run
from core.actions.situation import Asked, Situation
from core.analysis import planning
from core.clients.kubernetes import Clients, connect
from core.clock import Clock
from core.errors import InputError, Refused, VacancyError
from core.session.cloud_door import cloud_of_plan, open_cloud
from core.session.planner import decide
from core.session.prices import prices_or_none
from core.session.reading import TellProgress, read
from core.views.link import PlanAction
from core.where import CloudNeed, Where, target

TellRun = Callable[[Run], None]
"""Told of a run before it starts, so that it can be cancelled."""
READ_ONLY = "read-only: nothing is changed without --write"
_WITHOUT_CLOUD = ("cordon", "uncordon", "join-script", "join-token", "untaint", "delete-pod", "mute", "unmute")
"""Actions whose plan needs nothing of what the cloud says."""
_DECISIONS_ONLY = ("restart", "notify")
"""Actions whose plan needs the groups that could grow, and no more of the cloud."""


@dataclass
class Actor:
    """An open way to one cluster, and to its cloud as far as there is one."""

    clients: Clients
    clock: Clock
    cloud: Cloud | None = None

    @property
    def who(self) -> str:
        """The person, the machine, and who they are to the cluster."""
        return f"{_user()}@{socket.gethostname()} as {self.clients.place.user}"

    async def plan(self, before: planning.Plan, asked: PlanAction) -> ActionPlan:
        """What would be done. Raises VacancyError."""
        limits = guards.load()
        if asked.max_nodes is not None:
            limits = msgspec.structs.replace(limits, max_nodes=asked.max_nodes)
        clients = self.clients
        situation = Situation(
            before,
            clients.reader,
            clients.writer,
            self.who,
            limits,
            self.clock.now(),
            self.cloud,
            await asyncio.to_thread(prices_or_none),
        )
        wanted = Asked(asked.action, asked.targets, asked.why, _options(asked), asked.args)
        return await module_of(asked.action).plan(situation, wanted)

    def start(self, plan: ActionPlan, tell: Callable[[Progress], None] | None = None) -> Run:
        """A run of this plan, not begun yet. Raises Refused when nothing may be changed or the plan forbids it."""
        if self.clients.writer is None:
            raise Refused(READ_ONLY)
        if plan.refusals:
            first = plan.refusals[0]
            raise Refused(f"{first.about + ': ' if first.about else ''}{first.text}")
        journal = Journal.of(plan, self.clock)
        return Run(plan, journal, self.clients.reader, self.clients.writer, self.clock, tell, self.cloud)

    def reopen(self, entry: Entry, tell: Callable[[Progress], None] | None = None) -> Run:
        """The run of an action that was left in the middle. Raises Refused."""
        if self.clients.writer is None:
            raise Refused(READ_ONLY)
        if entry.plan is None or not entry.open:
            raise Refused(f"action {entry.id}: it is {entry.state}, so there is nothing to go on with")
        journal = Journal(entry.path, self.clock)
        return Run(entry.plan, journal, self.clients.reader, self.clients.writer, self.clock, tell, self.cloud)


@contextlib.asynccontextmanager
async def acting(where: Where, clock: Clock | None = None, found: Entry | None = None) -> AsyncIterator[Actor]:
    """A way to the cluster, with a writer only when `where` is armed; and to the cloud of `found`, which is to be put
    in order. A new plan opens the cloud's when it knows the nodes."""
    if where.dump is not None:
        raise InputError(f"--from {where.dump}: nothing can be done to a dump; leave --from out")
    actor = Actor(await connect(target(where), where.write), clock or Clock())
    try:
        if found is not None and found.plan is not None and found.plan.region:
            actor.cloud = cloud_of_plan(where, found.plan)
        yield actor
    finally:
        if actor.cloud is not None:
            actor.cloud.reader.connection.close()
        await actor.clients.close()


async def execute(run: Run) -> None:
    """Run it to its end, which `run.progress` tells."""
    try:
        await run.journal.begin(run.plan)
        await module_of(run.plan.action).go(run)
    finally:
        run.journal.close()


async def plan_action(actor: Actor, where: Where, asked: PlanAction, tell: TellProgress | None = None) -> ActionPlan:
    """Read the cluster and what the cloud says about it, and plan on what was read."""
    need: CloudNeed | None = "plan" if asked.action in _DECISIONS_ONLY else "all"
    if not where.cloud or asked.action in _WITHOUT_CLOUD:
        need = None
    reading = await read(where, tell=tell, cloud_need=need)
    if need:
        actor.cloud = open_cloud(where, reading.snapshot.nodes.values())
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
    return await recovery.compare(found, actor.clients.reader, actor.cloud)


async def recover(run: Run, found: Entry, how: str) -> None:
    """`resume`, `undo` or `close` what was left in the middle."""
    try:
        match how:
            case "resume":
                await recovery.resume(found, run)
            case "undo":
                await recovery.undo(found, run)
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
