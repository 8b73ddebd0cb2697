"""Mute and unmute an owner's pods on ECI: an annotation on the owner with a reason and an end. What it means for the
audit is in core/analysis/serverless/mutes."""

from typing import Any

import msgspec

from core.actions import access, guards
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.cloud import Cloud
from core.actions.eci import owner
from core.actions.eci.owner import OwnerNow
from core.actions.journal_reading import Entry
from core.actions.run import CLOSED, UNDONE, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, attempt, walk
from core.analysis.applications import Application
from core.analysis.serverless.mutes import LONGEST, MUTE, Mute, parse, written
from core.clients.kubernetes import Reader
from core.errors import InputError, Refused
from core.kube.timestamps import seconds, span, utc

MUTING, UNMUTE = "mute", "unmute"
DEFAULT = "14d"
MOST = 366 * 86_400
PATIENCE = 60.0


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`until`: a span such as `14d`, or a time (RFC 3339, or a date)."""

    until: str = DEFAULT
    reason: str = ""


class Muting(msgspec.Struct, frozen=True):
    """`text`: the annotation as it shall be, None for none; `before` as it was."""

    kind: str
    namespace: str
    name: str
    uid: str
    text: str | None
    before: str | None

    @property
    def owner(self) -> Application:
        return Application(self.kind, self.namespace, self.name)


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Mute or unmute this owner; nothing is changed. Raises VacancyError."""
    if len(asked.targets) != 1:
        raise InputError(f"{asked.action}: one owner at a time, as KIND/NAMESPACE/NAME")
    application, place = owner.named(asked.targets[0]), situation.reader.place
    wish = _mute(asked.args_as(Args), situation) if asked.action == MUTING else None
    now = await owner.look_asked(situation.reader, application)
    text, before = written(wish) if wish is not None else None, now.annotations.get(MUTE)
    findings = list(guards.judge(situation.guards, place.context, ()))
    if text is None and before is None:
        findings.append(Finding(Level.NOTE, "NothingToDo", str(application), "it is not muted"))
    if situation.writer is not None:
        findings += await access.lacking(situation.writer, [owner.permission("patch", application)])
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        subject=str(application),
        follows=(str(application),),
        findings=tuple(findings),
        says=tuple(_says(wish, parse(before))),
        steps=(PlannedStep(f"{'set' if wish else 'take away'} the annotation {MUTE}"),),
        options=asked.options,
        details=msgspec.to_builtins(Muting(*application, uid=now.uid, text=text, before=before)),
    )


def _mute(args: Args, situation: Situation) -> Mute:
    reason = " ".join(args.reason.split())
    if not reason or len(reason) > LONGEST:
        raise InputError(f"mute: say why, in at most {LONGEST} characters (--reason)")
    length = span(args.until)
    until = situation.now + length if length is not None and length != float("inf") else seconds(args.until)
    if until is None or not situation.now < until <= situation.now + MOST:
        raise InputError(f"until {args.until[:40]!r}: write a span such as 14d, or a date within a year")
    return Mute(int(until), reason, situation.who)


def _says(wish: Mute | None, before: Mute | None) -> list[str]:
    told = [] if before is None else [f"muted until {utc(before.until)} by {before.by}: {before.reason}"]
    if wish is None:
        return [*told, "its pods on ECI count again"]
    return [*told, f"its pods on ECI don't count as overdue until {utc(wish.until)}: {wish.reason}"]


async def go(run: Run) -> None:
    """Write it."""
    details = _details(run.plan)
    done = "muted" if details.text is not None else "not muted any more"
    await walk(
        run, [_step(run, details, run.plan.action, details.text)], f"{details.owner} is {done}", str(details.owner)
    )


async def resume(run: Run, entry: Entry) -> None:
    """What is as it should be isn't written again."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """The annotation as it was before."""
    details = _details(run.plan)
    outcome, text = await attempt(run, [_step(run, details, "take back", details.before)], str(details.owner))
    await run.end(UNDONE if outcome == "done" else outcome, text or f"{details.owner} is as it was before")


async def close(run: Run) -> None:
    """Nothing is claimed."""
    await run.end(CLOSED, "nothing was changed")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """Whether the annotation is there."""
    assert entry.plan is not None
    details = _details(entry.plan)
    try:
        now = await owner.look(reader, details.owner)
    except Refused as error:
        return [str(error)]
    same = now.annotations.get(MUTE) == details.text
    return [f"{details.owner} is {'as this action wants it' if same else 'not as this action wants it'}"]


def _details(plan: ActionPlan) -> Muting:
    return msgspec.convert(plan.details, Muting)


def _step(run: Run, details: Muting, what: str, text: str | None) -> Step:
    async def happened() -> bool:
        now = await owner.look(run.reader, details.owner)
        if now.uid != details.uid:
            raise Refused(f"{details.owner}: another has this name now; make a new plan")
        return bool(now.annotations.get(MUTE) == text)

    def body(now: OwnerNow) -> dict[str, Any]:
        return {"metadata": {"annotations": {MUTE: text}}}

    async def act() -> bytes:
        return await owner.change(run.reader, run.writer, details.owner, details.uid, body)

    return Step(what, str(details.owner), happened, act, PATIENCE, {"uid": details.uid})
