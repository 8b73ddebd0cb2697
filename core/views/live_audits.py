"""Views of audits kept up to date: each newest plan is audited in a worker thread, and only what differs is sent."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.analysis.serverless import Audit
from core.errors import VacancyError
from core.garbage import no_collection
from core.views import audit_details, eci, eci_detail
from core.views import checks as checks_view
from core.views import rightsizing as rightsizing_view
from core.views.detail import DetailView
from core.views.link import Failure, Update
from core.views.planned import Planned
from core.views.table import TableView, ViewKey, difference

if TYPE_CHECKING:
    from core.views.live import Moment

SHARE = 4.0
"""A view that took a second to make rests for so many seconds, whatever the newest plan."""
Made = TableView | DetailView | None
Make = Callable[[Planned, ViewKey, int], Made]
"""Makes a view of what was planned, numbered; None when what it is about is not there. Runs in a worker thread."""


class AuditProducer:
    """A view that takes long enough to be made off the event loop."""

    def __init__(self, key: ViewKey, make: Make) -> None:
        self._key, self._make = key, make
        self._of: Planned | None = None
        self._task: asyncio.Future[Update | None] | None = None
        self._sent: Made = None
        self._generation = 0
        self._rest_until = 0.0

    def produce(self, moment: "Moment") -> Iterator[Update | None]:
        """The view of the newest plan once it is made."""
        if self._task is not None and self._task.done():
            made, self._task = self._task.result(), None
            if made is not None:
                yield made
        planned = moment.planned
        if self._task is None and planned is not self._of and time.monotonic() >= self._rest_until:
            self._of = planned
            if planned.plan is not None:
                self._task = asyncio.get_running_loop().run_in_executor(None, self.make, planned)
            elif planned.error:
                yield Failure(self._key, planned.error)

    def make(self, planned: Planned) -> Update | None:
        """For a worker thread: the view, or how it differs from what was sent; None when it doesn't."""
        before, self._generation = self._sent, self._generation + 1
        started = time.monotonic()
        try:
            with no_collection():
                new = self._make(planned, self._key, self._generation)
        except VacancyError as error:
            return Failure(self._key, str(error))
        if new is None:
            return Failure(self._key, f"{self._key.name}: no such thing (any more); go back to the list")
        self._sent = new
        done = time.monotonic()
        self._rest_until = done + SHARE * (done - started)
        return difference(before, new) if isinstance(before, TableView) and isinstance(new, TableView) else new


def eci_table(planned: Planned, key: ViewKey, generation: int) -> Made:
    """Pods on virtual nodes by owner."""
    assert planned.plan is not None
    return eci.view(planned.plan, _audit(planned), key, generation)


def eci_owner(planned: Planned, key: ViewKey, generation: int) -> Made:
    """One owner's pods on virtual nodes."""
    assert planned.plan is not None
    return eci_detail.view(planned.plan, _audit(planned), key.name, generation)


def checks_table(planned: Planned, key: ViewKey, generation: int) -> Made:
    """What is wrong with elastic workloads."""
    assert planned.plan is not None
    return checks_view.view(planned.plan.snapshot, planned.findings, key, generation)


def check_finding(planned: Planned, key: ViewKey, generation: int) -> Made:
    """One finding in full."""
    assert planned.plan is not None
    return audit_details.finding(planned.plan.snapshot, planned.findings, key, generation)


def rightsizing_table(planned: Planned, key: ViewKey, generation: int) -> Made:
    """What containers book and don't use."""
    assert planned.plan is not None
    return rightsizing_view.view(planned.plan, planned.sizes, key, generation)


def container_size(planned: Planned, key: ViewKey, generation: int) -> Made:
    """One container in full."""
    assert planned.plan is not None
    return audit_details.sizing(planned.plan, planned.sizes, key, generation)


def _audit(planned: Planned) -> Audit:
    if isinstance(planned.prices, str) or planned.plan is None:
        raise VacancyError(str(planned.prices))
    return planned.eci


AUDITS: dict[str, Make] = {
    "eci": eci_table,
    "eci-owner": eci_owner,
    "checks": checks_table,
    "check": check_finding,
    "rightsizing": rightsizing_table,
    "sizing": container_size,
}
"""Kind of view -> what makes it."""
