"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node (CSINode). A new node has no limits yet."""

from collections.abc import Collection, Iterable, Mapping

REASONS = ("node(s) exceed max volume count",)

Handle = tuple[str, str]
"""(CSI driver, volume)."""


def new(limits: Mapping[str, int], attached: Collection[Handle], wanted: Iterable[Handle]) -> list[str]:
    """The driver of each volume that would be attached anew, where it has a limit; a shared volume counts once."""
    return [handle[0] for handle in set(wanted) if handle[0] in limits and handle not in attached]


def exceeded(limits: Mapping[str, int], here: Mapping[str, int], drivers: Collection[str]) -> bool:
    """Whether so many more volumes are too many. `here`: driver -> volumes that are attached."""
    return any(here.get(driver, 0) + sum(one == driver for one in drivers) > limits[driver] for driver in drivers)
