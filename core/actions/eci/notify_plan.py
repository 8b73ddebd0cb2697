"""Who would be told what about pods on ECI: one digest an owner, each with its route. Sending is in notify."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from core.actions import guards
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.eci import notify_record, notify_routes, owner
from core.actions.eci.notify_record import NOTIFY
from core.actions.eci.notify_routes import Routes
from core.actions.situation import Asked, Situation
from core.analysis.prices import shipped
from core.analysis.serverless import FITS, NEEDS, OVERDUE, Audit, ServerlessApplication, audit
from core.clients.notification import check
from core.cluster.snapshot import Snapshot
from core.errors import InputError, VacancyError
from core.kube.timestamps import span
from core.views import eci_digest
from core.views.text import sanitise

ROUTE = "vacancy/notify"
"""Annotation of an owner or a namespace: the route by which it is told."""
LONGEST = 80
"""Characters of an owner's name."""
TOLD = (OVERDUE, FITS, NEEDS)


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`again`: also who was told within the day. `routes`: a file in place of the user's own. `limit`: as in `eci`."""

    again: bool = False
    routes: str = ""
    limit: str = "3d"


class Digest(msgspec.Struct, frozen=True):
    """What one owner is told, by a route of so many channels; no route: nobody can be told."""

    owner: str
    route: str
    channels: int
    about: tuple[str, ...]
    title: str
    body: str

    @property
    def keys(self) -> list[str]:
        """Each channel's name in the record."""
        return [notify_record.key(self.owner, self.route, index) for index in range(self.channels)]

    @property
    def line(self) -> str:
        """Its line of the progress."""
        return f"{self.owner} by {self.route}"


class Notifying(msgspec.Struct, frozen=True):
    """What a plan to notify holds."""

    digests: tuple[Digest, ...]
    again: bool
    routes: str


def details_of(plan: ActionPlan) -> Notifying:
    """What the plan holds."""
    return msgspec.convert(plan.details, Notifying)


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Tell owners about their pods on ECI; nothing is sent. `asked.targets`: owners, or things of theirs; all without.
    Raises VacancyError."""
    args, place = asked.args_as(Args), situation.reader.place
    if (limit := span(args.limit)) is None:
        raise InputError(f"limit {args.limit[:20]!r}: write a span such as 12h, 3d or none")
    routes = await asyncio.to_thread(notify_routes.load, args.routes)
    found = await asyncio.to_thread(audit, situation.before, situation.prices or shipped(), limit)
    digests = tuple(_digests(situation, found, routes, asked.targets))
    told = await asyncio.to_thread(notify_record.of_the_day, place.server, situation.now)
    sendable = tuple(one for one in digests if one.route)
    open_ = [one for one in sendable if args.again or not all(name in told for name in one.keys)]
    return ActionPlan(
        **situation.header(NOTIFY, asked.why),
        subject=f"{len(open_)} owners" if len(open_) != 1 else open_[0].owner,
        follows=tuple(one.line for one in sendable),
        findings=(
            *guards.judge(situation.guards, place.context, ()),
            *routes.judge(),
            *_findings(digests, told.keys(), args.again),
            *await _unusable(routes, {one.route for one in open_}),
        ),
        says=tuple(_says(digests)),
        steps=tuple(PlannedStep(f"tell {one.owner} by {one.route}") for one in open_[:8]),
        irreversible=("what was sent can't be called back",) if open_ else (),
        confirm=str(len(open_)) if open_ else "",
        options=asked.options,
        details=msgspec.to_builtins(Notifying(sendable, args.again, str(routes.path))),
    )


def _digests(situation: Situation, found: Audit, routes: Routes, targets: Sequence[str]) -> Iterator[Digest]:
    """One for each owner and route, in the audit's order."""
    snapshot, context = situation.snapshot, situation.reader.place.context
    members: dict[tuple[str, str], list[ServerlessApplication]] = {}
    for one in found.applications:
        if one.verdict in TOLD:
            name = sanitise(_owner(one))[:LONGEST]
            members.setdefault((name, routes.of(_wishes(one, snapshot), name)), []).append(one)
    for (name, route), apps in list(_asked_for(members, targets)):
        yield Digest(
            name,
            route,
            routes.channels(route),
            tuple(str(one.application) for one in apps),
            eci_digest.title(name, apps, context),
            eci_digest.body(name, apps, situation.before, found),
        )


def _owner(one: ServerlessApplication) -> str:
    return one.team or f"namespace {one.application.namespace}"


def _asked_for(
    members: dict[tuple[str, str], list[ServerlessApplication]], targets: Sequence[str]
) -> Iterable[tuple[tuple[str, str], list[ServerlessApplication]]]:
    """Those that are meant. Raises InputError for a target that is nobody's."""
    left = set(targets)
    for (name, route), apps in members.items():
        hit = {target for target in targets if target == name or any(_is(target, one) for one in apps)}
        left -= hit
        if hit or not targets:
            yield (name, route), apps
    if left:
        raise InputError(f"{min(left)[:80]}: no owner that has to be told; see vacancy eci")


def _is(target: str, one: ServerlessApplication) -> bool:
    try:
        return owner.named(target) == one.application
    except VacancyError:
        return False


def _wishes(one: ServerlessApplication, snapshot: Snapshot) -> list[str]:
    """What the owner's annotation says, then its namespace's."""
    pods = one.application.kind == "Pod"
    workload = one.pods[0].pod if pods else snapshot.table(one.application.kind).get(one.application.key)
    places = (workload, snapshot.table("Namespace").get(one.application.namespace))
    return [wish for place in places if (wish := getattr(place, "annotations", {}).get(ROUTE))]


def _findings(digests: Iterable[Digest], told: Iterable[str], again: bool) -> Iterator[Finding]:
    known = set(told)
    for one in digests:
        if not one.route:
            text = f"no route leads there: annotate it or its namespace with {ROUTE}, or set a default"
            yield Finding(Level.WARNING, "NoRoute", one.owner, text)
        elif not again and (some := known.intersection(one.keys)):
            which = "it was told" if len(some) == one.channels else f"{len(some)} of {one.channels} channels were told"
            yield Finding(
                Level.NOTE, "ToldToday", one.owner, f"{which} within a day, or may have been (--again repeats)"
            )


async def _unusable(routes: Routes, names: Iterable[str]) -> list[Finding]:
    """A warning for each channel that can't work."""
    channels = [(name, index) for name in sorted(names) for index in range(routes.channels(name))]
    found = await asyncio.gather(*(_why_not(routes, name, index) for name, index in channels))
    return [
        Finding(Level.WARNING, "BadChannel", f"route {name}, channel {index + 1}", why)
        for (name, index), why in zip(channels, found, strict=True)
        if why
    ]


async def _why_not(routes: Routes, name: str, index: int) -> str:
    try:
        return await check(routes.url(name, index))
    except InputError as error:
        return str(error)


def _says(digests: Sequence[Digest]) -> Iterator[str]:
    if not digests:
        yield "nobody has to be told: no pod on ECI is overdue or could come home"
    for one in digests:
        more = f" and {len(one.about) - 3} more" if len(one.about) > 3 else ""
        yield f"{one.owner} by {one.route or 'nothing'}: {', '.join(one.about[:3])}{more}"
    if len(digests) == 1:
        yield from (line for line in (digests[0].title, *digests[0].body.splitlines()) if line)
