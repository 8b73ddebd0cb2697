"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node (CSINode). A new node has no limits yet."""

from collections.abc import Mapping

REASONS = ("node(s) exceed max volume count",)

Handle = tuple[str, str]
"""(CSI driver, volume)."""


def exceeded(limits: Mapping[str, int], attached: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether so many more volumes are too many. All by driver; a volume that a pod there mounts already isn't wanted
    anew, and one that is attached to the node for nobody counts as attached."""
    return any(attached.get(driver, 0) + count > limits[driver] for driver, count in wanted.items() if driver in limits)
