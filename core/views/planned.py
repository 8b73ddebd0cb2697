"""The newest plan as views use it. When it is made is the session's planner's matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.analysis import checks
from core.analysis.checks import Finding
from core.analysis.planning import Plan
from core.analysis.prices import Prices, shipped
from core.analysis.rightsizing import Rightsizing, rightsize
from core.analysis.serverless import Audit, audit
from core.views.table import Cell


@dataclass(frozen=True)
class Planned:
    """A plan with its verdicts in a few words; or what went wrong instead; or neither yet."""

    plan: Plan | None = None
    verdicts: Mapping[str, Cell] = field(default_factory=dict)
    error: str = ""
    prices: Prices | str = ""
    """What costs are computed from; a text says why there is no price table."""

    @cached_property
    def eci(self) -> Audit:
        """The audit of the plan, made for all views by the first that asks: in a worker thread. Without a price table
        of one's own that can be read, by the shipped one."""
        assert self.plan is not None
        return audit(self.plan, shipped() if isinstance(self.prices, str) else self.prices)

    @cached_property
    def sizes(self) -> Rightsizing:
        """What containers should book, likewise."""
        assert self.plan is not None
        return rightsize(self.plan)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks found, likewise. None of them looks at prices."""
        assert self.plan is not None
        return checks.run(self.plan, self.eci)
