"""A restart as a plan: which pods are replaced, where the new ones would land, and where a restart moves nothing.
Running it is in restart."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Effect, Finding, LeavingPod, Level, PlannedStep
from core.actions.drain import budget_use, node_pods
from core.actions.drain.landing import a_day
from core.actions.eci import owner, rollout, workload_pods
from core.actions.eci.new_pods import Landing, landing
from core.actions.eci.owner import OwnerNow
from core.actions.eci.workload_pods import PodNow
from core.actions.situation import Asked, Situation
from core.analysis.applications import Application
from core.analysis.prices import SECONDS_A_DAY
from core.analysis.serverless import billing
from core.cluster.snapshot import Snapshot
from core.errors import InputError, Refused
from core.kube.timestamps import utc
from core.views import money

RESTART = "restart"
KINDS = ("Deployment", "StatefulSet", "CloneSet")
TEMPLATE, REPLACE = "template", "replace"
_WHY_NOT = {
    "Pod": "nobody starts it anew: start it again yourself, then delete it",
    "Job": "its pods run to their end, and are not started anew",
    "CronJob": "its pods run to their end, and are not started anew",
    "DaemonSet": "its pods belong to their nodes",
    "ElasticWorkload": "restart the Deployment that it keeps for its unit",
}


class Restart(msgspec.Struct, frozen=True):
    """What a restart is about. `way`: a new pod template, or each pod replaced; `stamp` is the template's new
    restartedAt, `seen` the one that the plan saw. `home`: pods that the plan expects on ECS; `old`: name -> UID."""

    kind: str
    namespace: str
    name: str
    uid: str
    way: str
    stamp: str
    seen: str
    home: int
    away: tuple[str, ...]
    """UIDs of the old pods that are on virtual nodes."""
    old: dict[str, str]

    @property
    def owner(self) -> Application:
        return Application(self.kind, self.namespace, self.name)


@dataclass(frozen=True)
class _Seen:
    """Everything that the plan is made from."""

    application: Application
    now: OwnerNow
    pods: Sequence[PodNow]
    virtual: frozenset[str]
    landing: Landing

    @property
    def away(self) -> list[PodNow]:
        return [pod for pod in self.pods if pod.node in self.virtual]


def details_of(plan: ActionPlan) -> Restart:
    """What the plan of a restart holds."""
    return msgspec.convert(plan.details, Restart)


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Restart this owner's rollout; nothing is changed. Raises VacancyError."""
    if len(asked.targets) != 1:
        raise InputError("restart: one owner at a time, as KIND/NAMESPACE/NAME")
    application = owner.named(asked.targets[0])
    if application.kind not in KINDS:
        raise Refused(f"{application}: {_WHY_NOT.get(application.kind, 'it has no rollout')}")
    seen = await _look(situation, application)
    reader, now, away = situation.reader, seen.now, seen.away
    way = REPLACE if rollout.in_place(application.kind, now) else TEMPLATE
    replaced = away if way == REPLACE else list(seen.pods)
    details = Restart(
        *application,
        uid=now.uid,
        way=way,
        stamp=utc(situation.now),
        seen=str(now.template_annotations.get(rollout.RESTARTED_AT) or ""),
        home=sum(1 for to in seen.landing.nodes if to is not None),
        away=tuple(pod.uid for pod in away),
        old={pod.name: pod.uid for pod in replaced},
    )
    findings = [
        *guards.judge(situation.guards, reader.place.context, ()),
        *_refusals(seen, asked.options.force),
        *await _forbidden(situation, application, way),
        *_warnings(seen, situation.snapshot, way),
    ]
    leaving = tuple(_leaving(seen, replaced, situation.snapshot))
    return ActionPlan(
        **situation.header(RESTART, asked.why),
        subject=str(application),
        follows=(str(application),),
        leaving=leaving,
        findings=tuple(findings),
        effect=_effect(leaving, seen, situation),
        says=(*_says(seen, replaced), *_saving(seen, situation)),
        steps=_steps(way),
        irreversible=tuple(_irreversible(leaving)),
        confirm=str(len(replaced)) if replaced else "",
        options=asked.options,
        details=msgspec.to_builtins(details),
    )


async def _look(situation: Situation, application: Application) -> _Seen:
    now, virtual = await asyncio.gather(
        owner.look_asked(situation.reader, application), workload_pods.virtual_nodes(situation.reader)
    )
    found = await workload_pods.pods_of(situation.reader, application, now)
    pods = [pod for pod in found if pod.stays]
    gone = {f"{application.namespace}/{pod.name}" for pod in pods if pod.node in virtual}
    surge, _ = rollout.pace(application.kind, now)
    if rollout.in_place(application.kind, now):
        places = await asyncio.to_thread(landing, situation.before, application, len(gone), 0, gone)
    else:
        number = max(0, rollout.wanted(now) - rollout.held_back(now))
        places = await asyncio.to_thread(landing, situation.before, application, number, surge)
    return _Seen(application, now, pods, frozenset(virtual), places)


def _refusals(seen: _Seen, force: bool) -> Iterator[Finding]:
    about = str(seen.application)
    if why := rollout.stopped(seen.application.kind, seen.now):
        yield Finding(Level.REFUSAL, "RolloutStopped", about, why)
    if rollout.in_place(seen.application.kind, seen.now) and not seen.away:
        text = "it updates pods where they are, and none is on a virtual node: nothing would move"
        yield Finding(Level.REFUSAL, "NothingToDo", about, text)
    if seen.landing.forced:
        text = f"a restart moves nothing: {seen.landing.because} sends every new pod to ECI; take that away first"
        yield Finding(
            Level.WARNING if force else Level.REFUSAL,
            "SentToEci",
            about,
            text if force else f"{text} (--force restarts it anyway)",
            option="force",
        )


async def _forbidden(situation: Situation, application: Application, way: str) -> list[Finding]:
    if situation.writer is None:
        return []
    wanted = [owner.permission("patch", application)]
    if way == REPLACE:
        wanted = [access.Permission("patch", "pods", application.namespace)]
    return await access.lacking(situation.writer, wanted)


def _warnings(seen: _Seen, snapshot: Snapshot, way: str) -> Iterator[Finding]:
    about, found = str(seen.application), seen.landing
    if not seen.away and way == TEMPLATE:
        yield Finding(Level.NOTE, "NothingOnEci", about, "none of its pods is on a virtual node")
    stay = sum(1 for node in found.nodes if node is None)
    if stay and not found.forced:
        fate = "go to ECI again" if found.bursts else "wait until there is room"
        grown = f"; {found.growth}" if found.growth else ""
        yield Finding(Level.WARNING, "NoRoom", about, f"{stay} of {len(found.nodes)} new pods would {fate}{grown}")
    if found.short_of_surge:
        text = "the first new pods find no room on ECS beside the old ones"
        yield Finding(Level.WARNING, "NoRoomBeside", about, text)
    if held := rollout.held_back(seen.now):
        yield Finding(Level.WARNING, "Partition", about, f"{held} pods keep the old revision by its partition")
    if way == REPLACE:
        text = "it updates pods where they are, which moves none: those on ECI are deleted by its controller instead"
        yield Finding(Level.NOTE, "InPlace", about, text)
    surge, fewer = rollout.pace(seen.application.kind, seen.now)
    if fewer >= len(seen.pods) > 0 and not surge:
        yield Finding(Level.WARNING, "AllAtOnce", about, "all its pods go before new ones are ready")
    yield from (Finding(Level.WARNING, code, about, text) for code, text in found.doubts)
    yield from _budgets(seen, snapshot)


def _budgets(seen: _Seen, snapshot: Snapshot) -> Iterator[Finding]:
    """Budgets of its pods: a rollout asks none of Kubernetes' own."""
    known = [found for pod in seen.pods[:1] if (found := snapshot.pods.get(f"{seen.application.namespace}/{pod.name}"))]
    for budget in (budget for pod in known for budget in budget_use.guarding(snapshot, pod)):
        asks = "guards each of these pods" if budget.kind == budget_use.PUB else "is not asked by a rollout"
        text = f"{budget.kind} {budget.key} {asks}; what it lets go now: {_allowed(budget.allowed)}"
        yield Finding(Level.NOTE, "Budget", str(seen.application), text)


def _allowed(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _leaving(seen: _Seen, replaced: Sequence[PodNow], snapshot: Snapshot) -> Iterator[LeavingPod]:
    """The old pods, each with the place of a new one; those on virtual nodes first, for they are meant."""
    places = list(seen.landing.nodes)
    eci = min(seen.virtual, default="ECI")
    for pod in sorted(replaced, key=lambda one: (one.node not in seen.virtual, one.name)):
        place = places.pop(0) if places else None
        key = f"{seen.application.namespace}/{pod.name}"
        known = snapshot.pods.get(key)
        yield LeavingPod(
            pod=key,
            uid=pod.uid,
            node=pod.node or "",
            to=place or (eci if seen.landing.forced or seen.landing.bursts else None),
            loses=node_pods.local_volumes(known) if known is not None else (),
        )


def _irreversible(leaving: Sequence[LeavingPod]) -> Iterator[str]:
    yield "a rollout can't be taken back: going back to the old template would only restart the pods again"
    if losing := [pod for pod in leaving if pod.loses]:
        names = ", ".join(sorted({name for pod in losing for name in pod.loses}))
        yield f"the local data of {len(losing)} of the pods (emptyDir {names}) is lost"


def _effect(leaving: Sequence[LeavingPod], seen: _Seen, situation: Situation) -> Effect:
    snapshot = situation.snapshot
    lands = {pod.pod: pod.to for pod in leaving if pod.to is not None}
    eci = [pod for pod, to in lands.items() if to in seen.virtual]
    known = [found for name in eci if (found := snapshot.pods.get(name)) is not None]
    return Effect(
        lands,
        tuple(pod.pod for pod in leaving if pod.to is None),
        at=snapshot.as_of,
        eci=tuple(eci),
        eci_a_day=a_day(known, situation.prices),
        currency=situation.prices.currency if situation.prices is not None else "",
    )


def _says(seen: _Seen, replaced: Sequence[PodNow]) -> Iterator[str]:
    found = seen.landing
    home, nodes = [node for node in found.nodes if node], Counter(node for node in found.nodes if node)
    where = ", ".join(f"{node} ({number})" for node, number in nodes.most_common(4))
    more = f" and {len(nodes) - 4} more" if len(nodes) > 4 else ""
    yield f"{len(seen.away)} of {len(seen.pods)} pods are on ECI{f' ({found.because})' if found.because else ''}"
    yield f"ECS has room for {len(home)} of {len(found.nodes)} new pods{', such as ' + where + more if home else ''}"
    surge, fewer = rollout.pace(seen.application.kind, seen.now)
    subject = "1 pod is" if len(replaced) == 1 else f"{len(replaced)} pods are"
    yield f"{subject} replaced: at most {surge} more and {fewer} fewer than wanted at a time"


def _saving(seen: _Seen, situation: Situation) -> Iterator[str]:
    """What pods that come home cost on ECI; nothing where no price is known."""
    prices, home = situation.prices, sum(1 for node in seen.landing.nodes if node)
    known = [situation.snapshot.pods.get(f"{seen.application.namespace}/{pod.name}") for pod in seen.away[:home]]
    rates = [rate for pod in known if pod is not None and prices and (rate := billing.rate(pod, prices)) is not None]
    if prices is not None and rates:
        yield f"off ECI: {money.amount(sum(rates, Fraction(0)) * SECONDS_A_DAY)} {prices.currency} a day less"


def _steps(way: str) -> tuple[PlannedStep, ...]:
    first = "new pod template" if way == TEMPLATE else "let its controller delete the pods on ECI"
    return PlannedStep(first), PlannedStep("follow the rollout"), PlannedStep("look where the new pods are")
