"""Settings of elastic workloads that don't do what was meant: each check is a small function that says what is wrong,
on which object, and what would put it right. `run` is all of them."""

from core.analysis.checks import horizontal, joining, placing, spreads, vertical
from core.analysis.checks.ground import ELASTIC, HPA, SPREAD, VPA, Finding, Ground
from core.analysis.checks.horizontal import wanted
from core.analysis.checks.vertical import NO_VPA
from core.analysis.planning import Plan
from core.analysis.serverless import Audit

ALL = (*horizontal.CHECKS, *vertical.CHECKS, *spreads.CHECKS, *placing.CHECKS, *joining.CHECKS)
READ = (HPA, VPA, SPREAD, ELASTIC, "PodMetrics")
"""Kinds without which some checks find nothing."""


def run(plan: Plan, eci: Audit) -> tuple[Finding, ...]:
    """All findings, by object. Pure; to be called off the event loop."""
    ground = Ground(plan, eci)
    found = (finding for check in ALL for finding in check(ground))
    return tuple(sorted(found, key=lambda one: (one.object, one.kind, one.check)))


__all__ = ["ALL", "NO_VPA", "READ", "Finding", "run", "wanted"]
