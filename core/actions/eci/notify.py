"""Owners told about their pods on ECI: each digest once a day by each channel, each failure its own. Who is told what
is in notify_plan, what was told in notify_record."""

from collections import Counter

from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud
from core.actions.eci import notify_plan, notify_record, notify_routes
from core.actions.eci.notify_plan import Digest, details_of
from core.actions.eci.notify_record import NOTIFY, Told
from core.actions.eci.notify_routes import Routes
from core.actions.journal_reading import Entry
from core.actions.run import CANCELLED, CLOSED, DONE, FAILED, PARTLY, REFUSED, Cancelled, Run
from core.actions.situation import Asked, Situation
from core.clients.kubernetes import Reader
from core.clients.notification import Answer, Message, Outcome, scheme, send
from core.errors import InputError, Refused, VacancyError

ALREADY = "told already"


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Tell owners about their pods on ECI."""
    return await notify_plan.plan(situation, asked)


async def go(run: Run) -> None:
    """Everybody who wasn't told within the day."""
    counts: Counter[str] = Counter()
    try:
        with notify_record.alone():
            await _tell(run, counts)
    except Cancelled:
        await run.end(CANCELLED, _summary(counts))
    except VacancyError as error:
        await run.end(REFUSED if isinstance(error, Refused) else FAILED, str(error))
    else:
        await run.end(_outcome(counts), _summary(counts))


async def resume(run: Run, entry: Entry) -> None:
    """Those who weren't told; a message whose outcome is not on record isn't sent again."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """Raises Refused: a message can't be called back."""
    raise Refused("what was sent can't be called back; resume tells the others, close leaves it")


async def close(run: Run) -> None:
    """Nothing is claimed."""
    await run.end(CLOSED, "nobody else was told")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """A line for each owner."""
    assert entry.plan is not None
    told = notify_record.of_the_day(entry.plan.server, entry.plan.made_at + 1)
    return [f"{one.line}: {_state(one, told)}" for one in details_of(entry.plan).digests]


def _state(digest: Digest, told: dict[str, Told]) -> str:
    found = [told[name] for name in digest.keys if name in told]
    if any(one.outcome is Outcome.LOST for one in found):
        return "whether it was told is not known"
    return "told" if len(found) == digest.channels else "not told"


async def _tell(run: Run, counts: Counter[str]) -> None:
    details = details_of(run.plan)
    routes = notify_routes.load(details.routes)
    told = notify_record.of_the_day(run.plan.server, run.clock.now())
    if details.again:  # only what this very action has sent counts
        told = {name: one for name, one in told.items() if one.at >= run.plan.made_at}
    for digest in details.digests:
        run.check()
        run.doing(f"telling {digest.owner}")
        results = [await _one(run, digest, index, routes, told) for index in range(digest.channels)]
        counts.update(results)
        _show(run, digest, results)


async def _one(run: Run, digest: Digest, index: int, routes: Routes, told: dict[str, Told]) -> str:
    """One digest by one channel: what became of it, in words."""
    name = digest.keys[index]
    if (before := told.get(name)) is not None:
        return ALREADY if before.outcome is Outcome.SENT else "not known whether it was told before"
    run.check()
    try:
        url = routes.url(digest.route, index)
    except InputError as error:
        return str(error)
    about = f"{digest.line}, channel {index + 1} ({scheme(url)})"
    number = await run.journal.intent(NOTIFY, about, digest=name)
    answer: Answer = await send(Message(url, digest.title, digest.body))
    sent = answer.outcome is Outcome.SENT
    await run.journal.result(number, sent, outcome=answer.outcome.value, error=answer.text)
    if sent:
        return "told"
    return f"not known whether it was told: {answer.text}" if answer.outcome is Outcome.LOST else answer.text


def _show(run: Run, digest: Digest, results: list[str]) -> None:
    wrong = [one for one in results if one not in ("told", ALREADY)]
    phase = FAILED if wrong else DONE
    run.node(digest.line, phase=phase, text="; ".join(dict.fromkeys(wrong or results)))


def _outcome(counts: Counter[str]) -> str:
    good = counts["told"] + counts[ALREADY]
    if good == counts.total():
        return DONE
    return PARTLY if good else FAILED


def _summary(counts: Counter[str]) -> str:
    wrong = counts.total() - counts["told"] - counts[ALREADY]
    parts = [f"{counts['told']} message{'s were' if counts['told'] != 1 else ' was'} sent"]
    parts += [f"{counts[ALREADY]} had been sent within the day"] if counts[ALREADY] else []
    parts += [f"{wrong} failed, or nobody knows"] if wrong else []
    return ", ".join(parts)
