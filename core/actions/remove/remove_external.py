"""A node that is no machine of this account: its Node object is deleted; what is on the machine is for somebody with
access to it, in words."""

from collections.abc import Iterator

from core.actions.action_plan import PlannedStep
from core.actions.remove.remove_door import Removal
from core.actions.remove.remove_way import DELETE, Way

BY_HAND = "then by hand, on the machine itself: kubeadm reset, and switch it off; nothing here reaches it"


def steps(one: Removal) -> Iterator[PlannedStep]:
    """After the drain."""
    yield PlannedStep(DELETE, one.node)


async def remove(way: Way) -> None:
    """Delete the Node."""
    await way.delete_node()
