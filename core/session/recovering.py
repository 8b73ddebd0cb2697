"""Actions that were left in the middle, for the screens: how many there are, what each looks like now, and putting one
in order. What that means for an action is in its module of core/actions; new actions are in desk."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from core.actions.journal_reading import Entry, Folder
from core.errors import VacancyError
from core.session.acting import Actor, compare, entry, recover
from core.session.works import Work, Works
from core.views import action_plan, journal
from core.views.action import ASKS, ENDED, PLANNING, REFUSED, RUNNING, ActionView, Line
from core.views.link import RecoverAction, RunAction, Update
from core.views.live import Moment
from core.views.table import Tone, ViewKey

RE_READ = 5.0
"""Seconds between two looks whether something is left in the middle."""


@dataclass
class Recovery(Work):
    """One that somebody wants to put in order. `now`: what is there; None: not looked yet."""

    asked: RecoverAction
    found: Entry | None = None
    now: list[str] | None = None


class Recoveries(Works[Recovery]):
    """All of one session."""

    def begin(self, asked: RecoverAction, actor: Actor | None) -> None:
        """Look what is there now."""
        work = self.works[asked.id] = Recovery(asked)
        if actor is None:
            work.new("a dump is shown: nothing can be put in order from here")
        else:
            work.task = asyncio.create_task(self._look(work, actor))

    async def _look(self, work: Recovery, actor: Actor) -> None:
        try:
            work.found = await asyncio.to_thread(entry, work.asked.action)
            work.now = await compare(actor, work.found)
            work.new("" if work.found.open else f"it is {work.found.state} by now: nothing is to be done")
        except VacancyError as error:
            work.new(str(error))

    def run(self, wanted: RunAction, actor: Actor | None) -> None:
        """Set it going, if it was confirmed."""
        work = self.works.get(wanted.id)
        if work is None or work.found is None or work.now is None or work.run is not None or actor is None:
            return
        if wanted.typed.strip() != "yes":
            work.new("that was not it: type yes, or leave with escape")
            return
        try:
            run = actor.reopen(work.found, lambda _: work.new())
        except VacancyError as error:
            work.new(str(error))
            return
        work.go(run, recover(run, work.found, work.asked.how))

    def of_plan(self, plan_id: str) -> str:
        """The screen's id of the one that runs for this action, or ""."""
        return next((name for name, work in self.works.items() if work.run and work.asked.action == plan_id), "")


class RecoveryProducer:
    """One of them as it goes on."""

    def __init__(self, works: Recoveries, key: ViewKey) -> None:
        self._works, self._key = works, key
        self._seen: object = None
        self._number = 0

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        work = self._works.works.get(self._key.name)
        if work is None:
            return
        running = work.run is not None and not work.run.progress.outcome
        seen = (work.version, int(moment.now) if running else 0)
        if seen != self._seen:
            self._seen = seen
            self._number += 1
            yield _view(self._key, work, moment.now, self._number)


def _view(key: ViewKey, work: Recovery, now: float, number: int) -> ActionView:
    """It in its phase: looked at, asked about, running, ended."""
    how, found = work.asked.how, work.found
    title = f"{how.capitalize()} {found.plan.action if found and found.plan else 'action'} {work.asked.action}"
    lines: tuple[Line, ...] = (("looking what is there now …", Tone.MUTED),)
    phase = PLANNING
    if found is not None and work.now is not None:
        lines = tuple(journal.recovery(found, how, work.now))
        phase = ASKS if found.open else REFUSED
    if work.run is not None:
        progress = work.run.progress
        lines, phase = tuple(action_plan.progress_lines(progress, now)), ENDED if progress.outcome else RUNNING
        if work.run.aside:
            lines = (*lines, (work.run.aside, Tone.ACCENT))
    elif work.error:
        shown = lines if work.now is not None else ()
        lines = (*shown, (work.error, Tone.DANGER))
        phase = phase if phase == ASKS else REFUSED
    question = f"type yes to {how} it" if phase == ASKS else ""
    return ActionView(key, title, phase, number, now, lines, question, "yes" if phase == ASKS else "")


class LeftOver:
    """How many actions on one API server were left in the middle, looked at in a thread now and then."""

    def __init__(self) -> None:
        self._folder = Folder()
        self._task: asyncio.Task[int] | None = None
        self._next = float("-inf")
        self.number = 0

    def look(self, server: str, now: float) -> int:
        """The number as far as it is known."""
        if self._task is not None and self._task.done():
            self.number, self._task = self._task.result(), None
        elif self._task is None and server and now >= self._next:
            self._next = now + RE_READ
            self._task = asyncio.ensure_future(asyncio.to_thread(self._count, server))
        return self.number

    def _count(self, server: str) -> int:
        try:
            found = self._folder.entries()
        except OSError:
            return 0
        return sum(one.open and one.plan is not None and one.plan.server == server for one in found)
