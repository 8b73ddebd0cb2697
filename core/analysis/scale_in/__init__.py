"""Which nodes the autoscaler could take away, which it would take now, and what holds the others."""

from core.analysis.scale_in.judgement import judge
from core.analysis.scale_in.result import ScaleIn
from core.analysis.scale_in.timing import Observed, observe

__all__ = ["Observed", "ScaleIn", "judge", "observe"]
