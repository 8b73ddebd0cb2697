"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node (CSINode). A new node has no limits yet."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

REASONS = ("node(s) exceed max volume count",)

Handle = tuple[str, str]
"""(CSI driver, volume)."""


def exceeded(limits: Mapping[str, int], attached: Collection[Handle], wanted: Iterable[Handle]) -> bool:
    """Whether the volumes that the pod adds are more than a driver's limit allows; a shared volume counts once."""
    new = {handle for handle in wanted if handle[0] in limits and handle not in attached}
    if not new:
        return False
    here = Counter(driver for driver, _ in attached)
    return any(here[driver] + count > limits[driver] for driver, count in Counter(d for d, _ in new).items())
