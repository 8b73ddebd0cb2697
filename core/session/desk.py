"""What a person at the screens has planned and set going. Planning and running is in core/actions; this keeps it going
while nobody looks, and says how far it is."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from core.actions.action_plan import ActionPlan
from core.actions.journal_reading import RUNNING, Entry, Folder
from core.actions.run import Progress
from core.cluster.snapshot import Snapshot
from core.errors import VacancyError
from core.session.acting import Actor, execute
from core.session.planner import decide
from core.session.works import Work, Works
from core.views import action, action_view, journal
from core.views.link import Failure, PlanAction, PlanAgain, RunAction, Update
from core.views.live import Moment, Producer
from core.views.table import ViewKey

RE_READ = 3.0
"""Seconds between two looks at the journal's folder."""


@dataclass
class Planned(Work):
    """One action: planned, perhaps running, perhaps at its end."""

    asked: PlanAction
    plan: ActionPlan | None = None


@dataclass
class Desk(Works[Planned]):
    """All actions of one session."""

    recovers: Callable[[str], str] = lambda _: ""
    """The screen's id of what puts the action of this plan in order, or ""."""

    def plan(self, asked: PlanAction, actor: Actor | None, snapshot: Snapshot) -> None:
        """Begin to plan."""
        work = self.works[asked.id] = Planned(asked)
        if actor is None:
            work.new("a dump is shown: nothing can be done to it")
            return
        work.task = asyncio.create_task(self._plan(work, actor, snapshot))

    def plan_again(self, wanted: PlanAgain, actor: Actor | None, snapshot: Snapshot) -> None:
        """Plan it with the options that it offers."""
        work = self.works.get(wanted.id)
        if work is None or work.plan is None or work.run is not None or actor is None or not work.plan.offers:
            return
        given = dict.fromkeys(work.plan.offers, True)
        fields = {name: value for name, value in given.items() if name in PlanAction.__struct_fields__}
        others = {name: value for name, value in given.items() if name not in fields}
        work.asked = msgspec.structs.replace(work.asked, **fields, args={**work.asked.args, **others})
        work.plan = None
        work.new()
        work.task = asyncio.create_task(self._plan(work, actor, snapshot))

    async def _plan(self, work: Planned, actor: Actor, snapshot: Snapshot) -> None:
        try:
            before = await asyncio.to_thread(decide, snapshot)
            work.plan = await actor.plan(before, work.asked)
            work.new()
        except VacancyError as error:
            work.new(str(error))

    def run(self, wanted: RunAction, actor: Actor | None) -> None:
        """Set it going, if what was typed is what was asked for."""
        work = self.works.get(wanted.id)
        if work is None or work.plan is None or work.run is not None or actor is None:
            return
        expected = work.plan.confirm or "yes"
        if wanted.typed.strip() != expected:
            work.new(f"that was not it: type {expected}, or leave with escape")
            return
        try:
            run = actor.start(work.plan, lambda _: work.new())
        except VacancyError as error:
            work.new(str(error))
            return
        work.go(run, execute(run))

    def of_plan(self, plan_id: str) -> str:
        """The screen's id of the work with this plan; "" for another session's."""
        mine = next((name for name, work in self.works.items() if work.plan and work.plan.id == plan_id), "")
        return mine or self.recovers(plan_id)

    def producer(self, key: ViewKey) -> Producer | None:
        """The producer of a view about actions; None for any other."""
        match key.kind:
            case action.KIND:
                return WorkProducer(self, key)
            case "journal" | "journal-entry":
                return JournalProducer(self, key)
        return None


class WorkProducer:
    """One action as it goes on."""

    def __init__(self, desk: Desk, key: ViewKey) -> None:
        self._desk, self._key = desk, key
        self._seen: object = None
        self._number = 0

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        work = self._desk.works.get(self._key.name)
        if work is None:
            if self._seen != "gone":
                self._seen = "gone"
                yield Failure(self._key, "this action is not known any more; see the journal")
            return
        progress: Progress | None = work.run.progress if work.run is not None else None
        running = progress is not None and not progress.outcome
        seen = (work.version, int(moment.now) if running else 0)
        if seen == self._seen:
            return
        self._seen = seen
        self._number += 1
        title = f"{work.asked.action.capitalize()} {', '.join(work.asked.targets[:2])}"
        aside = work.run.aside if work.run is not None else ""
        yield action_view.view(self._key, title, work.plan, progress, work.error, moment.now, self._number, aside)


class JournalProducer:
    """The journal, or one action of it, read again in a thread now and then."""

    def __init__(self, desk: Desk, key: ViewKey) -> None:
        self._desk, self._key = desk, key
        self._task: asyncio.Task[list[Entry]] | None = None
        self._folder = Folder()
        self._next = 0.0
        self._sent: object = None
        self._number = 0

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        if self._task is not None and self._task.done():
            done, self._task = self._task, None
            yield from self._updates(done.result(), moment.now)
        elif self._task is None and moment.now >= self._next:
            self._next = moment.now + RE_READ
            self._task = asyncio.ensure_future(asyncio.to_thread(self._folder.entries))

    def _updates(self, entries: list[Entry], now: float) -> Iterator[Update]:
        seen = [(entry.id, entry.state, len(entry.lines), self._desk.of_plan(entry.id)) for entry in entries]
        if seen == self._sent:
            return
        self._sent = seen
        self._number += 1
        if self._key.kind == "journal":
            here = {entry.id: self._desk.of_plan(entry.id) for entry in entries if entry.state == RUNNING}
            yield journal.view(entries, now, self._number, here)
            return
        entry = next((entry for entry in entries if entry.id == self._key.name), None)
        if entry is None:
            yield Failure(self._key, f"action {self._key.name}: it is not in the journal any more")
        else:
            yield journal.detail(entry, now, self._number)
