"""What a removal does to a machine that is kept: `kubeadm reset` by Cloud Assistant, and its userdata overwritten, for
which ECS may want it stopped. Taking it out of groups is in the modules of the doors."""

import base64
from typing import Any

from core.actions.remove.remove_way import ENDED_WITH, RUNS_AS, Way
from core.actions.step import once
from core.clients.alibaba import CloudError
from core.clients.alibaba import NotFound as NoSuchThing
from core.cluster.user_data import masked
from core.errors import VacancyError, one_line

RESET, CLEAR = "kubeadm reset", "clear its userdata"
STOP, START = "stop the machine", "start the machine again"
SCRIPT = "#!/bin/sh\nkubeadm reset --force 2>&1\n"
CLEARED = "#!/bin/sh\n# taken out of its cluster by vacancy\n"
"""Whether ECS clears userdata that is set to nothing is documented nowhere: a comment does nothing for certain."""
TIMEOUT = 300
"""Seconds that Cloud Assistant gives the reset."""
KEPT = 3000
"""Characters of its output that the journal keeps."""
WANTS_STOPPED = "IncorrectInstanceStatus"
_UNDER_WAY = ("Pending", "Running", "Stopping", "")
Json = dict[str, Any]


async def clear_user_data(way: Way) -> None:
    """Overwrite it while the machine runs; where ECS wants it stopped for that, it is left to `clear_stopped`."""
    try:
        await way.step(CLEAR, lambda: cleared(way), lambda: _overwrite(way))
    except CloudError as error:
        if error.code != WANTS_STOPPED:
            raise
        await way.note("ECS wants the machine stopped for that: it is done last of all")


async def clear_stopped(way: Way) -> None:
    """Whatever is still to be done about it: stop the machine, overwrite it, start the machine again."""
    if not await cleared(way):
        await way.step(STOP, lambda: _is(way, "Stopping", "Stopped"), lambda: way.writer.ecs.stop(way.one.machine))
        await way.step("wait until it is stopped", lambda: _is(way, "Stopped"))
        await way.step(CLEAR, lambda: cleared(way), lambda: _overwrite(way))
    if way.one.running:
        await way.step(START, lambda: _is(way, "Starting", "Running"), lambda: way.writer.ecs.start(way.one.machine))


async def cleared(way: Way) -> bool:
    """Whether its userdata does nothing, as ECS has it now."""
    found = (await way.cloud.reader.ecs.user_data(way.one.machine)).user_data
    return found.empty or found.cleared


async def status(way: Way) -> str:
    """The machine's status; "" when it is released."""
    found = await way.cloud.reader.ecs.instances([way.one.machine])
    return found.items[0].status if found.items else ""


async def _is(way: Way, *wanted: str) -> bool:
    now = await status(way)
    if not now:
        raise VacancyError(f"machine {way.one.machine}: it is not there any more")
    return now in wanted


async def _overwrite(way: Way) -> Json:
    return await way.writer.ecs.set_user_data(way.one.machine, base64.b64encode(CLEARED.encode()).decode())


async def reset(way: Way) -> None:
    """Run it once, and see it end well; what it printed is in the journal, masked. Raises VacancyError."""
    if way.one.node in way.known.wiped:
        return
    way.begin(RESET)
    invocation = way.known.invocation.get(way.one.node) or await _send(way)
    until = way.run.clock.monotonic() + TIMEOUT + 60.0
    while (found := await _result(way, invocation)).get("InvocationStatus", "") in _UNDER_WAY:
        if way.run.clock.monotonic() > until:
            raise VacancyError(f"Cloud Assistant doesn't say how {invocation} ended; see it in the ECS console")
        await way.run.pause(way.look)
    await _judge(way, found)
    way.taken += 1


async def _send(way: Way) -> str:
    """The invocation's id. An attempt keeps its client token, so it runs once whatever becomes of the answer."""
    one, run = way.one, way.run
    token = run.token(f"{RESET} {way.known.resets.get(one.node, 0)}", one.node)
    script = base64.b64encode(SCRIPT.encode()).decode()

    async def send() -> Json:
        return await way.writer.ecs.run_command([one.machine], script, token, TIMEOUT)

    async def unseen() -> bool:
        return False

    answer = await once(run, RESET, one.node, send, unseen, run.clock.monotonic() + TIMEOUT, machine=one.machine)
    invocation = answer.get("InvokeId") if isinstance(answer, dict) else None
    if not isinstance(invocation, str) or not invocation:
        raise VacancyError("Cloud Assistant names no invocation; see it in the ECS console")
    await way.note(f"{RUNS_AS}{invocation}")
    return invocation


async def _result(way: Way, invocation: str) -> Json:
    """How far it is; {} while nothing is known of it."""
    fields = {"invoke_id": invocation, "instance_id": way.one.machine}
    try:
        answer = await way.cloud.reader.ecs.ask("describe_invocation_results", **fields)
    except NoSuchThing:
        return {}
    rows = (answer.get("Invocation") or {}).get("InvocationResults") or [{}]
    return rows[0] if isinstance(rows, list) and isinstance(rows[0], dict) else {}


async def _judge(way: Way, found: Json) -> None:
    code = found.get("ExitCode")
    good = found.get("InvocationStatus") == "Success" and code in (0, None)
    ended = "0" if good else str(code) if isinstance(code, int) and code else "nothing"
    why = one_line(str(found.get("ErrorInfo") or found.get("ErrorCode") or ""))
    await way.note(f"{ENDED_WITH}{ended}{f' ({why})' if why else ''}: {_output(found)}")
    if not good:
        raise VacancyError(f"it ended with {ended}{f' ({why})' if why else ''}; its output is in the journal")


def _output(found: Json) -> str:
    """What it printed, without secrets."""
    try:
        text = base64.b64decode(str(found.get("Output") or "")).decode("utf-8", "replace")
    except ValueError:
        return "(output can't be read)"
    return "\n".join(masked(line) for line in text.splitlines())[-KEPT:].strip()
