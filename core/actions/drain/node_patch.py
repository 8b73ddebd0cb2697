"""Changes to a Node: the cordon, and the claim by which two sessions keep out of each other's way. Each is read first
and sent with the UID and resource version that were read, so that it hits what was seen or nothing."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

from core.clients.kubernetes import ApiError, NotFound, Reader, Writer
from core.errors import Refused, VacancyError

CLAIM = "vacancy/action"
"""The annotation of a node that is being acted on: whose action, and until when it holds without being renewed."""
HOLDS = 120.0
"""Seconds for which a claim holds."""
ATTEMPTS = 6
"""How often a change is tried again because somebody else changed the node in between."""

Json = dict[str, Any]


class Claim(msgspec.Struct, frozen=True):
    """`until` is in seconds since the epoch."""

    id: str
    who: str
    until: float


@dataclass(frozen=True, slots=True)
class NodeNow:
    """A node as it was just read. `taints` are as the API has them, for they are written back whole."""

    name: str
    uid: str
    version: str
    cordoned: bool
    claim: Claim | None
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Json, ...] = ()


class NodeGone(VacancyError):
    """The node that was meant is not there any more."""


def path(name: str) -> str:
    """Where the API has the node."""
    return f"/api/v1/nodes/{quote(name, safe='')}"


async def look(reader: Reader, name: str) -> NodeNow:
    """The node as it is. Raises NodeGone."""
    try:
        found: Json = msgspec.json.decode(await reader.get(path(name)))
    except NotFound:
        raise NodeGone(f"node {name}: it is not there any more") from None
    meta = found.get("metadata") or {}
    spec = found.get("spec") or {}
    annotations = meta.get("annotations") or {}
    return NodeNow(
        name,
        str(meta.get("uid")),
        str(meta.get("resourceVersion")),
        bool(spec.get("unschedulable")),
        _claim(annotations.get(CLAIM)),
        annotations,
        tuple(spec.get("taints") or ()),
    )


def held_by(node: NodeNow, mine: str, now: float) -> Claim | None:
    """The claim of somebody else's action that still holds."""
    claim = node.claim
    return claim if claim is not None and claim.id != mine and claim.until > now else None


def refuse_if_held(node: NodeNow, mine: str, now: float) -> None:
    """Raises Refused when another action is at this node."""
    if (other := held_by(node, mine, now)) is not None:
        left = int(other.until - now)
        raise Refused(f"node {node.name}: {other.who} is acting on it ({other.id}, for another {left} s at least)")


def claimed(action: str, who: str, now: float) -> Json:
    """The annotation that claims a node, from now on."""
    return {CLAIM: msgspec.json.encode(Claim(action, who, round(now + HOLDS))).decode()}


RELEASED: Json = {CLAIM: None}


async def change(
    reader: Reader, writer: Writer, name: str, uid: str, decide: Callable[[NodeNow], Json | None]
) -> NodeNow:
    """Patch the node with what `decide` makes of it as it is (None: nothing to do); the node as it was before.

    Raises NodeGone when it is another node by now, Refused by `decide`, and the errors of the API."""
    for attempt in range(ATTEMPTS):
        node = await look(reader, name)
        if node.uid != uid:
            raise NodeGone(f"node {name}: another node has this name now")
        body = decide(node)
        if body is None:
            return node
        meta = {**body.get("metadata", {}), "uid": uid, "resourceVersion": node.version}
        try:
            await writer.patch(path(name), {**body, "metadata": meta})
        except ApiError as error:
            if error.status != 409 or attempt == ATTEMPTS - 1:
                raise
        else:
            return node
    raise AssertionError("unreachable")


def _claim(text: str | None) -> Claim | None:
    try:
        return msgspec.json.decode(text, type=Claim) if text else None
    except msgspec.MsgspecError:
        return None


def describe(claim: Claim) -> str:
    """Whose claim it is and how long it holds, for a finding."""
    return f"{claim.who} is acting on it ({claim.id}, until {time.strftime('%H:%M:%S', time.gmtime(claim.until))}Z)"
