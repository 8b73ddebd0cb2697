"""Pending pods: who is considered, what fits where, and what the autoscaler would grow. `decide` is the whole of it."""

from core.analysis.pending.decision import decide
from core.analysis.pending.result import Choice, GroupOption, Pending, PodVerdict, Resize, Waste

__all__ = ["Choice", "GroupOption", "Pending", "PodVerdict", "Resize", "Waste", "decide"]
