"""What only an attach has in its plan, as plain data that a journal keeps: no token, no userdata. What it means is said
in attach_plan, what is done with it in attach."""

import msgspec

from core.actions.action_plan import ActionPlan
from core.analysis.attachable import Way


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments: by which way, into which group, whether ESS may release the machine when it leaves the group, and
    (by hand) whether to wait until it is a node."""

    how: Way
    group: str = ""
    entrusted: bool = False
    follow: bool = False


class Details(msgspec.Struct, frozen=True):
    """The machine as it was when the plan was made, and where it goes."""

    how: Way
    instance: str
    name: str = ""
    address: str = ""
    """Its private address, by which its node is most often named."""
    was: str = ""
    """Its status."""
    disk: str = ""
    """Its system disk; another one later means that it was replaced."""
    image: str = ""
    """What the new system disk is made from."""
    pool: str = ""
    """The node pool that ACK puts it into; "" where ACK isn't asked."""
    configuration: str = ""
    """The scaling configuration whose userdata it gets; "" where the ACK API writes the script."""
    group: str = ""
    """The scaling group that it is put into once it is a node: only one of ESS alone, for ACK sees to its own."""
    group_name: str = ""
    entrusted: bool = False
    follow: bool = True
    tasks: tuple[str, ...] = ()
    """Tasks of the ACK cluster that were there before."""


def of(plan: ActionPlan) -> Details:
    """Those of a plan."""
    return msgspec.convert(plan.details, Details)
