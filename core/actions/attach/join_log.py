"""Why a machine did not join, in one line: from its own log by Cloud Assistant, else from its console. Secrets are
masked before anything else is done with the text."""

import base64
import re
from typing import Any

from core.actions.cloud import needed, writing
from core.actions.run import Run
from core.actions.step import once
from core.cluster.user_data import masked
from core.errors import VacancyError, one_line

READ = "read the log of its join"
SCRIPT = """#!/bin/sh
tail -n 400 /var/log/cloud-init-output.log /var/log/messages 2>/dev/null |
  grep -iE 'cloud-init|attach|kubeadm|kubelet|error|fail' | tail -n 40
"""
WITHIN, LOOK = 60.0, 1.0
"""Seconds for Cloud Assistant, and between two looks at what it did."""
LONGEST = 200
_UNDER_WAY = ("", "Pending", "Running", "Stopping")
_TELLING = re.compile(
    r"error|fail|fatal|denied|unauthori[sz]ed|forbidden|expired|timed? ?out|refused|unable|not found|invalid", re.I
)


async def why(run: Run, instance: str) -> str:
    """The line of the log that says most, masked; where it can't be read, why not. Raises Cancelled only."""
    trouble = "it holds nothing"
    for read in (_by_assistant, _by_console):
        try:
            if line := telling(await read(run, instance)):
                return f"its log says: {line}"
        except VacancyError as error:
            trouble = one_line(str(error), LONGEST)
    return f"its log can't be read: {trouble}"


def telling(text: str) -> str:
    """The last line that tells of trouble, else the last one; one masked line."""
    lines = [line for line in masked_lines(text) if line]
    troubled = [line for line in lines if _TELLING.search(line)]
    return next(iter((*troubled[-1:], *lines[-1:])), "")


def masked_lines(text: str) -> list[str]:
    """Each line without secrets and control characters, and no longer than a person reads."""
    return [one_line(masked(line), LONGEST) for line in text.splitlines()]


def failed(text: str) -> bool:
    """Whether a line says for certain that the join won't come to anything."""
    return "[ERROR]" in text or bool(re.search(r"unauthori[sz]ed|expired|no join command", text, re.I))


async def _by_assistant(run: Run, instance: str) -> str:
    script = base64.b64encode(SCRIPT.encode()).decode()
    token = run.token(f"{READ} {run.clock.now():.0f}", instance)
    until = run.clock.monotonic() + WITHIN

    async def send() -> Any:
        return await writing(run.cloud).ecs.run_command([instance], script, token, int(WITHIN))

    async def unseen() -> bool:
        return False

    answer = await once(run, READ, instance, send, unseen, until)
    invocation = answer.get("InvokeId") if isinstance(answer, dict) else None
    while run.clock.monotonic() < until and isinstance(invocation, str):
        fields = {"invoke_id": invocation, "instance_id": instance, "content_encoding": "PlainText"}
        row = _row(await needed(run.cloud).reader.ecs.ask("describe_invocation_results", **fields))
        if row.get("InvocationStatus", "") not in _UNDER_WAY:
            return str(row.get("Output") or row.get("ErrorInfo") or "")
        await run.pause(LOOK)
    raise VacancyError("Cloud Assistant doesn't answer")


def _row(answer: dict[str, Any]) -> dict[str, Any]:
    box = answer.get("Invocation")
    rows = box.get("InvocationResults") if isinstance(box, dict) else None
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


async def _by_console(run: Run, instance: str) -> str:
    answer = await needed(run.cloud).reader.ecs.ask("get_instance_console_output", instance_id=instance)
    try:
        return base64.b64decode(str(answer.get("ConsoleOutput") or "")).decode("utf-8", "replace")
    except ValueError:
        return ""
