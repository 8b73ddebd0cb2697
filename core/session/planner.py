"""When the plan is made anew: off the event loop, after changes, never more often than its own cost allows; a plan
older than the one that is shown is dropped. What it decides is in core/analysis/planning."""

import asyncio

from core.analysis import autoscaler
from core.analysis.planning import Plan, Replanner
from core.analysis.scale_in import Observed, observe
from core.analysis.serverless import Audit, audit
from core.clock import Clock
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.errors import VacancyError, unexpected
from core.policy import discover
from core.session.own_policy import own_policy
from core.session.prices import price_table, prices_or_why
from core.views import candidates
from core.views.planned import Planned

SHARE = 4.0
"""A plan that took a second is followed by at least so many seconds of rest."""
TIMERS = 30.0
"""Seconds after which it is made anew although nothing changed: time alone lets nodes go."""
REST = 2.0
"""Seconds between two plans however fast they are."""


def decide(snapshot: Snapshot, observed: Observed | None = None, replanner: Replanner | None = None) -> Plan:
    """The plan of a snapshot by the policy that it shows and the person's own; quicker with the `replanner` of a
    snapshot that is much the same. Raises InputError for a bad setting."""
    running = autoscaler.find(snapshot)
    policy = discover(snapshot, own_policy(), running)
    return (replanner or Replanner()).plan(snapshot, policy, running, observed)


def audit_eci(made: Plan, prices: str | None, limit: float) -> Audit:
    """The pods on virtual nodes, by the price table at `prices` (None: see price_table). Raises InputError."""
    return audit(made, price_table(prices), limit)


def _planned(snapshot: Snapshot, observed: Observed, replanner: Replanner) -> Planned:
    try:
        made = decide(snapshot, observed, replanner)
        verdicts = {one.node: candidates.short(one, snapshot.as_of) for one in made.scale_in.nodes}
        return Planned(made, verdicts, prices=prices_or_why())
    except VacancyError as error:
        return Planned(error=str(error))
    except Exception as error:  # a mistake of ours: what needs no plan goes on
        return Planned(error=f"no plan: {unexpected(error)}")


class Planner:
    """Keeps `latest` as fresh as is reasonable."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._task: asyncio.Task[Planned] | None = None
        self._generation, self._made_for = -1, 0.0
        self._rest_until = 0.0
        self._observed = Observed()
        self._replanner = Replanner()
        self.latest = Planned()

    def consider(self, store: Store, now: float) -> set[str]:
        """Take a finished plan, start a new one when it is time. The nodes whose verdict is another now."""
        changed: set[str] = set()
        if self._task is not None and self._task.done():
            changed = self._take(self._task.result())
            self._task = None
        if self._task is None and self._due(store, now):
            self._generation, self._made_for = store.generation, now
            self._task = asyncio.ensure_future(self._make(store.snapshot(now)))
        return changed

    def _due(self, store: Store, now: float) -> bool:
        """Something changed, or enough time went by for timers to run out; and the last plan is paid for."""
        stale = store.generation != self._generation or now - self._made_for >= TIMERS
        return stale and self._clock.monotonic() >= self._rest_until

    async def _make(self, snapshot: Snapshot) -> Planned:
        start = self._clock.monotonic()
        made = await asyncio.to_thread(_planned, snapshot, self._observed, self._replanner)
        took = self._clock.monotonic() - start
        self._rest_until = start + took + max(REST, SHARE * took)
        return made

    def _take(self, made: Planned) -> set[str]:
        shown = self.latest.plan
        if made.plan is not None and shown is not None and made.plan.snapshot.generation < shown.snapshot.generation:
            return set()
        before, self.latest = self.latest.verdicts, made
        if made.plan is not None:
            self._observed = observe(self._observed, made.plan.scale_in.nodes, made.plan.snapshot.as_of)
        names = before.keys() | made.verdicts.keys()
        return {name for name in names if before.get(name) != made.verdicts.get(name)}

    async def close(self) -> None:
        """Let a plan that is being made go."""
        if self._task is not None:
            self._task.cancel()
