"""The owner of pods that an action is about: as a person names it, where the API has it, how it is now, and a change to
it that hits what was seen or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from core.actions.access import Permission
from core.analysis.applications import Application
from core.clients.kubernetes import NotFound, Reader, Writer
from core.errors import InputError, Refused, VacancyError
from core.kube.kinds import BY_NAME, Kind

T = TypeVar("T")
Json = dict[str, Any]

SHORT = {"deploy": "Deployment", "sts": "StatefulSet", "rs": "ReplicaSet", "ds": "DaemonSet", "cj": "CronJob",
         "clone": "CloneSet", "po": "Pod"}  # fmt: skip
"""kubectl's short names of the kinds that own pods."""
OWNERS = ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "CloneSet", "Job", "CronJob", "ReplicationController",
          "ElasticWorkload", "Pod")  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnerNow:
    """An owner as it was just read: its whole JSON."""

    body: Json

    @property
    def meta(self) -> Json:
        return table(self.body.get("metadata"))

    @property
    def spec(self) -> Json:
        return table(self.body.get("spec"))

    @property
    def status(self) -> Json:
        return table(self.body.get("status"))

    @property
    def uid(self) -> str:
        return str(self.meta.get("uid") or "")

    @property
    def annotations(self) -> Json:
        return table(self.meta.get("annotations"))

    @property
    def template_annotations(self) -> Json:
        return table(table(table(self.spec.get("template")).get("metadata")).get("annotations"))


def table(value: object) -> Json:
    """A map of JSON; an empty one for whatever else stands there."""
    return value if isinstance(value, dict) else {}


def decoded(body: bytes, kind: type[T], about: str) -> T:
    """An answer of the API. Raises VacancyError for one that makes no sense."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise VacancyError(f"{about}: what the API server answers can't be read: {error}") from None


def named(text: str) -> Application:
    """`deployment/shop/web`, or as screens show it: `Deployment shop/web`. Raises InputError."""
    parts = text.strip().replace(" ", "/", 1).split("/")
    if len(parts) != 3 or not all(parts):
        raise InputError(f"{text[:80]!r}: name it as KIND/NAMESPACE/NAME, such as deployment/shop/web")
    kind = _kind(parts[0])
    return Application(kind, parts[1], parts[2])


def _kind(word: str) -> str:
    low = word.lower()
    found = SHORT.get(low) or next((one for one in OWNERS if low in (one.lower(), BY_NAME[one].plural)), None)
    if found is None:
        raise InputError(f"kind {word[:40]!r}: vacancy knows {', '.join(OWNERS)}")
    return found


def kind_of(owner: Application) -> Kind:
    """The kind, with where the API has it."""
    return BY_NAME[owner.kind]


def path(owner: Application) -> str:
    """Where the API has it."""
    return f"{kind_of(owner).list_path(quote(owner.namespace, safe=''))}/{quote(owner.name, safe='')}"


def permission(verb: str, owner: Application) -> Permission:
    """What the identity must be allowed."""
    kind = kind_of(owner)
    return Permission(verb, kind.plural, owner.namespace, kind.group)


async def look(reader: Reader, owner: Application) -> OwnerNow:
    """As it is now. Raises Refused when there is none."""
    try:
        return OwnerNow(decoded(await reader.get(path(owner)), Json, str(owner)))
    except NotFound:
        raise Refused(f"{owner}: there is none of that name") from None


async def look_asked(reader: Reader, owner: Application) -> OwnerNow:
    """The same for one that a person has just named. Raises InputError when there is none."""
    try:
        return await look(reader, owner)
    except Refused as error:
        raise InputError(str(error)) from None


async def change(
    reader: Reader, writer: Writer, owner: Application, uid: str, decide: Callable[[OwnerNow], Json]
) -> bytes:
    """Patch it with what `decide` makes of it, in the version that was read: a conflict (409) means that somebody was
    quicker. Raises Refused when another has its name, or by `decide`."""
    now = await look(reader, owner)
    if now.uid != uid:
        raise Refused(f"{owner}: another has this name now; make a new plan")
    body = decide(now)
    meta = {**(body.get("metadata") or {}), "uid": uid, "resourceVersion": now.meta.get("resourceVersion")}
    return await writer.patch(path(owner), {**body, "metadata": meta})
