"""Audits of a plan for commands: which price table and which ECI audit each needs."""

from core.analysis import checks
from core.analysis.checks import Finding
from core.analysis.planning import Plan
from core.analysis.prices import shipped
from core.analysis.rightsizing import rightsize
from core.analysis.serverless import audit

__all__ = ["check", "rightsize"]


def check(made: Plan) -> tuple[Finding, ...]:
    """What is wrong with elastic workloads. No check looks at prices."""
    return checks.run(made, audit(made, shipped()))
