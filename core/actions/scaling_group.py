"""The scaling group that an action is about: found by what a person calls it, looked at as ESS has it now, and judged
by what holds for whoever changes a group. What is done to it is in the module of each action."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.actions import access, group_claim
from core.actions.action_plan import Finding, Level
from core.actions.cloud import Cloud
from core.actions.guards import Guards
from core.actions.situation import Situation
from core.clients.kubernetes import Forbidden, Reader
from core.cluster.cloud import ScalingActivity, ScalingGroup
from core.cluster.group import Group
from core.cluster.snapshot import Snapshot
from core.errors import InputError, Refused, one_line

IN_PROGRESS = "InProgress"


@dataclass(frozen=True)
class GroupNow:
    """A group as ESS has it at this moment, with its newest activities, newest first."""

    scaling: ScalingGroup
    activities: tuple[ScalingActivity, ...] = ()

    @property
    def size(self) -> int | None:
        """The size that it is brought to; None where ESS doesn't say."""
        return self.scaling.desired if self.scaling.desired is not None else self.scaling.total

    @property
    def running(self) -> ScalingActivity | None:
        """What is going on in it."""
        return next((one for one in self.activities if one.status == IN_PROGRESS), None)


def named(snapshot: Snapshot, name: str) -> Group:
    """The group of this id, the pool's of this id, or the only one of this name. Raises InputError."""
    groups: list[Group] = list(snapshot.table("Group").values())
    for matches in (_has_id, _has_pool, _has_name):
        found = [group for group in groups if matches(group, name)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(group.id for group in found)
            raise InputError(f"group {one_line(name, 60)}: several have this name ({ids}): use an id")
    known = (
        ", ".join(one_line(group.name or group.id, 40) for group in groups[:8]) or "none is known; see vacancy groups"
    )
    raise InputError(f"group {one_line(name, 60)}: there is none; there are {known}")


def all_named(snapshot: Snapshot, names: Iterable[str]) -> list[Group]:
    """These groups, each once. Raises InputError."""
    found = {group.id: group for group in (named(snapshot, name) for name in names)}
    if not found:
        raise InputError("name the group that is meant; see vacancy groups")
    return list(found.values())


def _has_id(group: Group, name: str) -> bool:
    return group.id == name


def _has_pool(group: Group, name: str) -> bool:
    return bool(group.pool_id) and group.pool_id == name


def _has_name(group: Group, name: str) -> bool:
    return name in (group.name, group.scaling.name if group.scaling is not None else None)


async def look(cloud: Cloud, group: str) -> GroupNow:
    """The group as it is now. Raises Refused when there is none any more, CloudError when ESS can't be asked."""
    scaling = await cloud.reader.ess.group(group)
    if scaling is None:
        raise Refused(f"group {group}: ESS has no group of that id (any more)")
    return GroupNow(scaling, (await cloud.reader.ess.activities(group)).items)


def title(group: Group) -> str:
    """What a person calls it."""
    return one_line(group.name or group.id, 60)


def guarded(guards: Guards, groups: Sequence[Group]) -> Iterator[Finding]:
    """Refusals for groups that are never to be touched."""
    for group in groups:
        for pattern in guards.never_pools:
            if any(name and fnmatchcase(name, pattern) for name in (group.name, group.id, group.pool_id)):
                text = f"guards.toml says never to touch pools like {pattern}"
                yield Finding(Level.REFUSAL, "GuardedPool", title(group), text)
                break


async def claims(situation: Situation, groups: Sequence[str]) -> list[Finding]:
    """Whether somebody else is acting on them, and whether this identity may say that it does."""
    try:
        found = await group_claim.judge(situation.reader, groups, situation.now)
    except Forbidden:
        text = "this identity may not read leases in kube-system: whether somebody else acts on the group is not known"
        found = [Finding(Level.NOTE, "ClaimsUnread", "", text)]
    if situation.writer is not None:
        found += await access.lacking(situation.writer, group_claim.PERMISSIONS)
    return found


async def claim_now(reader: Reader, group: str, now: float) -> str:
    """A sentence about who holds it, for comparing; "" when nobody does."""
    found = await group_claim.judge(reader, [group], now)
    return f"group {group}: {found[0].text}" if found else f"group {group} is claimed by nobody"
