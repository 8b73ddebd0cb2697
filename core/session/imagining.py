"""What-ifs that somebody looks at: found out in a thread, and again when there is a newer plan, never more often than
their own cost allows. What a wish means is in core/analysis/what_if; the view is in core/views/what_if_detail."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from core.analysis.planning import Plan, Replanner
from core.analysis.what_if import Comparison
from core.analysis.what_if import imagine as compare
from core.cluster.snapshot import Snapshot
from core.errors import VacancyError
from core.session.planner import decide
from core.views import what_if_detail
from core.views.link import Failure, Update
from core.views.live import Moment
from core.views.planned import Planned
from core.views.table import ViewKey
from core.views.wish import Wish, wishes_of

REST, SHARE = 5.0, 4.0
"""Seconds between two of them, and how many times as long as it took."""


def imagine(snapshot: Snapshot, wishes: Sequence[Wish]) -> Comparison:
    """For a command: what would be different. Raises InputError for what is not there."""
    replanner = Replanner()
    return compare(decide(snapshot, replanner=replanner), wishes, replanner)


def _view(key: ViewKey, wishes: Sequence[Wish], plan: Plan, replanner: Replanner, generation: int) -> Update:
    try:
        return what_if_detail.view(compare(plan, wishes, replanner), key, wishes, generation)
    except VacancyError as error:
        return Failure(key, str(error))


class WhatIfProducer:
    """One what-if, kept up to date while it is followed."""

    def __init__(self, key: ViewKey) -> None:
        self._key = key
        self._task: asyncio.Task[Update] | None = None
        self._of: Planned | None = None
        self._rest_until = 0.0
        self._replanner = Replanner()
        """This what-if's own: its cluster changes as little from answer to answer as the real one, and the planner goes
        on with the real one meanwhile."""

    def produce(self, moment: Moment) -> Iterator[Update | None]:
        """A finished answer; and a new question when there is a newer plan."""
        if self._task is not None and self._task.done():
            done, self._task = self._task, None
            yield done.result()
        if self._task is None and moment.planned is not self._of and time.monotonic() >= self._rest_until:
            yield from self._begin(moment)

    def _begin(self, moment: Moment) -> Iterator[Update | None]:
        planned = moment.planned
        if planned.plan is None and not planned.error:
            return
        self._of = planned
        if planned.plan is None:
            yield Failure(self._key, planned.error)
            return
        try:
            wishes = wishes_of(self._key.name)
        except VacancyError as error:
            yield Failure(self._key, str(error))
            return
        self._task = asyncio.ensure_future(self._imagine(wishes, planned.plan, moment.store.generation))

    async def _imagine(self, wishes: Sequence[Wish], plan: Plan, generation: int) -> Update:
        start = time.monotonic()
        made = await asyncio.to_thread(_view, self._key, wishes, plan, self._replanner, generation)
        took = time.monotonic() - start
        self._rest_until = start + took + max(REST, SHARE * took)
        return made
