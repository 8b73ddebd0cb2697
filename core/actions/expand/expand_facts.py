"""What the cloud tells before a group is expanded: free addresses, stock, its own diagnosis, quotas, and which machines
would come. What can't be asked is said, never taken for good news. The plan is put together in expand_plan."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.actions.action_plan import Finding, Level
from core.actions.cloud import Cloud
from core.actions.scaling_group import title
from core.clients.alibaba import CloudError, Denied
from core.cluster.group import Group
from core.errors import one_line

Json = dict[str, Any]
BAD = ("Warn", "Critical")


@dataclass(frozen=True)
class Told:
    """Sentences for the plan, and findings."""

    says: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Growth:
    """`more` machines for a group, to a size of `to`. `alone`: ESS alone has it, so ESS is asked to do it."""

    group: Group
    more: int
    to: int
    alone: bool


async def ask(cloud: Cloud, growth: Growth) -> Told:
    """All of it, asked at once."""
    questions: list[tuple[str, Callable[[Cloud, Growth], Awaitable[Told]]]] = [
        ("which machines would come", _preview),
        ("the stock", _stock),
        ("the free addresses", _addresses),
        ("ESS's diagnosis", _diagnosis),
        ("the quota", _quota),
    ]
    found = await asyncio.gather(*(_answered(what, question(cloud, growth)) for what, question in questions))
    says = tuple(text for told in found for text in told.says)
    return Told(says, tuple(finding for told in found for finding in told.findings))


async def _answered(what: str, question: Awaitable[Told]) -> Told:
    try:
        return await question
    except CloudError as error:
        text = f"{what} can't be asked: {one_line(str(error), 160)}"
        return Told(findings=(Finding(Level.NOTE, "NotTold", "", text),))


async def _preview(cloud: Cloud, growth: Growth) -> Told:
    """Only where ESS itself is asked to grow: its dry run needs the permission of the real call, and so shows it."""
    if cloud.writer is None or not growth.alone:
        return Told()
    try:
        body = await cloud.writer.ess.preview(growth.group.id, "TotalCapacity", growth.to)
    except Denied as error:
        return Told(findings=(Finding(Level.REFUSAL, "Forbidden", title(growth.group), one_line(str(error), 200)),))
    counted: Counter[tuple[str, str]] = Counter()
    for row in _rows(body.get("PlanResult"), "ResourceAllocations"):
        amount = row.get("Amount")
        counted[str(row.get("InstanceType")), str(row.get("ZoneId"))] += amount if isinstance(amount, int) else 0
    parts = [f"{number} {kind} in {zone}" for (kind, zone), number in counted.items() if number > 0]
    missing = growth.more - sum(counted.values())
    if missing > 0:
        text = f"ESS finds a place for {max(0, growth.more - missing)} of {growth.more} machines only"
        return Told(
            _listed("would come: ", parts), (Finding(Level.WARNING, "NotAllPlaced", title(growth.group), text),)
        )
    return Told(_listed("would come: ", parts))


async def _stock(cloud: Cloud, growth: Growth) -> Told:
    """By DescribeElasticStrength: which machine types are to be had in which of the group's zones."""
    body = await cloud.reader.ess.strength(growth.group.id)
    pools = _rows(body, "ResourcePools")
    if not pools:
        return Told(("stock: not told",))
    gone = [f"{row.get('InstanceType')} in {row.get('ZoneId')}" for row in pools if row.get("Status") == "Unavailable"]
    strength = str(body.get("ElasticStrength") or "not told")
    if len(gone) == len(pools):
        text = f"none of its machine types is in stock: {', '.join(gone[:4])}"
        return Told(findings=(Finding(Level.WARNING, "OutOfStock", title(growth.group), one_line(text)),))
    tail = f"; sold out: {', '.join(gone[:4])}" if gone else ""
    return Told((one_line(f"stock: {strength.lower()}{tail}"),))


async def _addresses(cloud: Cloud, growth: Growth) -> Told:
    scaling = growth.group.scaling
    if scaling is None or not scaling.vswitches:
        return Told(("free addresses: not told",))
    rows = await cloud.reader.ecs.vswitches(scaling.vswitches)
    free = {str(row.get("VSwitchId")): row.get("AvailableIpAddressCount") for row in rows}
    known = {name: number for name, number in free.items() if isinstance(number, int)}
    if not known:
        return Told(("free addresses: not told",))
    parts = ", ".join(f"{name} {number}" for name, number in known.items())
    says = (one_line(f"free addresses in its vSwitches: {sum(known.values())} ({parts})"),)
    if sum(known.values()) < growth.more:
        text = f"its vSwitches have {sum(known.values())} free addresses left, and {growth.more} machines are wanted"
        return Told(says, (Finding(Level.REFUSAL, "NoAddresses", title(growth.group), text),))
    return Told(says, tuple(_full(known)))


def _full(free: dict[str, int]) -> Iterator[Finding]:
    for name, number in free.items():
        if number == 0:
            yield Finding(Level.NOTE, "VSwitchFull", name, "it has no free address left: the others are used")


async def _diagnosis(cloud: Cloud, growth: Growth) -> Told:
    rows = await cloud.reader.ess.diagnosis(growth.group.id)
    bad = [row for row in rows if row.get("Status") in BAD]
    return Told(findings=tuple(_diagnosed(row) for row in bad))


def _diagnosed(row: Json) -> Finding:
    text = f"ESS's diagnosis: {row.get('ErrorCode') or row.get('DiagnoseType')} ({row.get('Status')})"
    return Finding(Level.WARNING, "Diagnosis", one_line(str(row.get("ResourceId") or ""), 60), one_line(text))


async def _quota(cloud: Cloud, growth: Growth) -> Told:
    limits = await cloud.reader.ess.limits()
    most = limits.get("MaxNumberOfScalingInstances")
    if isinstance(most, int) and growth.to > most:
        text = f"the account's quota is {most} machines in a group, and it would have {growth.to}"
        return Told(findings=(Finding(Level.REFUSAL, "Quota", title(growth.group), text),))
    return Told((f"quota: at most {most:,} machines in a group",) if isinstance(most, int) else ())


def _rows(body: object, name: str) -> list[Json]:
    found = body.get(name) if isinstance(body, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _listed(start: str, parts: list[str]) -> tuple[str, ...]:
    return (one_line(start + ", ".join(parts[:4])),) if parts else ()
