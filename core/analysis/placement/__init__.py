"""Where pods are and where they could go: nodes as bins, pods by class, and counters that are kept as pods come and go.

`Placement` is the whole of it. What scale-out and scale-in do with it is in their own packages."""

from core.analysis.placement.placement import Moves, Placement

__all__ = ["Moves", "Placement"]
