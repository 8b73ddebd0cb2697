"""The way into core for screens and commands: read once (`read`, `record`), or stay up to date (`Session`)."""

import importlib.metadata

from core.session.audits import check, rightsize
from core.session.imagining import imagine
from core.session.planner import audit_eci, decide
from core.session.prices import price_table, prices_or_why
from core.session.reading import Reading, read
from core.session.recording import Recording, record
from core.session.session import Session
from core.where import Where

__all__ = [
    "Reading",
    "Recording",
    "Session",
    "Where",
    "audit_eci",
    "check",
    "decide",
    "imagine",
    "price_table",
    "prices_or_why",
    "read",
    "record",
    "rightsize",
    "version",
]


def version() -> str:
    """The version of this program; `unknown` for a checkout that nobody installed."""
    try:
        return importlib.metadata.version("vacancy")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
