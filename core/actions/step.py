"""A step whose end state can be looked at: looked at first, sent once, looked at until it is there. So an action that
is resumed, or whose answer was lost, repeats nothing that took effect. What the steps are is in each action's
module."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.actions.run import CANCELLED, DONE, FAILED, PARTLY, REFUSED, Cancelled, Run
from core.clients.alibaba import CloudError
from core.clients.alibaba import Throttled as CloudThrottled
from core.clients.kubernetes import ApiError, Throttled, Unreachable
from core.errors import Refused, VacancyError

LOOK = 2.0
"""Seconds between two looks at the state that a step leads to."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until something is tried again; doubled each time."""
BUSY = ("ScalingActivityInProgress", "InvalidOperation.Conflict")
"""Codes of ESS: something else happens in the group just now (those that its Terraform provider tries again)."""


@dataclass(frozen=True)
class Step:
    """`happened` looks whether the end state is there, and raises VacancyError when it can't come any more; `act`
    brings it about (None: others do, it is only waited for). `patience`: seconds until it has to be there. `before` is
    for the journal."""

    what: str
    about: str
    happened: Callable[[], Awaitable[bool]]
    act: Callable[[], Awaitable[object]] | None = None
    patience: float = 300.0
    before: Mapping[str, Any] = field(default_factory=dict)


async def walk(run: Run, steps: Sequence[Step], told: str, line: str = "", look: float = LOOK) -> None:
    """Take the steps in order, to the action's end; `told` is what is true then. `line` names the line of the progress
    that follows them."""
    outcome, text = await attempt(run, steps, line, look)
    await run.end(outcome, text or told)


async def attempt(run: Run, steps: Sequence[Step], line: str = "", look: float = LOOK) -> tuple[str, str]:
    """As `walk`, without ending the action: the outcome and why it isn't done."""
    taken = 0
    try:
        for step in steps:
            if line:
                run.node(line, phase=step.what)
            await take(run, step, look)
            taken += 1
    except (Cancelled, VacancyError) as error:
        outcome, why = _stopped(error, taken)
        text = f"{taken} of {len(steps)} steps taken, then {steps[taken].what}: {why}"
        if line:
            run.node(line, phase=outcome, text=why)
        return outcome, text
    if line:
        run.node(line, phase=DONE, text="")
    return DONE, ""


def _stopped(error: Exception, taken: int) -> tuple[str, str]:
    if isinstance(error, Cancelled):
        return CANCELLED, "cancelled; what was sent before it stays done"
    if not taken:
        return REFUSED if isinstance(error, Refused) else FAILED, str(error)
    return PARTLY, str(error)


async def take(run: Run, step: Step, look: float = LOOK) -> None:
    """One step. Raises what it fails with, Cancelled, or VacancyError when its end state doesn't come in time."""
    run.check()
    run.doing(f"{step.what} {step.about}".strip())
    until = run.clock.monotonic() + step.patience
    if await _seen(run, step, until):
        await run.journal.note(step.about, f"{step.what}: it is so already")
        return
    if step.act is not None:
        await once(run, step.what, step.about, step.act, step.happened, until, **step.before)
    while not await _seen(run, step, until):
        if run.clock.monotonic() > until:
            raise VacancyError(f"{step.what} {step.about}: not there after {step.patience:.0f} s; see vacancy journal")
        await run.pause(look)


async def once(
    run: Run,
    what: str,
    about: str,
    act: Callable[[], Awaitable[object]],
    happened: Callable[[], Awaitable[bool]],
    until: float,
    **before: Any,
) -> object | None:
    """A side effect that takes effect once, on record: sent again only after a refusal that can pass, or after a look
    that shows that a lost answer meant nothing. None when that look shows that it took effect. `until` is monotonic."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await run.effect(what, about, act, **before)
        except VacancyError as error:
            if not (passing(error) or lost(error)) or run.clock.monotonic() + pause > until:
                raise
            await run.pause(_wish(error) or pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            if await _looked(run, happened, until):
                await run.journal.note(about, f"{what}: it took effect, whatever the answer")
                return None


def passing(error: Exception) -> bool:
    """Whether it was refused without effect, and may be accepted later."""
    if isinstance(error, CloudError):
        return isinstance(error, CloudThrottled) or error.code in BUSY
    return isinstance(error, Throttled) or (isinstance(error, ApiError) and error.status == 409)


def lost(error: Exception) -> bool:
    """Whether it may have taken effect, and nobody said so."""
    if isinstance(error, CloudError):
        return error.outcome_unknown
    return isinstance(error, Unreachable) or (isinstance(error, ApiError) and (error.status or 0) >= 500)


def _wish(error: Exception) -> float | None:
    wish = getattr(error, "retry_after", None)
    return min(float(wish), LONGEST_PAUSE) if wish else None


async def _seen(run: Run, step: Step, until: float) -> bool:
    return await _looked(run, step.happened, until)


async def _looked(run: Run, happened: Callable[[], Awaitable[bool]], until: float) -> bool:
    """A look, repeated while nobody answers and there is time."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await happened()
        except VacancyError as error:
            if not (passing(error) or lost(error)) or run.clock.monotonic() + pause > until:
                raise
            await run.pause(_wish(error) or pause)
            pause = min(2 * pause, LONGEST_PAUSE)
