"""Bring an existing ECS machine in: by a command that a person runs on it, by userdata on a new system disk, or by the
ACK API; then wait for its node, and put it into a group of ESS alone where asked. The plan is in attach_plan."""

import contextlib

from core.actions.action_plan import ActionPlan
from core.actions.attach import attach_ack, attach_machine, attach_plan, join_log
from core.actions.attach.attach_details import Details, of
from core.actions.attach.attach_machine import GOOD_FOR, Work, system_disk
from core.actions.attach.joined import Joined
from core.actions.cloud import Cloud, needed, writing
from core.actions.group_claim import holding, release
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, CLOSED, DONE, FAILED, REFUSED, UNDONE, Cancelled, Run
from core.actions.step import Step, attempt, once
from core.analysis.attachable import NEW_DISK, Way
from core.clients.kubernetes import Reader
from core.cluster.groups import CLUSTER_TAG, GROUP_TAG, POOL_TAG
from core.errors import Refused, VacancyError, one_line

plan = attach_plan.plan

ASK, JOIN, ENLIST = "ask ACK for the join command", "wait until its node is Ready", "put it into the group"
ENLISTING = 300.0
"""Seconds for a scaling group to take it."""
LOOK = 2.0
LOG_AFTER = 180.0
"""Seconds without a node after which its log is looked at: a join that failed need not be waited for."""


async def go(run: Run) -> None:
    """All of it, to its end; nothing at all when the machine is not as it was when the plan was made."""
    await _held(run, asked=False, fresh=True)


async def resume(run: Run, entry: Entry) -> None:
    """Whatever took effect is not sent again; a command that was shown is on no record, so it is not made again."""
    asked = any(line.get("event") == "intent" and line.get("step") == ASK for line in entry.lines)
    await _held(run, asked)


async def _held(run: Run, asked: bool, fresh: bool = False) -> None:
    what = of(run.plan)
    try:
        async with holding(run, claims(what)):
            if fresh:
                await _unchanged(Work(run, what))
            await _by_hand(Work(run, what), asked) if what.how is Way.MANUAL else await _by_itself(Work(run, what))
    except Cancelled:
        await run.end(CANCELLED, "nothing was sent that would change the machine")
    except VacancyError as error:
        if run.progress.outcome:
            raise
        await run.end(REFUSED if isinstance(error, Refused) else FAILED, str(error))


async def _unchanged(work: Work) -> None:
    """Raises Refused when somebody has done something to the machine, or with it, since the plan was made."""
    now, what = await work.machine(), work.of
    about = f"machine {what.instance}"
    if now.status != what.was:
        raise Refused(f"{about}: it was {what.was} and is {now.status} now: plan it anew")
    if what.disk and await work.replaced():
        raise Refused(f"{about}: somebody has replaced its system disk meanwhile: plan it anew")
    if now.deletion_protection and what.how in NEW_DISK:
        raise Refused(f"{about}: somebody protects it from deletion now: plan it anew")
    if taken := next((tag for tag in (CLUSTER_TAG, POOL_TAG, GROUP_TAG) if now.tags.get(tag)), ""):
        raise Refused(f"{about}: it has the tag {taken} now: it is in something else")
    node = await joined(work.run.reader, work.run.plan, what).node()
    if node is not None:
        raise Refused(f"{about}: it is node {node.name} now")


def joined(reader: Reader, plan: ActionPlan, what: Details) -> Joined:
    """The machine's node, to be looked for."""
    return Joined(reader, plan.region, what.instance, what.address)


def claims(what: Details) -> list[str]:
    """What two sessions must not be at: the machine, and the group that it goes into."""
    return [what.instance, *([what.group] if what.group else [])]


async def _by_itself(work: Work) -> None:
    """Everything that follows once the machine's own disk is given up."""
    way = attach_ack if work.of.how is Way.ACK else attach_machine
    await _follow(work, way.steps(work))


async def _by_hand(work: Work, asked: bool) -> None:
    run, machine = work.run, work.of.instance
    if not asked:
        until = run.clock.monotonic() + run.plan.options.timeout
        run.node(machine, phase=ASK)
        command = await once(run, ASK, machine, lambda: _command(work), _never, until, pool=work.of.pool)
        run.say_aside(str(command))
    told = "the command was shown" if not asked else "the command was asked for before, and no journal keeps it"
    if work.of.follow:
        await _follow(work, [])
    else:
        run.node(machine, phase=DONE)
        await run.end(DONE, f"{told}; {machine} becomes a node once it has run there, within {GOOD_FOR // 60} minutes")


async def _command(work: Work) -> str:
    expires = int(work.run.clock.now()) + GOOD_FOR
    return await writing(work.run.cloud).cs.attach_script(work.run.plan.cluster, work.of.pool, expires)


async def _never() -> bool:
    """Nothing shows that a command was made; one that nobody got does no harm."""
    return False


async def _follow(work: Work, first: list[Step]) -> None:
    """The steps of the way, then its node, then the group; what its log says when it doesn't come."""
    run, machine = work.run, work.of.instance
    join = Join(work)
    steps = [*first, Step(JOIN, machine, join.ready, patience=run.plan.options.timeout), *_enlisting(work)]
    outcome, text = await attempt(run, steps, machine, LOOK)
    waited = run.progress.doing.startswith((JOIN, attach_ack.FOLLOW))
    if outcome != DONE and waited and not join.came and not run.cancelled:
        text = f"{text}; {await _why(run, machine, join)}"
    await run.end(outcome, text or f"{machine} is node {join.name}, and it is Ready{_group_told(work.of)}")


async def _why(run: Run, machine: str, join: "Join") -> str:
    """What the machine's log says, on record too; not waited for when somebody wants it to stop."""
    line = join.line
    with contextlib.suppress(Cancelled):
        line = line or await join_log.why(run, machine)
    await run.journal.note(machine, line)
    run.node(machine, text=line)
    return line


def _group_told(what: Details) -> str:
    return f"; it is in group {what.group_name}" if what.group else ""


class Join:
    """Waits for the machine's node."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._joined = joined(work.run.reader, work.run.plan, work.of)
        self._began: float | None = None
        self._looked = False
        self.name, self.came, self.line = "", False, ""

    async def ready(self) -> bool:
        """Whether it is there and Ready. Raises VacancyError once its log shows that it won't come."""
        run, machine = self._work.run, self._work.of.instance
        node = await self._joined.node()
        if node is not None:
            self.name, self.came = node.name, node.ready is True
            run.node(machine, text=f"node {node.name}{'' if self.came else ', not Ready yet'}")
            return self.came
        now = run.clock.monotonic()
        self._began = now if self._began is None else self._began
        after = min(LOG_AFTER, run.plan.options.timeout / 3)
        if self._work.of.how is not Way.MANUAL and not self._looked and now - self._began > after:
            self._looked = True
            line = await join_log.why(run, machine)
            if join_log.failed(line):
                self.line = line
                raise VacancyError("its join failed")
        return False


def _enlisting(work: Work) -> list[Step]:
    if not work.of.group:
        return []
    entry = Enlisting(work)
    return [Step(ENLIST, work.of.group, entry.in_service, entry.attach, ENLISTING)]


class Enlisting:
    """Puts the machine into a scaling group that ESS alone has."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._activity = ""

    async def attach(self) -> dict[str, object]:
        """AttachInstances, with a client token."""
        work = self._work
        writer, token = writing(work.run.cloud).ess, work.run.token(ENLIST, work.of.instance)
        answer = await writer.attach(work.of.group, [work.of.instance], token, work.of.entrusted)
        self._activity = str(answer.get("ScalingActivityId") or "")
        return answer

    async def in_service(self) -> bool:
        """Whether it is a member. Raises VacancyError with what ESS says when its activity has failed."""
        ess = self._work.cloud.reader.ess
        members = (await ess.members(self._work.of.group)).items
        mine = next((one for one in members if one.instance_id == self._work.of.instance), None)
        if mine is None and self._activity:
            found = await ess.activity(self._activity)
            if found is not None and found.status in ("Failed", "Rejected"):
                raise VacancyError(f"ESS: {one_line(found.error_message or found.message or found.status, 200)}")
        return mine is not None and mine.state in ("InService", "Protected")


async def undo(run: Run, entry: Entry) -> None:
    """As it was, as long as its disk is the old one. Raises Refused when that is lost."""
    what = of(run.plan)
    work = Work(run, what)
    if what.how is not Way.USERDATA:
        raise Refused(f"what was begun can't be taken back from here: resume it, or close it and see {what.instance}")
    if await work.replaced():
        raise Refused(f"the old system disk of {what.instance} is gone: resume, or close")
    async with holding(run, claims(what)):
        outcome, text = await attempt(run, attach_machine.back(work), what.instance, LOOK)
    told = "the machine is as it was before; if its userdata was set, it does nothing now"
    await run.end(UNDONE if outcome == DONE else outcome, text or told)


async def close(run: Run) -> None:
    """Nothing is touched; the claims are given up."""
    for claim in claims(of(run.plan)):
        await release(run, claim)
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """What the machine is like now, and whether it is a node."""
    assert entry.plan is not None
    what, known = of(entry.plan), needed(cloud)
    found = (await known.reader.ecs.instances([what.instance])).items
    if not found:
        return [f"machine {what.instance} is gone"]
    disk = await system_disk(known, what.instance)
    kept = "not told" if not (disk and what.disk) else "the one it had" if disk == what.disk else "a new one"
    node = await joined(reader, entry.plan, what).node()
    told = f"it is node {node.name}, {'Ready' if node.ready else 'not Ready'}" if node is not None else "it is no node"
    return [f"machine {what.instance} is {found[0].status} (it was {what.was}); its system disk is {kept}", told]
