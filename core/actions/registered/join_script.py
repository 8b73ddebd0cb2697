"""Setting the address of the script by which machines join a registered cluster. The address that was there before is
kept beside it, in an annotation of the same object: it may be a signed one, which no journal is to hold."""

import hashlib
from typing import Any

import msgspec

from core.actions import access, guards
from core.actions.access import Permission
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.cloud import Cloud
from core.actions.journal_reading import Entry
from core.actions.registered import registered
from core.actions.registered.registered import AGENT_CONFIG, KEY, NAMESPACE, PATH, AgentConfig, agent_config
from core.actions.run import CLOSED, UNDONE, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, walk
from core.analysis.join_script.lint import Weight, lint
from core.clients.kubernetes import ApiError, Reader, Writer
from core.errors import InputError, Refused, SourceUnreachable
from core.feeds.join_script import check, fetch, shown
from core.feeds.masking import MASK

ABOUT = f"{NAMESPACE}/{AGENT_CONFIG}"
PERMISSIONS = tuple(Permission(verb, "configmaps", NAMESPACE, name=AGENT_CONFIG) for verb in ("get", "patch"))
NOT_SET = "not set"


class Details(msgspec.Struct, frozen=True):
    """`shown` and `was` are for people; the marks tell addresses apart without holding them. `address_secret` is masked
    in the journal wherever the address may hold a secret, and plain (`address`) wherever it doesn't."""

    shown: str
    was: str
    mark: str
    was_mark: str
    address: str = ""
    address_secret: str = ""

    @property
    def whole(self) -> str:
        """The address; "" where only a masked one is left."""
        return self.address or ("" if self.address_secret == MASK else self.address_secret)


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Set it to the one target, whose script is downloaded and looked at. Raises InputError for what is no address."""
    if len(asked.targets) != 1:
        raise InputError("name one address, such as https://host/join.sh")
    address, place = check(asked.targets[0].strip()), situation.reader.place
    findings = list(guards.judge(situation.guards, place.context, []))
    config = await agent_config(situation.reader)
    if config is None:
        text = "there is none, so this is no registered cluster (ACK One): its nodes join by other ways"
        findings.append(Finding(Level.REFUSAL, "NotRegistered", ABOUT, text))
    was = config.script if config is not None else ""
    if was == address:
        findings.append(Finding(Level.NOTE, "NothingToDo", ABOUT, f"{KEY} is {shown(address)} already"))
    findings += await _judged(address, asked.options.force)
    if situation.writer is not None and config is not None:
        findings += await access.lacking(situation.writer, PERMISSIONS)
        if not any(one.level is Level.REFUSAL for one in findings):
            findings += await _tried(situation.writer, config, address)
    secret = shown(address) != address
    plain, masked = ("", address) if secret else (address, "")
    details = Details(shown(address), shown(was) if was else NOT_SET, _mark(address), _mark(was), plain, masked)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        subject=f"{ABOUT}: {KEY}",
        follows=(AGENT_CONFIG,),
        says=(
            f"{KEY} is {details.was}, and becomes {details.shown}",
            "machines that join from then on run that script",
        ),
        findings=tuple(findings),
        steps=(PlannedStep("set", KEY),),
        details=msgspec.to_builtins(details),
    )


async def _judged(address: str, force: bool) -> list[Finding]:
    """What the script there is worth; one that would break the joins is refused unless that is wanted."""
    try:
        report = lint(await fetch(address))
    except SourceUnreachable as error:
        text = f"{error}; it was not looked at (machines reach it from the VPC)"
        return [Finding(Level.WARNING, "ScriptUnread", shown(address), text)]
    except InputError as error:
        return [Finding(Level.REFUSAL, "ScriptUnfit", "", str(error))]
    levels = {Weight.ERROR: Level.WARNING if force else Level.REFUSAL, Weight.WARNING: Level.WARNING}
    return [
        Finding(
            levels.get(one.weight, Level.NOTE),
            f"Script{one.code}",
            f"line {one.line}" if one.line else "",
            one.text,
            "force",
        )
        for one in report.findings
    ]


async def _tried(writer: Writer, config: AgentConfig, address: str) -> list[Finding]:
    """What the server says to the change when it stores nothing."""
    try:
        await writer.patch(PATH, _body(config, address, {}), dry_run=True)
    except ApiError as error:
        return [Finding(Level.REFUSAL, "DryRun", ABOUT, str(error))]
    return []


async def go(run: Run) -> None:
    """One patch, of the version that was read and only if it still says what the plan saw."""
    details = _details(run.plan)

    async def happened() -> bool:
        config = await agent_config(run.reader)
        if config is None:
            raise Refused(f"{ABOUT}: it is not there any more")
        if _mark(config.script) == details.mark:
            return True
        if _mark(config.script) != details.was_mark:
            raise Refused(
                f"{ABOUT}: {KEY} was changed since the plan was made, to {shown(config.script)}; plan it anew"
            )
        return False

    async def act() -> None:
        if not details.whole:
            raise Refused("the address held a signature or a password and is not on record: set it anew")
        config = await _now(run.reader)
        if _mark(config.script) != details.was_mark:
            raise Refused(f"{ABOUT}: {KEY} was changed since the plan was made; plan it anew")
        note = {registered.NOTE: msgspec.json.encode({"id": run.plan.id, "was": config.script}).decode()}
        await run.writer.patch(PATH, _body(config, details.whole, note))

    step = Step("set", KEY, happened, act, patience=60, before={"was": details.was})
    await walk(run, [step], f"{KEY} is {details.shown}", AGENT_CONFIG)


async def resume(run: Run, entry: Entry) -> None:
    """Set it, unless it is set."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """What was there before, if what is there now is this action's. Raises Refused when it is somebody else's."""
    details, config = _details(run.plan), await _now(run.reader)
    if _mark(config.script) == details.was_mark:
        await run.end(UNDONE, f"{KEY} is {details.was}, as it was before")
        return
    if config.by != run.plan.id or _mark(config.script) != details.mark:
        raise Refused(f"{ABOUT}: {KEY} was changed by somebody else since; it stays {shown(config.script)}")

    async def act() -> None:
        await run.writer.patch(PATH, _body(config, config.was, {registered.NOTE: None}))

    await run.effect("restore", KEY, act, always=True)
    after = await _now(run.reader)
    if _mark(after.script) != details.was_mark:
        raise Refused(f"{ABOUT}: {KEY} is {shown(after.script)} and not what it was before; see vacancy join-script")
    await run.end(UNDONE, f"{KEY} is {details.was} again")


async def close(run: Run) -> None:
    """There is no claim to give up."""
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """What is set now."""
    assert entry.plan is not None
    details, config = _details(entry.plan), await agent_config(reader)
    if config is None:
        return [f"{ABOUT} is gone"]
    mark = _mark(config.script)
    which = "as this action set it" if mark == details.mark else "as before" if mark == details.was_mark else "another"
    return [f"{KEY} is {shown(config.script) if config.script else NOT_SET}: {which}"]


def _details(made: ActionPlan) -> Details:
    try:
        return msgspec.convert(made.details, Details)
    except msgspec.ValidationError as error:
        raise InputError(f"action {made.id}: its plan can't be read ({error})") from None


async def _now(reader: Reader) -> AgentConfig:
    if (config := await agent_config(reader)) is None:
        raise Refused(f"{ABOUT}: it is not there any more")
    return config


def _body(config: AgentConfig, address: str, notes: dict[str, Any]) -> dict[str, Any]:
    """The change, for this very version of this very object."""
    meta: dict[str, Any] = {"uid": config.uid, "resourceVersion": config.version}
    return {"metadata": {**meta, "annotations": notes} if notes else meta, "data": {KEY: address}}


def _mark(address: str) -> str:
    return hashlib.sha256(address.encode(errors="surrogatepass")).hexdigest()[:16] if address else ""
