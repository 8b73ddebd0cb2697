"""What if somebody did this: a change made on a copy of the cluster, everything decided again, and the two compared.
Doing it for real is in core/actions; the copies are made in core/cluster/overlay."""

from core.analysis.what_if.changes import attach, drain, expand, limit, out_of_stock, remove, setting
from core.analysis.what_if.comparison import Comparison, what_if
from core.analysis.what_if.replicas import scale, surge
from core.analysis.what_if.state import Change
from core.analysis.what_if.wishes import imagine

__all__ = [
    "Change", "Comparison", "attach", "drain", "expand", "imagine", "limit", "out_of_stock", "remove", "scale",
    "setting", "surge", "what_if",
]  # fmt: skip
