"""Keeps the groups of this cluster put together: whenever nodes or the cloud's facts change, what belongs together is
worked out anew in a thread, and what is new goes to the sink. The working out is in core/cluster/groups."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from core.analysis import autoscaler
from core.cluster import groups
from core.cluster.cloud_kinds import GROUP, READ
from core.cluster.group import Group, Template
from core.cluster.snapshot import Snapshot
from core.feeds.cloud_around import CloudAround
from core.kube import kinds
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup

INPUTS = ("Node", "ConfigMap", *(kind.name for kind in READ))
T = TypeVar("T", Group, NodeGroup)
NODE_GROUP = kinds.BY_NAME["NodeGroup"]


class GroupKeeper:
    """Runs until it is cancelled."""

    def __init__(self, around: CloudAround) -> None:
        self._around = around
        self._version = -1
        self._groups, self._node_groups = around.table(GROUP), around.table(NODE_GROUP)

    async def run(self) -> None:
        """Keep up for ever."""
        while True:
            await self.refresh()
            await self._around.outage.sleep(self._around.timing.look)

    async def refresh(self) -> None:
        """Work the groups out, if anything has changed."""
        known = self._around.known
        version = known.version(*INPUTS)
        if version == self._version:
            return
        self._version = version
        held = [*known.table(GROUP.name).values(), *known.table(NODE_GROUP.name).values()]
        found = await asyncio.to_thread(_worked_out, self._snapshot(version), held)
        self._groups.replace(found.groups)
        self._node_groups.replace(found.node_groups)
        self._around.related.clear()
        self._around.related.update(group.id for group in found.groups if group.scaling is not None)
        if any(known.table(kind.name) for kind in READ):
            self._around.sorted_out.set()

    def _snapshot(self, version: int) -> Snapshot:
        known = self._around.known
        tables = {kind: dict(known.table(kind)) for kind in (*INPUTS, "Deployment")}
        missing = {kind: "not read" for kind in INPUTS if not known.is_available(kind)}
        return Snapshot(version, self._around.clock.now(), tables, missing)


@dataclass(frozen=True, slots=True)
class _Found:
    groups: list[Group]
    node_groups: list[NodeGroup]


def _worked_out(snapshot: Snapshot, held: Iterable[Group | NodeGroup]) -> _Found:
    """The groups; one that stays as it was stays the same object."""
    before = {(type(one), one.key): one for one in held}

    def kept(one: T) -> T:
        old = before.get((type(one), getattr(one, "key")))  # noqa: B009  # both classes have it
        return old if old is not None and same(old, one) else one  # type: ignore[return-value]  # of one's type

    found = [kept(group) for group in groups.assemble(snapshot, autoscaled(snapshot))]
    small = [kept(one) for group in found if (one := groups.node_group(group)) is not None]
    return _Found(found, small)


def autoscaled(snapshot: Snapshot) -> dict[str, str]:
    """Group id -> evidence, where an autoscaler that runs in the cluster names its groups (`--nodes=min:max:id`)."""
    running = autoscaler.find(snapshot)
    named = [text.split(":") for text in running.flags.get("nodes", ())]
    return {parts[2]: f"--nodes of {running.workload} names it" for parts in named if len(parts) == 3}


def same(left: object, right: object) -> bool:
    """Whether two records say the same; groups and nodes compare by identity, so this looks inside them."""
    if isinstance(left, Group | NodeGroup | Node | Template) and type(left) is type(right):
        return all(same(getattr(left, name), getattr(right, name)) for name in left.__struct_fields__)
    if isinstance(left, tuple) and isinstance(right, tuple) and left and isinstance(left[0], Node):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right
