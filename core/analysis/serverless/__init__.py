"""Pods on virtual nodes (ECI): what they are billed, how long they have been there, and whether they could come home.
Prices are in core/analysis/prices, who is sent to ECI is in core/analysis/vendors/eci."""

from core.analysis.serverless.audit import (
    FINE,
    FITS,
    JOB,
    MUTED,
    NEEDS,
    NOT_ECI,
    OVERDUE,
    Audit,
    Costs,
    ServerlessApplication,
    ServerlessPod,
    audit,
    total,
)
from core.analysis.serverless.billing import DEFAULT_LIMIT, LIMIT
from core.analysis.serverless.worth import BreakEven
from core.kube.timestamps import span as seconds

__all__ = [
    "DEFAULT_LIMIT", "FINE", "FITS", "JOB", "LIMIT", "MUTED", "NEEDS", "NOT_ECI", "OVERDUE", "Audit", "BreakEven",
    "Costs", "ServerlessApplication", "ServerlessPod", "audit", "seconds", "total",
]  # fmt: skip
