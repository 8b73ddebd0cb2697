"""Pods on virtual nodes (ECI): what they are billed, how long they have been there, and whether they could come home.
Prices are in core/analysis/prices, who is sent to ECI is in core/analysis/vendors/eci."""

from core.analysis.serverless.audit import (
    FINE,
    FITS,
    JOB,
    NEEDS,
    NOT_ECI,
    OVERDUE,
    Audit,
    BreakEven,
    Costs,
    ServerlessApplication,
    ServerlessPod,
    audit,
)
from core.analysis.serverless.billing import DEFAULT_LIMIT, LIMIT, seconds

__all__ = [
    "DEFAULT_LIMIT", "FINE", "FITS", "JOB", "LIMIT", "NEEDS", "NOT_ECI", "OVERDUE", "Audit", "BreakEven", "Costs",
    "ServerlessApplication", "ServerlessPod", "audit", "seconds",
]  # fmt: skip
