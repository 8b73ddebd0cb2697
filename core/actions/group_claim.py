"""The claim on a scaling group, by which two sessions keep out of each other's way: a Lease, for a group is no object
of the cluster. Claims on nodes are in node_patch."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from core.actions.access import Permission
from core.actions.action_plan import ActionPlan, Finding, Level
from core.actions.run import Run, meanwhile
from core.clients.kubernetes import ApiError, NotFound, Reader
from core.errors import Refused, VacancyError
from core.kube.timestamps import seconds

NAMESPACE = "kube-system"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
HOLDS = 120
"""Seconds for which a claim holds without being renewed."""
ATTEMPTS = 6
WHO = "vacancy/who"
PERMISSIONS = tuple(
    Permission(verb, "leases", NAMESPACE, "coordination.k8s.io") for verb in ("get", "create", "patch", "delete")
)

Json = dict[str, Any]


@contextlib.asynccontextmanager
async def holding(run: Run, groups: Sequence[str]) -> AsyncIterator[None]:
    """Ours for as long as the block runs. Raises Refused when somebody else is acting on one of them."""
    for group in groups:
        await _claim(run, group)
    try:
        async with meanwhile(_renew(run, groups)):
            yield
    finally:
        for group in groups:
            with contextlib.suppress(VacancyError):
                await release(run, group)


async def judge(reader: Reader, groups: Sequence[str], now: float) -> list[Finding]:
    """A refusal for each group that somebody else is acting on."""
    found = [(group, await _look(reader, group)) for group in groups]
    return [
        Finding(Level.REFUSAL, "Claimed", group, _told(lease)) for group, lease in found if lease and _holds(lease, now)
    ]


async def release(run: Run, group: str) -> None:
    """Nobody's any more, if it was ours."""
    lease = await _look(run.reader, group)
    if lease is None or _holder(lease) != run.plan.id:
        return
    with contextlib.suppress(NotFound):
        await run.writer.delete(_path(group), uid=str((lease.get("metadata") or {}).get("uid")))


async def _claim(run: Run, group: str) -> None:
    for attempt in range(ATTEMPTS):
        lease = await _look(run.reader, group)
        if lease is not None and _holder(lease) != run.plan.id and _holds(lease, run.clock.now()):
            raise Refused(f"group {group}: {_told(lease)}")
        try:
            await _write(run, group, lease)
        except ApiError as error:
            if error.status != 409 or attempt == ATTEMPTS - 1:
                raise
        else:
            return


async def _write(run: Run, group: str, lease: Json | None) -> None:
    """Create it, or make it ours in the version that was read."""
    body = _body(run.plan, run.clock.now())
    if lease is None:
        meta = {**body["metadata"], "name": _name(group), "namespace": NAMESPACE}
        whole = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", **body, "metadata": meta}
        await run.writer.create(LEASES, whole)
        return
    version = (lease.get("metadata") or {}).get("resourceVersion")
    await run.writer.patch(_path(group), {**body, "metadata": {**body["metadata"], "resourceVersion": version}})


async def _renew(run: Run, groups: Sequence[str]) -> None:
    while True:
        await asyncio.sleep(HOLDS / 3)
        for group in groups:
            with contextlib.suppress(VacancyError):  # the claim holds for two more rounds
                await _claim(run, group)


def _body(plan: ActionPlan, now: float) -> Json:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now))
    spec = {"holderIdentity": plan.id, "leaseDurationSeconds": HOLDS, "renewTime": moment, "acquireTime": moment}
    return {"metadata": {"annotations": {WHO: plan.who}}, "spec": spec}


async def _look(reader: Reader, group: str) -> Json | None:
    try:
        found: Json = msgspec.json.decode(await reader.get(_path(group)))
    except NotFound:
        return None
    return found


def _holder(lease: Json) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def _holds(lease: Json, now: float) -> bool:
    spec = lease.get("spec") or {}
    duration, renewed = spec.get("leaseDurationSeconds"), seconds(spec.get("renewTime"))
    return bool(_holder(lease)) and isinstance(duration, int) and renewed is not None and renewed + duration > now


def _told(lease: Json) -> str:
    who = ((lease.get("metadata") or {}).get("annotations") or {}).get(WHO) or "somebody"
    return f"{who} is acting on it ({_holder(lease)}, for at most {HOLDS} s without a sign of life)"


def _name(group: str) -> str:
    """A group's id as the name of an object."""
    return f"vacancy-{re.sub(r'[^a-z0-9-]', '-', group.lower()).strip('-')}"


def _path(group: str) -> str:
    return f"{LEASES}/{_name(group)}"
