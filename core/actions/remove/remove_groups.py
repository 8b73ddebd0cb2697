"""What removals do to the sizes of groups: whether a machine is bought in place of the one that goes, foreseen in the
plan, prevented by a smaller desired size, read back at the end."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from core.actions.action_plan import Finding, Level
from core.actions.cloud import Cloud
from core.actions.remove.remove_door import Door, Removal
from core.actions.remove.remove_way import Way
from core.clients.alibaba import CloudError
from core.cluster.cloud import LifecycleHook, NodePool, ScalingGroup, ScalingInstance
from core.cluster.snapshot import Snapshot
from core.errors import VacancyError

COUNTED = ("InService", "Pending", "Pending:Wait", "Protected", "Standby")
"""States of members that count as a group's capacity; those on their way out don't."""
ACTIVE = "Active"
LOWER = "lower the pool's desired size"


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """A group before the removal, and how many of its machines `go`. `pool` is the node pool that owns it, `pinned`
    that pool's own desired size; `waits` the seconds for which its hooks may hold a machine that leaves; `state` as ESS
    has it, "" where that isn't known."""

    id: str
    name: str = ""
    pool: str = ""
    go: int = 0
    total: int | None = None
    minimum: int | None = None
    desired: int | None = None
    pinned: int | None = None
    keep_desired: bool = False
    waits: int = 0
    state: str = ""

    @property
    def after(self) -> int | None:
        """Machines that are left."""
        return None if self.total is None else self.total - self.go

    @property
    def target(self) -> int | None:
        """The size that it is brought to if nobody lowers it: more than are left means that others are bought."""
        return self.pinned if self.pool else self.desired


def sizes(removals: Iterable[Removal], snapshot: Snapshot) -> tuple[Size, ...]:
    """The groups that lose machines, as they are before."""
    leaving = [one for one in removals if one.member and one.door is not Door.EXTERNAL]
    go = Counter(one.group for one in leaving)
    keeps = {one.group for one in leaving if one.keep_desired}
    pools: Mapping[str, NodePool] = {pool.group_id: pool for pool in snapshot.table("NodePool").values()}
    return tuple(_size(snapshot, group, number, group in keeps, pools.get(group)) for group, number in go.items())


def _size(snapshot: Snapshot, group: str, go: int, keep: bool, pool: NodePool | None) -> Size:
    found: ScalingGroup | None = snapshot.table("ScalingGroup").get(group)
    hooks: Iterable[LifecycleHook] = snapshot.table("LifecycleHook").values()
    waits = [hook.timeout or 0 for hook in hooks if hook.group_id == group and hook.transition == "SCALE_IN"]
    return Size(
        id=group,
        name=(pool.name if pool is not None else "") or (found.name if found is not None else group),
        pool=pool.id if pool is not None else "",
        go=go,
        total=found.total if found is not None else None,
        minimum=found.min_size if found is not None else pool.min_size if pool is not None else None,
        desired=found.desired if found is not None else None,
        pinned=pool.desired if pool is not None else None,
        keep_desired=keep,
        waits=max(waits, default=0),
        state=found.state if found is not None else "",
    )


def judge(size: Size) -> Iterator[Finding]:
    """What will be bought in place of what goes, and what the group forbids."""
    about = f"{'pool' if size.pool else 'group'} {size.name or size.id}"
    below = size.minimum is not None and size.after is not None and size.after < size.minimum
    if below and not size.keep_desired:
        text = (
            f"{size.after} machines would be left, and its minimum is {size.minimum}: ESS would buy others at once;"
            " lower the minimum first, or --keep-desired accepts it"
        )
        yield Finding(Level.REFUSAL, "AtMinimum", about, text, option="keep_desired")
    elif below or (size.keep_desired and size.target is not None):
        kept = f"its minimum of {size.minimum}" if below and size.target is None else f"its desired size, {size.target}"
        text = f"{kept}, stays: {_buyer(size)} buys {size.go} in place of what goes"
        yield Finding(Level.WARNING, "Refill", about, text)
    if size.state not in (ACTIVE, ""):
        text = f"it is {size.state}: ESS changes nothing in it before it is {ACTIVE}"
        yield Finding(Level.REFUSAL, "GroupInactive", about, text)
    if size.total is None:
        yield Finding(Level.WARNING, "SizeUnknown", about, "its size can't be read, so a refill can't be foreseen")
    if size.waits:
        text = f"a lifecycle hook may hold a machine that leaves for {size.waits} s"
        yield Finding(Level.NOTE, "HookWaits", about, text)


def _buyer(size: Size) -> str:
    return "ACK" if size.pool else "ESS"


async def members(cloud: Cloud, group: str) -> dict[str, ScalingInstance]:
    """Its machines now. Raises VacancyError when one of them can't be read: who isn't seen is not gone."""
    found = await cloud.reader.ess.members(group)
    if found.problems:
        raise VacancyError(f"group {group}: {found.problems[0]}")
    return {one.instance_id: one for one in found.items}


async def counts(way: Way) -> bool:
    """Whether the machine still counts as one of its group."""
    found = (await members(way.cloud, way.one.group)).get(way.one.machine)
    return found is not None and found.state in COUNTED


async def lower_pool(way: Way, size: Size, all_of_it: Sequence[Removal]) -> None:
    """Lower the pool's own desired size by what has left, so that ACK buys nothing. Called as soon as the machine no
    longer counts: earlier, ESS would choose another one to go; later, the new one is there."""
    if size.pinned is None or size.keep_desired:
        return
    aim = size.pinned

    async def lowered() -> bool:
        nonlocal aim
        here = await members(way.cloud, size.id)
        counted = {name for name, one in here.items() if one.state in COUNTED}
        gone = sum(1 for one in all_of_it if one.group == size.id and one.machine not in counted)
        aim = (size.pinned or 0) - gone
        now = (await pool_of(way.cloud, size.pool)).desired
        if now is None or now <= aim:
            return True
        if now > aim + 1 or len(counted) >= now:
            text = f"its desired size is {now} and it has {len(counted)} machines: not lowered, others would go"
            await way.note(text)
            return True
        return False

    async def lower() -> str:
        body = {"scaling_group": {"desired_size": aim}}
        return await way.writer.cs.modify_pool(way.cloud.cluster, size.pool, body)

    await way.step(LOWER, lowered, lower)


async def pool_of(cloud: Cloud, pool: str) -> NodePool:
    """The pool as the ACK API has it now. Raises VacancyError when it hasn't."""
    found = next((one for one in (await cloud.reader.cs.pools(cloud.cluster)).items if one.id == pool), None)
    if found is None:
        raise VacancyError(f"node pool {pool}: the ACK API lists none of that id")
    return found


async def read_back(cloud: Cloud, size: Size) -> str:
    """What the group has and wants now, in words; what was foreseen is said whether it is seen yet or not."""
    name = size.name or size.id
    try:
        found = next((one for one in (await cloud.reader.ess.groups()).items if one.id == size.id), None)
        pinned = (await pool_of(cloud, size.pool)).desired if size.pool else None
    except CloudError as error:
        return f"{name}: its size can't be read back: {error.cause}"
    if found is None:
        return f"{name}: ESS lists it no more"
    wants = pinned if pinned is not None else found.desired
    parts = [f"{name} has {found.active} machines" if found.active is not None else f"{name}: size not told"]
    parts += [f"{found.pending} on their way" if found.pending else ""]
    parts += [f"desired size {wants}" if wants is not None else "no desired size"]
    parts += [f"{_buyer(size)} buys others in place of those that went" if _buys(found, wants) else ""]
    return ", ".join(part for part in parts if part)


def _buys(found: ScalingGroup, wants: int | None) -> bool:
    have = found.active
    return bool(found.pending) or (wants is not None and have is not None and have < wants)
